import { convertPose } from '../pose/convert.ts';
import {
  canonicalJointName,
  detectJointSet,
  JOINT_SETS,
  type JointSetName,
} from '../pose/joint_sets.ts';
import type { PixelPose } from '../pose/skeleton.ts';

/** The joints of one person in one image, in the order of their skeleton. */
export interface ImageJoints {
  readonly skeleton: JointSetName;
  /** [joints, 2]; NaN where a joint is missing. */
  readonly pixels: PixelPose;
  /** [joints], 0 to 1; 1 where the file states none, 0 where the joint is missing. */
  readonly confidence: Float64Array;
  /** The image's size in pixels, where the file states it. */
  readonly width?: number;
  readonly height?: number;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads 2D joints from JSON. Understood are `{ "left_hip": [x, y], ... }` in any of the known
 * skeletons and any spelling, an array of a whole skeleton in its order, either one under `joints`
 * beside `width`, `height` and `skeleton`, and files that hold several of these by image name or as
 * a list of frames. A third number is the joint's confidence; where one lies outside 0 to 1 they
 * are depths (as BlazePose writes) and are dropped. A joint may be null.
 *
 * @param entry name of the image or number of the frame, for a file that holds several
 * @throws Error in one sentence for a file of another form or an entry that is not there
 */
export function readJoints(json: string, entry?: string): ImageJoints {
  return jointsOf(choose(parsed(json), entry));
}

/**
 * Reads all the people or frames of a file, each as `readJoints` does; `null` is a frame without
 * anyone.
 * @returns the people in the file's order, and what the file states beside a list of `frames`
 */
export function readPeople(json: string): {
  readonly people: readonly (ImageJoints | undefined)[];
  readonly stated: Json;
} {
  const file = parsed(json);
  const stated: Json = isRecord(file) && Array.isArray(file.frames) ? file : {};
  const list = stated.frames ?? file;
  const frames = Array.isArray(list) && !isOnePerson(list) ? list : undefined;
  if (!frames || frames.length === 0)
    throw new Error('joints: expected a list of frames, or an object with one under "frames".');
  const people = frames.map((frame: unknown, i) => {
    if (frame === null) return undefined;
    const own = isRecord(frame) && 'joints' in frame ? frame : { joints: frame };
    try {
      return jointsOf(stated.skeleton === undefined ? own : { skeleton: stated.skeleton, ...own });
    } catch (error) {
      throw new Error(`frame ${i}: ${(error as Error).message}`);
    }
  });
  return { people, stated };
}

/** A list of joints [x, y], rather than of people. */
const isOnePerson = (list: readonly unknown[]) =>
  list.some(Array.isArray) &&
  list.every((joint) => joint === null || (Array.isArray(joint) && !isSkeleton(joint)));

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`joints: the file is not JSON: ${(error as Error).message}.`);
  }
}

/**
 * The joints of one person from what a JSON file holds, or a detector gives: by name, or as an array
 * of a whole skeleton, or either under `joints`, as `readJoints` says.
 * @throws Error in one sentence for anything else
 */
export function jointsOf(person: unknown): ImageJoints {
  const joints = isRecord(person) && 'joints' in person ? person.joints : person;
  const stated: Json = isRecord(person) && 'joints' in person ? person : {};
  const skeleton = stated.skeleton;
  if (skeleton !== undefined && !(typeof skeleton === 'string' && skeleton in JOINT_SETS))
    throw new Error(
      `joints: the skeleton '${skeleton}' is unknown; known are ` +
        `${Object.keys(JOINT_SETS).join(', ')}.`,
    );
  const size = (['width', 'height'] as const).map((key) => {
    const value = stated[key];
    if (value === undefined) return {};
    if (typeof value !== 'number' || !(value > 0))
      throw new Error(`joints: the image's ${key} is ${value}; it must be above zero.`);
    return { [key]: value };
  });
  return { ...readPerson(joints, skeleton as JointSetName | undefined), ...size[0], ...size[1] };
}

/**
 * The joints as Human3.6M's 17, in pixels [17 * 2], made by the rules of `convertPose`.
 * @param least a joint of less confidence than this counts as missing
 * @throws Error naming the joints that cannot be made
 */
export function jointsToHuman36m(joints: ImageJoints, least = 0): PixelPose {
  const pixels = joints.pixels.map((value, i) =>
    joints.confidence[i >> 1]! < least ? Number.NaN : value,
  );
  const { points, missing } = convertPose(joints.skeleton, 'h36m17', pixels, 2);
  if (missing.length === 0) return points;
  const names: readonly string[] = JOINT_SETS[joints.skeleton];
  const absent = names.filter((_, i) => Number.isNaN(pixels[2 * i]!));
  throw new Error(
    `joints: ${missing.join(', ')} cannot be found, because the ${joints.skeleton} joints lack ` +
      `${absent.join(', ') || 'them'}; every joint of the body is needed to lift it.`,
  );
}

