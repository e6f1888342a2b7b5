import { add, apply, IDENTITY, type Matrix3, multiply, type Vector3 } from '../pose/linear.ts';
import {
  axisRotation,
  CMU_UNIT,
  clipFrom,
  type Dialect,
  type MocapClip,
  MocapError,
  missingNodes,
  numberFrom,
  type Placement,
  sameAs,
  wordLines,
} from './mocap.ts';

const RADIANS = Math.PI / 180;
const CHANNEL = /^([XYZ])(position|rotation)$/;

export interface BvhChannel {
  readonly axis: 'X' | 'Y' | 'Z';
  readonly kind: 'position' | 'rotation';
}

/** A joint, or the end of a chain, which is named after its joint: `Head.end`. */
export interface BvhNode {
  readonly name: string;
  /** Index of the parent, which comes before; -1 for the root. */
  readonly parent: number;
  readonly offset: Vector3;
  readonly channels: readonly BvhChannel[];
  /** Index of its first channel among a frame's values. */
  readonly firstChannel: number;
}

export interface Bvh {
  readonly nodes: readonly BvhNode[];
  /** Seconds. */
  readonly frameTime: number;
  readonly frameCount: number;
  readonly channelCount: number;
  /** [frames, channels], degrees and the file's units of length. */
  readonly values: Float64Array;
}

/** Reads a BVH file. @throws MocapError with the line and the reason */
export function parseBvh(text: string): Bvh {
  const lines = wordLines(text);
  let last = 1;
  const next = (expected: string) => {
    const { value } = lines.next();
    if (!value) throw new MocapError(last, `the file ends where ${expected} should follow.`);
    last = value.line;
    return value;
  };
  const keyword = (expected: string) => {
    const { line, words } = next(expected);
    if (words.join(' ').toUpperCase() !== expected)
      throw new MocapError(line, `expected ${expected}, found '${words.join(' ')}'.`);
  };
  keyword('HIERARCHY');
  const { nodes, channelCount } = parseHierarchy(next);
  keyword('MOTION');
  const [frameCount, framesLine] = labelled(next, ['Frames:']);
  const [frameTime, timeLine] = labelled(next, ['Frame', 'Time:']);
  if (!Number.isInteger(frameCount) || frameCount < 0)
    throw new MocapError(framesLine, `there cannot be ${frameCount} frames.`);
  if (!(frameTime > 0))
    throw new MocapError(timeLine, `a frame time of ${frameTime} s is not above zero.`);
  const rows: Float64Array[] = [];
  for (const { line, words } of lines) {
    const frame = rows.length;
    if (frame === frameCount)
      throw new MocapError(line, `more follows after the ${frameCount} frames of the file.`);
    if (words.length !== channelCount)
      throw new MocapError(
        line,
        `frame ${frame} has ${words.length} values; the hierarchy has ${channelCount} channels.`,
      );
    rows.push(Float64Array.from(words, (w) => numberFrom(w, line, `a value of frame ${frame}`)));
    last = line;
  }
  if (rows.length !== frameCount)
    throw new MocapError(last, `the file ends after ${rows.length} of ${frameCount} frames.`);
  const values = new Float64Array(frameCount * channelCount);
  rows.forEach((row, frame) => {
    values.set(row, frame * channelCount);
  });
  return { nodes, frameTime, frameCount, channelCount, values };
}

type Next = (expected: string) => { line: number; words: string[] };

function parseHierarchy(next: Next): { nodes: BvhNode[]; channelCount: number } {
  const nodes: { -readonly [key in keyof BvhNode]: BvhNode[key] }[] = [];
  /** Nodes whose brace is open, innermost last; and those that have their OFFSET and CHANNELS. */
  const open: number[] = [];
  const placed = new Set<number>();
  const driven = new Set<number>();
  let channelCount = 0;
  do {
    const { line, words } = next('the rest of the hierarchy');
    const node = open.at(-1);
    const refuse = (reason: string) => new MocapError(line, reason);
    switch (words[0]) {
      case 'ROOT':
      case 'JOINT':
      case 'End': {
        const end = words[0] === 'End';
        if ((words[0] === 'ROOT') !== (node === undefined))
          throw refuse(`${words[0]} is out of place: the hierarchy has one ROOT, outermost.`);
        const parent = node ?? -1;
        const name = end ? `${nodes[parent]!.name}.end` : words.slice(1).join(' ');
        if (!name || nodes.some((other) => other.name === name))
          throw refuse(name ? `there are two joints '${name}'.` : `${words[0]} needs a name.`);
        if (next("'{'").words.join() !== '{') throw refuse(`'{' must follow on the next line.`);
        open.push(nodes.length);
        nodes.push({ name, parent, offset: [0, 0, 0], channels: [], firstChannel: channelCount });
        break;
      }
      case 'OFFSET': {
        if (node === undefined || placed.has(node)) throw refuse('OFFSET is out of place.');
        if (words.length !== 4) throw refuse(`OFFSET needs 3 numbers, not ${words.length - 1}.`);
        const [x, y, z] = words.slice(1).map((word) => numberFrom(word, line, 'OFFSET'));
        nodes[node]!.offset = [x!, y!, z!];
        placed.add(node);
        break;
      }
      case 'CHANNELS': {
        if (node === undefined || driven.has(node)) throw refuse('CHANNELS is out of place.');
        if (numberFrom(words[1], line, 'the count of CHANNELS') !== words.length - 2)
          throw refuse(`CHANNELS announces ${words[1]} names and has ${words.length - 2}.`);
        nodes[node]!.channels = words.slice(2).map((word) => {
          const [, axis, kind] = CHANNEL.exec(word) ?? [];
          if (!axis) throw refuse(`'${word}' is no channel; known are Xposition to Zrotation.`);
          return { axis, kind } as BvhChannel;
        });
        nodes[node]!.firstChannel = channelCount;
        channelCount += words.length - 2;
        driven.add(node);
        break;
      }
      case '}':
        if (node === undefined || !placed.has(node))
          throw refuse(node === undefined ? `'}' is out of place.` : 'the joint has no OFFSET.');
        open.pop();
        break;
      default:
        throw refuse(`'${words[0]}' is unknown here.`);
    }
  } while (open.length > 0);
  return { nodes, channelCount };
}

