/** The procedural body as a source of batches. */

import type { Pose3d } from '../../pose/skeleton.ts';
import type { PoseSource } from '../batches.ts';
import { CAMERAS, viewRotation } from '../cameras.ts';
import { randomAt } from '../random.ts';
import { samplePose } from './sample.ts';

/**
 * Poses `count` in number, each a pure function of the seed and its index; made once, on first use.
 */
export function bodySource({ seed, count }: { seed: number; count: number }): PoseSource {
  const made: (Float64Array | undefined)[] = new Array(count);
  return {
    count,
    copyPose(index, pose) {
      let joints = made[index];
      if (!joints) made[index] = joints = Float64Array.from(samplePose(seed, index).joints);
      pose.set(joints);
    },
  };
}

/** Stream of random numbers for {@link bodyView}. */
const VIEW = 0x76696577;

/**
 * A procedural person as a camera of the benchmark sees them.
 * @returns the pose [17 * 3] in metres and the direction up, both in the camera's frame
 */
export function bodyView(
  seed: number,
  index: number,
): { pose: Pose3d; up: [number, number, number] } {
  const { joints } = samplePose(seed, index);
  const view = CAMERAS.benchmark(randomAt(seed, VIEW, index));
  const r = viewRotation(view);
  const pose = Float64Array.from(joints, (_, i) => {
    const at = i - (i % 3);
    const relative = [0, 1, 2].map((axis) => joints[at + axis]! - joints[axis]!);
    const row = 3 * (i % 3);
    const turned = relative.reduce((sum, value, axis) => sum + r[row + axis]! * value, 0);
    return turned + view.pelvis[i % 3]!;
  });
  return { pose: pose as Pose3d, up: [r[1], r[4], r[7]] };
}
