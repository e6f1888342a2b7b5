import { asFloat32, readSafetensors, tensorNamed } from '../formats/safetensors.ts';
import { canonicalJointName } from '../pose/joint_sets.ts';
import { JOINT_COUNT, JOINTS } from '../pose/skeleton.ts';
import { clipFromAmc, parseAmc } from './amc.ts';
import { type Asf, parseAsf } from './asf.ts';
import { clipFromBvh, parseBvh } from './bvh.ts';
import { type MocapClip, MocapError } from './mocap.ts';

/** Consecutive frames of one person. */
export interface Clip {
  readonly name: string;
  readonly subject: string;
  readonly action?: string;
  /** Index of its first pose. */
  readonly start: number;
  readonly count: number;
  readonly split: 'train' | 'test';
}

/** Motion capture in one form, wherever it comes from. */
export interface Motion {
  /** [poses, 17, 3] metres, world frame, y up. */
  readonly poses: Float32Array;
  readonly count: number;
  /** Frames a second. */
  readonly fps: number;
  readonly clips: readonly Clip[];
}

const METRES: Readonly<Record<string, number>> = { millimetres: 0.001, metres: 1 };

/** No joint of a person is farther than this from the pelvis, in metres. */
const REACH = 2;

/** Frames a second that motion-capture files are thinned to. */
const FPS = 30;

/**
 * Reads a motion data set: a tensor `poses` [N, 17, 3] with the metadata `units`, `rate_hz`,
 * `joint_names`, `clips` (`[{ clip, subject, action?, start, frames }]`) and `split` (`{ train:
 * [subjects], test: [subjects] }`).
 * @throws Error for a malformed file, and for a pose that is no person's, naming clip, frame and
 * joint
 */
export function readMotion(bytes: Uint8Array): Motion {
  const file = readSafetensors(bytes);
  const tensor = tensorNamed(file, 'poses');
  const [count = 0, joints, size] = tensor.shape;
  if (tensor.shape.length !== 3 || joints !== JOINT_COUNT || size !== 3)
    throw new Error(
      `motion: poses has the shape [${tensor.shape.join(', ')}]; ` +
        `it must be [N, ${JOINT_COUNT}, 3].`,
    );
  const metadata = (key: string) => {
    const value = file.metadata[key];
    if (value === undefined) throw new Error(`motion: the metadata lacks '${key}'.`);
    return value;
  };
  const unit = METRES[metadata('units')];
  if (!unit)
    throw new Error(
      `motion: the unit '${metadata('units')}' is unknown; known are ` +
        `${Object.keys(METRES).join(', ')}.`,
    );
  const fps = Number(metadata('rate_hz'));
  if (!(fps > 0)) throw new Error(`motion: a rate of '${metadata('rate_hz')}' Hz is not above 0.`);
  const raw = asFloat32(tensor);
  const order = jointOrder(parseJson('joint_names', metadata('joint_names')));
  const poses = new Float32Array(raw.length);
  for (let i = 0; i < count; i++)
    for (let joint = 0; joint < JOINT_COUNT; joint++)
      for (let axis = 0; axis < 3; axis++)
        poses[(i * JOINT_COUNT + joint) * 3 + axis] =
          raw[(i * JOINT_COUNT + order[joint]!) * 3 + axis]! * unit;
  const split = parseJson('split', metadata('split'));
  const clips = readClips(parseJson('clips', metadata('clips')), split, count);
  return checkedMotion({ poses, count, fps, clips });
}

/**
 * Reads motion-capture files, thinned to 30 frames a second: BVH, and AMC with the ASF of the same
 * subject (`02.asf` for `02_03.amc`). All clips are for training; the subject is the name's part
 * before the first underscore that follows a number.
 * @throws Error naming the file, and for a pose that is no person's also frame and joint
 */
export function motionFromFiles(
  files: readonly { readonly name: string; readonly text: string }[],
): Motion {
  const parts: Float32Array[] = [];
  const clips: Clip[] = [];
  const skeletons = new Map<string, Asf>();
  let start = 0;
  for (const { name, text } of files)
    if (extension(name) === 'asf')
      skeletons.set(
        baseName(name),
        within(name, () => parseAsf(text)),
      );
  for (const { name, text } of files) {
    const clip = within(name, () => readFile(name, text, skeletons));
    if (!clip) continue;
    const poses = thin(clip);
    const count = poses.length / (JOINT_COUNT * 3);
    clips.push({ name, subject: subjectOf(name), start, count, split: 'train' });
    parts.push(poses);
    start += count;
  }
  if (clips.length === 0)
    throw new Error(
      `motion: none of the ${files.length} files holds motion; ` +
        'give .bvh files, or .amc files and their .asf.',
    );
  const poses = new Float32Array(start * JOINT_COUNT * 3);
  parts.forEach((part, i) => {
    poses.set(part, clips[i]!.start * JOINT_COUNT * 3);
  });
  return checkedMotion({ poses, count: start, fps: FPS, clips });
}

