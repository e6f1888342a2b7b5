/** A person in the camera's frame, as lifters give them. */

import type { Camera } from '../pose/camera.ts';
import { placeRoot } from '../pose/root.ts';
import { JOINT_COUNT, JOINTS, type Joint, type Pose3d, type RayPose } from '../pose/skeleton.ts';

export interface Lifted {
  /** [17 * 3] metres, camera frame: x right, y down, z forward. */
  readonly pose: Float64Array;
  /** The same by name. */
  readonly joints: Readonly<Record<Joint, readonly [x: number, y: number, z: number]>>;
  /**
   * Mean distance, over the joints, of the reprojected pose from the given one; in pixels of the
   * camera.
   */
  readonly reprojectionError: number;
  /** That error as a share of the longer side of the person's box. */
  readonly relativeError: number;
  /** The reprojected pose, [17 * 2] on the plane at depth 1. */
  readonly reprojected: Float64Array;
}

/** Puts a pose where its image comes from. */
export function placed(relative: Pose3d, rays: RayPose, camera: Camera): Lifted {
  const { pose, meanError } = placeRoot(relative, rays);
  return inPlace(pose, meanError, rays, camera);
}

/**
 * A pose that stands in its place already.
 * @param meanError mean distance of its joints' images from the rays, on the plane at depth 1
 */
export function inPlace(pose: Pose3d, meanError: number, rays: RayPose, camera: Camera): Lifted {
  const reprojected = Float64Array.from({ length: 2 * JOINT_COUNT }, (_, i) => {
    const joint = i >> 1;
    return pose[3 * joint + (i & 1)]! / pose[3 * joint + 2]!;
  });
  const extent = (axis: number) => {
    const values = Array.from({ length: JOINT_COUNT }, (_, j) => rays[2 * j + axis]!);
    return Math.max(...values) - Math.min(...values);
  };
  const joints = Object.fromEntries(
    JOINTS.map((name, j) => [name, [pose[3 * j]!, pose[3 * j + 1]!, pose[3 * j + 2]!]]),
  ) as unknown as Lifted['joints'];
  return {
    pose: Float64Array.from(pose),
    joints,
    reprojectionError: (meanError * (camera.fx + camera.fy)) / 2,
    relativeError: meanError / Math.max(extent(0), extent(1)),
    reprojected,
  };
}
