/** The current 2D pose, its picture and its camera, which Lift and Ambiguity share. */

import { type Camera, cameraFromFov, type PixelPose } from 'kinegrad';

export interface Picture {
  /** What to call it, such as the name of its file. */
  readonly name: string;
  readonly bitmap: ImageBitmap;
}

export interface Pose {
  /** [17 * 2] pixels of the picture. Never changed in place. */
  readonly joints: PixelPose;
  /** Size of the picture in pixels, which a pose without a picture has, too. */
  readonly width: number;
  readonly height: number;
  readonly picture: Picture | undefined;
  /** Of the camera along the longer side of the picture, degrees. */
  readonly fov: number;
}

export interface PoseStore {
  get(): Pose | undefined;
  /** Replaces the parts that are given; the first time all must be. */
  set(change: Partial<Pose>): void;
  /** Calls on every change, and gives what ends that. */
  subscribe(listener: (pose: Pose) => void): () => void;
}

/** The camera of a pose: square pixels, and the optical axis through the middle. */
export const cameraOf = ({ width, height, fov }: Pose): Camera =>
  cameraFromFov(width, height, fov, width >= height ? 'horizontal' : 'vertical');

export function poseStore(): PoseStore {
  let pose: Pose | undefined;
  const listeners = new Set<(pose: Pose) => void>();
  return {
    get: () => pose,
    set(change) {
      const next = { picture: undefined, ...pose, ...change };
      if (!isWhole(next)) throw new Error('PoseStore: the first pose needs joints, size and fov');
      pose = next;
      for (const listener of listeners) listener(next);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const isWhole = (pose: Partial<Pose>): pose is Pose =>
  !!pose.joints && !!pose.width && !!pose.height && !!pose.fov;
