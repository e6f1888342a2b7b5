import { type Camera, type Lifted, type RayPose, raysToPixels } from 'kinegrad';

/** The lifted person as the camera sees them, [17 * 2] pixels. */
export const toPixels = (camera: Camera, { reprojected }: Lifted) =>
  raysToPixels(camera, reprojected as RayPose);