/** The part of a file that describes one person. */
function choose(file: unknown, entry: string | undefined): unknown {
  const several = entriesOf(file);
  if (!several) {
    if (entry === undefined) return file;
    throw new Error(`joints: the file holds one person and no entry '${entry}'; leave it out.`);
  }
  const [only] = several.values();
  if (entry === undefined && several.size === 1) return only;
  const person = entry === undefined ? undefined : several.get(entry);
  if (person !== undefined) return person;
  const names = [...several.keys()];
  const shown = names.length > 12 ? [...names.slice(0, 3), '...', names.at(-1)] : names;
  const problem =
    entry === undefined
      ? 'the file holds several people or frames; name one'
      : `the file has no entry '${entry}', only`;
  throw new Error(`joints: ${problem}: ${shown.join(', ')}.`);
}

/** The entries of a file that holds several people, or nothing for a file of one. */
function entriesOf(file: unknown): Map<string, unknown> | undefined {
  if (Array.isArray(file)) {
    const several = file.length > 0 && file.every((e) => isRecord(e) || isSkeleton(e));
    return several ? new Map(file.map((e, i) => [`${i}`, e])) : undefined;
  }
  if (!isRecord(file) || 'joints' in file) return undefined;
  const people = Object.entries(file).filter(([, value]) => isRecord(value) || isSkeleton(value));
  return people.length > 0 ? new Map(people) : undefined;
}

/** A list of joints, rather than the coordinates of one. */
function isSkeleton(value: unknown): boolean {
  return Array.isArray(value) && value.some(Array.isArray);
}

function readPerson(joints: unknown, stated: JointSetName | undefined): ImageJoints {
  const named = Array.isArray(joints) ? nameArray(joints, stated) : joints;
  if (!isRecord(named))
    throw new Error('joints: expected an object of joints by name, or an array of them.');
  const points = new Map<string, readonly number[]>();
  for (const [name, value] of Object.entries(named)) {
    const joint = canonicalJointName(name);
    if (points.has(joint)) throw new Error(`joints: ${joint} is given twice.`);
    points.set(joint, readPoint(name, value));
  }
  if (points.size === 0) throw new Error('joints: the file holds no joints.');
  const skeleton = stated ?? detectJointSet([...points.keys()]);
  const names: readonly string[] = JOINT_SETS[skeleton];
  const stray = [...points.keys()].find((name) => !names.includes(name));
  if (stray)
    throw new Error(`joints: ${skeleton} has no joint '${stray}'; it has ${names.join(', ')}.`);
  const thirds = [...points.values()].map((point) => point[2] ?? 1);
  const confident = thirds.every((third) => third >= 0 && third <= 1);
  const pixels = new Float64Array(names.length * 2).fill(Number.NaN);
  const confidence = new Float64Array(names.length);
  names.forEach((name, i) => {
    const point = points.get(name);
    if (!point || point.length === 0) return;
    pixels.set([point[0]!, point[1]!], 2 * i);
    confidence[i] = confident ? (point[2] ?? 1) : 1;
  });
  return { skeleton, pixels, confidence };
}

function nameArray(joints: readonly unknown[], stated: JointSetName | undefined): Json {
  const sets = Object.entries(JOINT_SETS) as [JointSetName, readonly string[]][];
  const fitting = sets.filter(([set, { length }]) =>
    stated ? set === stated : length === joints.length,
  );
  const [first] = fitting;
  if (fitting.length > 1)
    throw new Error(
      `joints: an array of ${joints.length} joints does not tell its skeleton. Write ` +
        `{ "skeleton": "${first![0]}", "joints": [...] }, or one of ` +
        `${fitting
          .slice(1)
          .map(([set]) => set)
          .join(', ')}.`,
    );
  if (first?.[1].length !== joints.length)
    throw new Error(
      `joints: an array of ${joints.length} joints is no whole skeleton; ` +
        `${(stated ? fitting : sets).map(([set, { length }]) => `${set} has ${length}`).join(', ')}.`,
    );
  return Object.fromEntries(first![1].map((name, i) => [name, joints[i]]));
}

/** Two or three finite numbers; none for a joint that is null. */
function readPoint(name: string, value: unknown): readonly number[] {
  if (value === null) return [];
  if (!Array.isArray(value) || value.length < 2 || !value.every(isNumberOrNull))
    throw new Error(`joints: ${name} must be [x, y] or [x, y, confidence], or null.`);
  if (value[0] === null || value[1] === null) return [];
  return value.slice(0, 3).map((number) => number ?? 0) as number[];
}

function isNumberOrNull(value: unknown): boolean {
  return value === null || (typeof value === 'number' && Number.isFinite(value));
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