function labelled(next: Next, label: readonly string[]): [value: number, line: number] {
  const { line, words } = next(label.join(' '));
  if (words.length !== label.length + 1 || label.some((word, i) => words[i] !== word))
    throw new MocapError(line, `expected '${label.join(' ')}' and a number.`);
  return [numberFrom(words.at(-1), line, label.join(' ')), line];
}

/**
 * Forward kinematics of one frame. A node's rotation is the product of its channels' in the order
 * of the file; its position channels take the place of the offset's coordinates.
 */
export function placeBvh(bvh: Bvh, frame: number): Placement {
  const positions: Vector3[] = [];
  const rotations: Matrix3[] = [];
  const base = frame * bvh.channelCount;
  for (const { parent, offset, channels, firstChannel } of bvh.nodes) {
    const local = [...offset] as [number, number, number];
    let turn: Matrix3 = IDENTITY;
    channels.forEach(({ axis, kind }, i) => {
      const value = bvh.values[base + firstChannel + i]!;
      if (kind === 'position') local['XYZ'.indexOf(axis)] = value;
      else turn = multiply(turn, axisRotation(axis, value * RADIANS));
    });
    const above = rotations[parent];
    positions.push(above ? add(positions[parent]!, apply(above, local)) : local);
    rotations.push(above ? multiply(above, turn) : turn);
  }
  return { positions, rotations };
}

/**
 * CMU's motions on the skeleton of a DAZ figure, in centimetres; every file begins with one frame
 * of the rest pose. The neck is Human3.6M's neck/nose joint, in the face, and the head the top of
 * the skull, both fixed in the frame of the head.
 */
const DAZ: Dialect = {
  name: 'DAZ figure, centimetres',
  metresPerUnit: 0.01,
  restFrames: 1,
  joints: {
    ...sameAs({
      rightHip: 'rThigh',
      rightKnee: 'rShin',
      rightAnkle: 'rFoot',
      leftHip: 'lThigh',
      leftKnee: 'lShin',
      leftAnkle: 'lFoot',
      thorax: 'neck',
      leftShoulder: 'lShldr',
      leftElbow: 'lForeArm',
      leftWrist: 'lHand',
      rightShoulder: 'rShldr',
      rightElbow: 'rForeArm',
      rightWrist: 'rHand',
    }),
    pelvis: { nodes: ['rThigh', 'lThigh'] },
    spine: { nodes: ['abdomen', 'chest'] },
    neck: { nodes: ['head'], offset: [0, 0.04, 0.1] },
    head: { nodes: ['head'], offset: [0, 0.11, 0.01] },
  },
};

/**
 * CMU's motions as 3ds Max reads them, with the lengths of each subject's bones, in CMU's unit. Its
 * conversion gives no length to ASF's thorax and lwrist/rwrist (their OFFSET is 0), so that trunk
 * and forearms are about 0.1 m short.
 */
const MAX: Dialect = {
  name: '3ds Max, true bone lengths',
  metresPerUnit: CMU_UNIT,
  restFrames: 0,
  joints: {
    ...sameAs({
      rightHip: 'RightHip',
      rightKnee: 'RightKnee',
      rightAnkle: 'RightAnkle',
      leftHip: 'LeftHip',
      leftKnee: 'LeftKnee',
      leftAnkle: 'LeftAnkle',
      spine: 'Chest',
      thorax: 'Neck',
      head: 'Head.end',
      leftShoulder: 'LeftShoulder',
      leftElbow: 'LeftElbow',
      leftWrist: 'LeftWrist',
      rightShoulder: 'RightShoulder',
      rightElbow: 'RightElbow',
      rightWrist: 'RightWrist',
    }),
    pelvis: { nodes: ['RightHip', 'LeftHip'] },
    neck: { nodes: ['Head'], offset: [0, 0.04, 0.1] },
  },
};

/**
 * Human3.6M's joints of every frame of a CMU BVH file, without the rest pose that some begin with.
 * @throws Error for a skeleton of other names, with those that are missing
 */
export function clipFromBvh(bvh: Bvh): MocapClip {
  const names = bvh.nodes.map((node) => node.name);
  const known = [DAZ, MAX].map((dialect) => ({ dialect, missing: missingNodes(dialect, names) }));
  const [nearest] = known.sort((a, b) => a.missing.length - b.missing.length);
  const { dialect, missing } = nearest!;
  if (missing.length > 0)
    throw new Error(
      `BVH: the skeleton is of no known dialect; the nearest (${dialect.name}) also needs ` +
        `${missing.join(', ')}.`,
    );
  const frames = { first: dialect.restFrames, end: bvh.frameCount, fps: 1 / bvh.frameTime };
  if (frames.end <= frames.first)
    throw new Error(`BVH: ${bvh.frameCount} frames hold no motion; at least one must.`);
  return clipFrom(dialect, names, frames, (frame) => placeBvh(bvh, frame));
}
