import {
  add,
  apply,
  IDENTITY,
  type Matrix3,
  multiply,
  scale,
  type Vector3,
} from '../pose/linear.ts';
import { aboutX, aboutY, aboutZ } from '../pose/rotation.ts';
import { JOINT_COUNT, JOINTS, type Joint } from '../pose/skeleton.ts';

/** A motion-capture file that breaks its format: the line (from 1) and why. */
export class MocapError extends Error {
  override readonly name = 'MocapError';
  readonly line: number;

  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
    this.line = line;
  }
}

/**
 * Where the nodes of a kinematic tree are in one frame, in the file's units, and how they are
 * turned, in the world.
 */
export interface Placement {
  readonly positions: readonly Vector3[];
  readonly rotations: readonly Matrix3[];
}

/** Frames of one person: [frames, 17, 3] metres, y up. */
export interface MocapClip {
  readonly poses: Float32Array;
  readonly count: number;
  /** Frames a second. */
  readonly fps: number;
}

/**
 * How a joint is found from nodes of another skeleton: at the mean of some of them, moved by
 * `offset` metres in the frame of a node (the first of them, if none is named).
 */
export interface JointRule {
  readonly nodes: readonly string[];
  readonly offset?: Vector3;
  readonly frame?: string;
}

/** The names of a family of files, for its 17 joints. */
export interface Dialect {
  readonly name: string;
  readonly metresPerUnit: number;
  /** Frames at the start of every file that show the rest pose and no motion. */
  readonly restFrames: number;
  readonly joints: Readonly<Record<Joint, JointRule>>;
}

/**
 * CMU's unit of length in ASF/AMC and the BVH made from it: 1 / 0.45 inch (the `length 0.45` of its
 * ASF files).
 */
export const CMU_UNIT = 0.0254 / 0.45;

/** `{ nodes: [name] }` for every joint that is simply one node. */
export function sameAs<Name extends Joint>(
  names: Readonly<Record<Name, string>>,
): Record<Name, JointRule> {
  return Object.fromEntries(
    Object.entries<string>(names).map(([joint, node]) => [joint, { nodes: [node] }]),
  ) as unknown as Record<Name, JointRule>;
}

/**
 * Human3.6M's joints of every frame of a tree that is placed by `place`.
 * @throws Error naming the joints whose nodes are not in the tree
 */
export function clipFrom(
  dialect: Dialect,
  nodes: readonly string[],
  frames: { readonly first: number; readonly end: number; readonly fps: number },
  place: (frame: number) => Placement,
): MocapClip {
  const rules = JOINTS.map((joint) => {
    const { nodes: names, offset, frame = names[0]! } = dialect.joints[joint];
    return {
      indices: names.map((name) => nodes.indexOf(name)),
      offset,
      turn: nodes.indexOf(frame),
    };
  });
  const count = frames.end - frames.first;
  const poses = new Float32Array(count * JOINT_COUNT * 3);
  for (let frame = 0; frame < count; frame++) {
    const { positions, rotations } = place(frames.first + frame);
    rules.forEach(({ indices, offset, turn }, joint) => {
      const sum = indices.map((i) => positions[i]!).reduce(add);
      let at = scale(sum, dialect.metresPerUnit / indices.length);
      if (offset) at = add(at, apply(rotations[turn]!, offset));
      poses.set(at, (frame * JOINT_COUNT + joint) * 3);
    });
  }
  return { poses, count, fps: frames.fps };
}

/** The nodes that the rules of a dialect ask for and the tree lacks. */
export function missingNodes(dialect: Dialect, nodes: readonly string[]): string[] {
  const asked = new Set(
    Object.values(dialect.joints).flatMap(({ nodes, frame }) => [
      ...nodes,
      ...(frame ? [frame] : []),
    ]),
  );
  return [...asked].filter((name) => !nodes.includes(name));
}

const ABOUT = { X: aboutX, Y: aboutY, Z: aboutZ };

/** The rotation by `angle` radians about a coordinate axis. */
export function axisRotation(axis: 'X' | 'Y' | 'Z', angle: number): Matrix3 {
  return ABOUT[axis](angle);
}

/**
 * Rotations about fixed axes, the first of them first: the product of their matrices in reverse
 * order.
 */
export function fixedAxes(turns: readonly (readonly ['X' | 'Y' | 'Z', number])[]): Matrix3 {
  return turns.reduce<Matrix3>(
    (product, [axis, angle]) => multiply(axisRotation(axis, angle), product),
    IDENTITY,
  );
}

/** A finite number from a word of a line, or an error. */
export function numberFrom(word: string | undefined, line: number, what: string): number {
  const number = word === undefined ? Number.NaN : Number(word);
  if (!Number.isFinite(number) || word === '')
    throw new MocapError(line, `${what} must be a number, not ${word ? `'${word}'` : 'missing'}.`);
  return number;
}

/** The lines of a text that hold words, with their numbers from 1. */
export function* wordLines(
  text: string,
  comment?: string,
): Generator<{ line: number; words: string[] }> {
  let line = 0;
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf('\n', start);
    const row = text.slice(start, end < 0 ? text.length : end).trim();
    start = end < 0 ? text.length : end + 1;
    line++;
    if (row && !(comment && row.startsWith(comment))) yield { line, words: row.split(/\s+/) };
  }
}
