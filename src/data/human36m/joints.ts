/** What Human3.6M's files share: 32 joints of which 17 are used, world axes, subjects. */

import { JOINT_COUNT } from '../../pose/skeleton.ts';

export const RAW_JOINTS = 32;

/** The raw joints that are the 17: the others stand still, or lie on them. */
const KEPT = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27];

/** Poses [n, 32, 3] as [n, 17, 3]. */
export function fromHuman36m32(raw: ArrayLike<number>): Float64Array {
  const count = raw.length / (RAW_JOINTS * 3);
  const poses = new Float64Array(count * JOINT_COUNT * 3);
  for (let i = 0; i < count; i++)
    KEPT.forEach((joint, j) => {
      for (let axis = 0; axis < 3; axis++)
        poses[(i * JOINT_COUNT + j) * 3 + axis] = raw[(i * RAW_JOINTS + joint) * 3 + axis]!;
    });
  return poses;
}

/** Frames a second of its videos. */
export const FPS = 50;

/** A named division of the subjects. */
export interface Human36mSplit {
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** Index of the only camera that is used; all four where it is left out. */
  readonly camera?: number;
}

/**
 * `standard` is what nearly all papers use (protocol 1). `calda` is that of Calda et al., who moved
 * subject 8 to the test and used a single camera; which one, they do not say: the first, here.
 */
export const HUMAN36M_SPLITS = {
  standard: { train: ['S1', 'S5', 'S6', 'S7', 'S8'], test: ['S9', 'S11'] },
  calda: { train: ['S1', 'S5', 'S6', 'S7'], test: ['S8', 'S9', 'S11'], camera: 0 },
} as const satisfies Record<string, Human36mSplit>;

export type SplitName = keyof typeof HUMAN36M_SPLITS;

/** @throws Error listing the splits that there are */
export function splitNamed(name: string): Human36mSplit {
  if (Object.hasOwn(HUMAN36M_SPLITS, name)) return HUMAN36M_SPLITS[name as SplitName];
  throw new Error(
    `human3.6m: there is no split '${name}', only ${Object.keys(HUMAN36M_SPLITS).join(', ')}.`,
  );
}

/** Which part of a split a subject is in; none for those without published poses. */
export function partOf(split: Human36mSplit, subject: string): 'train' | 'test' | undefined {
  if (split.train.includes(subject)) return 'train';
  return split.test.includes(subject) ? 'test' : undefined;
}
