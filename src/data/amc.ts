import {
  add,
  apply,
  type Matrix3,
  multiply,
  scale,
  transpose,
  type Vector3,
} from '../pose/linear.ts';
import type { Asf } from './asf.ts';
import {
  clipFrom,
  type Dialect,
  fixedAxes,
  type MocapClip,
  MocapError,
  missingNodes,
  numberFrom,
  type Placement,
  sameAs,
  wordLines,
} from './mocap.ts';

/** Frames a second of CMU's recordings; the format does not state it. */
export const AMC_FPS = 120;

/** The motion of a skeleton in Acclaim's AMC format. */
export interface Amc {
  readonly frameCount: number;
  readonly channelCount: number;
  /**
   * [frames, channels]: the root's 6 values in its order, then each bone's in the skeleton's order;
   * the file's units.
   */
  readonly values: Float64Array;
}

/** Reads the motion of a skeleton. @throws MocapError with the line and the reason */
export function parseAmc(text: string, asf: Asf): Amc {
  const channels = new Map<string, { first: number; count: number }>();
  let channelCount = 0;
  for (const { name, count } of [
    { name: 'root', count: asf.root.order.length },
    ...asf.bones.map((bone) => ({ name: bone.name, count: bone.freedoms.length })),
  ]) {
    if (count > 0) channels.set(name, { first: channelCount, count });
    channelCount += count;
  }
  const frames: Float64Array[] = [];
  let seen = new Set<string>();
  let last = 1;
  const finishFrame = (line: number) => {
    const missing = [...channels.keys()].filter((name) => !seen.has(name));
    if (frames.length > 0 && missing.length > 0)
      throw new MocapError(line, `frame ${frames.length} ends without ${missing.join(', ')}.`);
    seen = new Set();
  };
  for (const { line, words } of wordLines(text, '#')) {
    const [name, ...rest] = words;
    if (name!.startsWith(':')) {
      const radians = name === ':RADIANS';
      if ((radians || name === ':DEGREES') && radians !== (asf.angleUnit === 1))
        throw new MocapError(line, `${name} disagrees with the angles of the skeleton.`);
    } else if (rest.length === 0 && /^\d+$/.test(name!)) {
      finishFrame(last);
      if (frames.length > 0 && Number(name) !== frames.length + 1)
        throw new MocapError(line, `frame ${name} follows frame ${frames.length}.`);
      frames.push(new Float64Array(channelCount));
    } else {
      const frame = frames.at(-1);
      if (!frame) throw new MocapError(line, `'${name}' stands before the number of a frame.`);
      const channel = channels.get(name!);
      if (!channel) throw new MocapError(line, `the skeleton has no movable bone '${name}'.`);
      if (seen.has(name!)) throw new MocapError(line, `frame ${frames.length} has two '${name}'.`);
      if (rest.length !== channel.count)
        throw new MocapError(
          line,
          `'${name}' has ${rest.length} values; the skeleton gives it ${channel.count}.`,
        );
      rest.forEach((word, i) => {
        frame[channel.first + i] = numberFrom(word, line, `a value of '${name}'`);
      });
      seen.add(name!);
    }
    last = line;
  }
  finishFrame(last);
  const values = new Float64Array(frames.length * channelCount);
  frames.forEach((frame, i) => {
    values.set(frame, i * channelCount);
  });
  return { frameCount: frames.length, channelCount, values };
}

/**
 * Forward kinematics of one frame: where each bone ends, the root last. With C the rest frame of a
 * bone, L the turn in it and M the parent's rotation, the bone's is M C L C^-1, and its end lies
 * `length` along its turned direction.
 */
export function placeAmc(asf: Asf, amc: Amc, frame: number): Placement {
  let at = frame * amc.channelCount;
  const shift: [number, number, number] = [...asf.root.position];
  const rootTurns: (readonly ['X' | 'Y' | 'Z', number])[] = [];
  for (const channel of asf.root.order) {
    const value = amc.values[at++]!;
    const axis = channel[1] as 'X' | 'Y' | 'Z';
    if (channel[0] === 'T') shift['XYZ'.indexOf(axis)]! += value;
    else rootTurns.push([axis, value * asf.angleUnit]);
  }
  const start: Vector3 = shift;
  const rootRotation = inFrame(fixedAxes(asf.root.orientation), fixedAxes(rootTurns));
  const positions: Vector3[] = [];
  const rotations: Matrix3[] = [];
  for (const bone of asf.bones) {
    const turn = fixedAxes(
      bone.freedoms.map((freedom) => [
        freedom[1]!.toUpperCase() as 'X' | 'Y' | 'Z',
        amc.values[at++]! * asf.angleUnit,
      ]),
    );
    const rotation = multiply(
      rotations[bone.parent] ?? rootRotation,
      inFrame(fixedAxes(bone.axis), turn),
    );
    const along = scale(apply(rotation, bone.direction), bone.length);
    positions.push(add(positions[bone.parent] ?? start, along));
    rotations.push(rotation);
  }
  return { positions: [...positions, start], rotations: [...rotations, rootRotation] };
}

function inFrame(frame: Matrix3, turn: Matrix3): Matrix3 {
  return multiply(multiply(frame, turn), transpose(frame));
}

/**
 * CMU's subjects, each joint at the end of the bone that leads to it. The hand bends at the end of
 * `lwrist`, which is where the wrist is; the neck is Human3.6M's neck/nose joint, in the face.
 */
const CMU: Dialect = {
  name: "CMU's ASF",
  metresPerUnit: 1,
  restFrames: 0,
  joints: {
    ...sameAs({
      rightHip: 'rhipjoint',
      rightKnee: 'rfemur',
      rightAnkle: 'rtibia',
      leftHip: 'lhipjoint',
      leftKnee: 'lfemur',
      leftAnkle: 'ltibia',

      thorax: 'lowerneck',
      head: 'head',
      leftShoulder: 'lclavicle',
      leftElbow: 'lhumerus',
      leftWrist: 'lwrist',
      rightShoulder: 'rclavicle',
      rightElbow: 'rhumerus',
      rightWrist: 'rwrist',
    }),
    pelvis: { nodes: ['rhipjoint', 'lhipjoint'] },
    spine: { nodes: ['lowerback', 'upperback'] },
    neck: { nodes: ['upperneck'], offset: [0, 0.04, 0.1], frame: 'head' },
  },
};

/**
 * Human3.6M's joints of every frame of a CMU motion. @throws Error for a skeleton of other names,
 * with those that are missing
 */
export function clipFromAmc(asf: Asf, amc: Amc): MocapClip {
  const names = [...asf.bones.map((bone) => bone.name), 'root'];
  const missing = missingNodes(CMU, names);
  if (missing.length > 0)
    throw new Error(`ASF: the skeleton is not CMU's; it has no bones ${missing.join(', ')}.`);
  if (amc.frameCount === 0) throw new Error('AMC: the file has no frames.');
  const dialect = { ...CMU, metresPerUnit: asf.metresPerUnit };
  const frames = { first: 0, end: amc.frameCount, fps: AMC_FPS };
  return clipFrom(dialect, names, frames, (frame) => placeAmc(asf, amc, frame));
}
