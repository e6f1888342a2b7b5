/** Rendered people without their pictures, for lifters that read joints alone. */

import { JOINT_COUNT } from '../../pose/skeleton.ts';
import type { SeenSource } from '../batches.ts';
import type { SplitName } from './scene.ts';
import { sampleView } from './view_sample.ts';

/** Numbers that are kept of a person. */
const KEPT = 5 * JOINT_COUNT;
/** Pixels of a view that nobody looks at. */
const UNSEEN = 64;

/** People of a split, each made once, on first use. */
export function seenPeople({
  seed,
  split,
  count,
}: {
  readonly seed: number;
  readonly split: SplitName;
  readonly count: number;
}): SeenSource {
  const made = new Float64Array(KEPT * count);
  const done = new Uint8Array(count);
  return {
    count,
    copySeen(index, joints, pose) {
      const own = made.subarray(KEPT * index, KEPT * (index + 1));
      if (!done[index]) {
        const { rays, scene } = sampleView({ seed, split, index }, UNSEEN);
        own.set(rays);
        own.set(scene.pose3d, rays.length);
        done[index] = 1;
      }
      joints.set(own.subarray(0, joints.length));
      pose.set(own.subarray(joints.length));
    },
  };
}
