/** What a lifter makes of people and of their mirror images, joined. */

import { type Coordinates, JOINT_COUNT, mirrorPose } from '../pose/skeleton.ts';
import { equaliseSides } from '../pose/symmetry.ts';

/** Numbers of a pose. */
export const POSE = 3 * JOINT_COUNT;

/**
 * Poses of people [n, 17, 3] from those lifted as they are and, behind them, in the mirror [2 n, 17, 3]:
 * what a lifter gets wrong of one side it may get right of the other. They are averaged, and bones get the
 * same length left and right.
 */
export function joinMirrored(lifted: Float32Array): Float32Array {
  const half = lifted.length / 2;
  const mirrored = mirrorPose(lifted.subarray(half), 3);
  const mean = lifted.subarray(0, half).map((v, i) => (v + mirrored[i]!) / 2);
  for (let first = 0; first < half; first += POSE) {
    const pose = mean.subarray(first, first + POSE);
    pose.set(equaliseSides(pose as Coordinates<'metric'>));
  }
  return mean;
}
