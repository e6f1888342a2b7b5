/** How far lifted people are from the truth, of any lifter and of any source of people. */

import { type Evaluation, evaluate } from '../pose/metrics.ts';
import { placeRoot } from '../pose/root.ts';
import { JOINT_COUNT, type Pose3d, type RayPose } from '../pose/skeleton.ts';
import { outOfView } from '../pose/view.ts';
import type { ViewBatch, ViewSource } from './view_data.ts';

/** What a lifter makes of some people: [n, 17, 3] metres, in the camera's frame. */
export interface Guess {
  readonly poses: Float32Array;
  /** Whether the root is where the lifter says; else it is placed by reprojection. */
  readonly absolute: boolean;
}

export interface ViewErrors extends Evaluation {
  /**
   * Median distance of the root from its place, millimetres: a pose that is far off may be best
   * placed anywhere.
   */
  readonly root: number;
}

/** People that are drawn and lifted in one go. */
export const PEOPLE_AT_ONCE = 16;

/** The errors on the first `count` people of a source. */
export async function viewErrors(
  source: ViewSource,
  count: number,
  guess: (batch: ViewBatch) => Promise<Guess>,
): Promise<ViewErrors> {
  const stride = 3 * JOINT_COUNT;
  const [lifted, truth] = [new Float32Array(count * stride), new Float32Array(count * stride)];
  const roots = new Float64Array(count);
  for (let first = 0; first < count; first += PEOPLE_AT_ONCE) {
    const some = Math.min(PEOPLE_AT_ONCE, count - first);
    const batch = await source.draw(Array.from({ length: some }, (_, i) => first + i));
    const { poses, absolute } = await guess(batch);
    lifted.set(poses, first * stride);
    for (let i = 0; i < some; i++) {
      const one = <T extends Float32Array>(all: T) => all.subarray(i * stride, (i + 1) * stride);
      const right = outOfView(batch.views[i]!, one(batch.poses));
      truth.set(right, (first + i) * stride);
      const pose = Float64Array.from(one(poses)) as Pose3d;
      const rays = batch.rays.subarray(2 * JOINT_COUNT * i, 2 * JOINT_COUNT * (i + 1));
      const placed = absolute ? pose : placeRoot(pose, rays as unknown as RayPose).pose;
      roots[first + i] = Math.hypot(...[0, 1, 2].map((axis) => placed[axis]! - right[axis]!));
    }
  }
  return { ...evaluate(lifted, truth), root: 1000 * roots.sort()[count >> 1]! };
}