function readFile(
  name: string,
  text: string,
  skeletons: ReadonlyMap<string, Asf>,
): MocapClip | undefined {
  if (extension(name) === 'bvh') return clipFromBvh(parseBvh(text));
  if (extension(name) !== 'amc') return undefined;
  const asf = skeletons.get(subjectOf(name));
  if (!asf)
    throw new Error(
      `the skeleton ${subjectOf(name)}.asf is not among the files, only ` +
        `${[...skeletons.keys()].join(', ') || 'none'}.`,
    );
  return clipFromAmc(asf, parseAmc(text, asf));
}

/** Every n-th frame, so that about FPS a second remain. */
function thin({ poses, count, fps }: MocapClip): Float32Array {
  const stride = Math.max(1, Math.round(fps / FPS));
  const kept = new Float32Array(Math.ceil(count / stride) * JOINT_COUNT * 3);
  for (let frame = 0, at = 0; frame < count; frame += stride, at += JOINT_COUNT * 3)
    kept.set(poses.subarray(frame * JOINT_COUNT * 3, (frame + 1) * JOINT_COUNT * 3), at);
  return kept;
}

function jointOrder(names: unknown): number[] {
  const canonical = Array.isArray(names) ? names.map((name) => canonicalJointName(`${name}`)) : [];
  const order = JOINTS.map((joint) => canonical.indexOf(joint));
  const missing = JOINTS.filter((_, i) => order[i]! < 0);
  if (missing.length > 0 || canonical.length !== JOINT_COUNT)
    throw new Error(
      `motion: joint_names must name the ${JOINT_COUNT} joints; ` +
        `missing: ${missing.join(', ') || 'none'}.`,
    );
  return order;
}

function readClips(table: unknown, split: unknown, count: number): Clip[] {
  const { train, test } = split as { train?: unknown; test?: unknown };
  if (!Array.isArray(table) || !Array.isArray(train) || !Array.isArray(test))
    throw new Error(
      'motion: clips must be a list, and split two lists of subjects, train and test.',
    );
  let next = 0;
  const clips = table.map((row, i): Clip => {
    const { clip: name, subject, action, start, frames } = row as Record<string, unknown>;
    const named = typeof name === 'string' && typeof subject === 'string';
    if (!named || start !== next || !Number.isSafeInteger(frames) || (frames as number) < 1)
      throw new Error(
        `motion: clip ${i} ('${name}') must have a clip name, a subject, ` +
          `the start ${next} and its frames.`,
      );
    next += frames as number;
    if (!train.includes(subject) && !test.includes(subject))
      throw new Error(`motion: the split has subject '${subject}' in neither train nor test.`);
    return {
      name,
      subject,
      ...(typeof action === 'string' && { action }),
      start: start as number,
      count: frames as number,
      split: test.includes(subject) ? 'test' : 'train',
    };
  });
  if (next !== count)
    throw new Error(`motion: the clips have ${next} frames, poses has ${count}; they must agree.`);
  return clips;
}

/**
 * Refuses poses that no person can take, which would otherwise spoil a training run without a word.
 * @throws Error naming clip, frame and joint
 */
export function checkedMotion(motion: Motion): Motion {
  const { poses } = motion;
  for (const { name, start, count } of motion.clips)
    for (let frame = 0; frame < count; frame++) {
      const pelvis = (start + frame) * JOINT_COUNT * 3;
      for (let joint = 0; joint < JOINT_COUNT; joint++) {
        const at = pelvis + 3 * joint;
        const dx = poses[at]! - poses[pelvis]!;
        const dy = poses[at + 1]! - poses[pelvis + 1]!;
        const dz = poses[at + 2]! - poses[pelvis + 2]!;
        // the pelvis is never far from itself, unless it is NaN or infinite
        if (dx * dx + dy * dy + dz * dz <= REACH * REACH) continue;
        const place = Array.from(poses.subarray(at, at + 3), (v) => v.toFixed(3)).join(', ');
        throw new Error(
          `motion: clip '${name}', frame ${frame}, joint ${JOINTS[joint]} is at (${place}) m; ` +
            `joints must be finite and within ${REACH} m of the pelvis.`,
        );
      }
    }
  return motion;
}

function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const separator = error instanceof MocapError ? ', ' : ': ';
    throw new Error(name + separator + (error as Error).message, { cause: error });
  }
}

function parseJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`motion: the metadata '${key}' is not JSON.`);
  }
}

function extension(name: string): string {
  return /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
}

/** The name without folders and extension. */
function baseName(name: string): string {
  return name.replace(/^.*[/\\]/, '').replace(/\.\w+$/, '');
}

/** `02` of `02_03.amc`, `131` of `max_131_03.bvh`; the whole name where it has no such numbers. */
function subjectOf(name: string): string {
  return /(?:^|_)(\d+)_\d+/.exec(baseName(name))?.[1] ?? baseName(name);
}
