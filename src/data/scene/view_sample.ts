/** Rendered people as lifters see them: the view of a person whose joints a detector has found. */

import { pixelsToRays } from '../../pose/camera.ts';
import type { PixelPose, Pose3d, RayPose } from '../../pose/skeleton.ts';
import { intoView, raysToView, type View, viewOf } from '../../pose/view.ts';
import { DETECTION_NOISE } from '../body/detection.ts';
import { type Scene, type SceneKey, type SceneOptions, sceneOf } from './scene.ts';

export interface ViewSample {
  readonly scene: Scene;
  readonly view: View;
  /** [17 * 2] joints as they are detected, on the camera's plane at depth 1. */
  readonly rays: RayPose;
  /** The same in pixels of the view. */
  readonly joints: PixelPose;
  /** [17 * 3] true joints in metres, in the view's frame. */
  readonly pose: Pose3d;
}

/** A detector that finds every joint, if not well: lifters need all of them. */
const NOISE = { ...DETECTION_NOISE, missing: 0 };

/**
 * The view of a scene's person, a pure function of its key.
 * @param size pixels of a side of the view
 */
export function sampleView(key: SceneKey & SceneOptions, size: number): ViewSample {
  const scene = sceneOf({ noise: NOISE, ...key });
  const rays = pixelsToRays(scene.camera, scene.detection.pixels);
  const view = viewOf(rays, size);
  return {
    ...{ scene, view, rays },
    joints: raysToView(view, rays),
    pose: intoView(view, scene.pose3d),
  };
}
