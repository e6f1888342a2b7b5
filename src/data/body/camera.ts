import {
  type Camera,
  cameraFromFov,
  cameraFromIntrinsics,
  type Extrinsics,
  lookAt,
  project,
  worldToCamera,
} from '../../pose/camera.ts';
import { multiply, type Vector3 } from '../../pose/linear.ts';
import { betweenDirections } from '../../pose/rotation.ts';
import type { Coordinates, PixelPose, Pose3d } from '../../pose/skeleton.ts';
import { type Random, randomAt } from '../random.ts';
import { STREAM } from './streams.ts';

export interface SampledCamera {
  readonly camera: Camera;
  readonly extrinsics: Extrinsics;
  /** The joints in the camera frame, metres, and their image. */
  readonly pose3d: Pose3d;
  readonly pixels: PixelPose;
}

export interface CameraOptions {
  /**
   * `any`: photographs by anyone; `h36m`: the lens, distance and picture of Human3.6M's cameras.
   * `any` by default.
   */
  readonly preset?: 'any' | 'h36m';
  /** Furthest the middle of the person may lie from the optical axis, degrees, 25 by default. */
  readonly offAxis?: number;
}

const DEGREE = Math.PI / 180;
const SIDES = [
  [1000, 1000],
  [1200, 900],
  [900, 1200],
  [1600, 900],
  [900, 1600],
] as const;

/** Camera of Human3.6M, rounded means of its four (see `Distortion` for the formula). */
const H36M = cameraFromIntrinsics({
  width: 1000,
  height: 1000,
  fx: 1145,
  cx: 514,
  cy: 508,
  distortion: { k1: -0.2, k2: 0.24, k3: -0.002, p1: -0.0009, p2: -0.0016 },
});

/**
 * A camera for pose `index` of the sequence `seed`, in the world of the joints: a field of view of
 * 35 to 75 degrees along the longer side (24 to 60 mm on 35 mm film), a square, 4:3 or 16:9
 * picture, upright or lying; the person's stature fills 35 to 95 % of its height, all joints lie
 * inside, the middle of the person up to 25 degrees from the axis; elevation N(8, 12) degrees from
 * -30 to 60, roll N(0, 3) degrees. Rejected cameras are drawn again; where nothing fits the person
 * is in the middle and further away.
 * @param joints [joints * 3], metres, world frame, y up
 * @param height stature in metres
 */
export function sampleCamera(
  seed: number,
  index: number,
  joints: Coordinates<'metric'>,
  height: number,
  options: CameraOptions = {},
): SampledCamera {
  const { preset = 'any', offAxis = 25 } = options;
  const random = randomAt(seed, STREAM.camera, index);
  const middle = centre(joints);
  for (let attempt = 0; ; attempt++) {
    const camera = preset === 'h36m' ? H36M : anyLens(random);
    // further away and nearer to the axis, the more draws have failed
    const ease = attempt < 15 ? 1 : 0.85 ** (attempt - 14);
    const filled = random.uniform(0.35, 0.95) * ease;
    const distance =
      preset === 'h36m'
        ? random.uniform(4.5, 6) / ease
        : (camera.fy * height) / (filled * camera.height);
    const elevation = random.truncatedNormal(8, 12, -30, 60) * DEGREE;
    const yaw = random.uniform(0, 2 * Math.PI);
    const flat = distance * Math.cos(elevation);
    const position: Vector3 = [
      middle[0] + flat * Math.sin(yaw),
      middle[1] + distance * Math.sin(elevation),
      middle[2] + flat * Math.cos(yaw),
    ];
    const straight = lookAt(position, middle, random.normal(0, 3) * DEGREE);
    const aside = direction(camera, offAxis * DEGREE, ease, random);
    const rotation = multiply(betweenDirections([0, 0, 1], aside), straight.rotation);
    const extrinsics = { rotation, position };
    const pose3d = worldToCamera(extrinsics, joints);
    if (pose3d.some((z, i) => i % 3 === 2 && z < 0.3)) continue;
    const pixels = project(camera, pose3d);
    if (isInside(pixels, camera)) return { camera, extrinsics, pose3d, pixels };
    if (attempt > 60)
      throw new Error(
        `sampleCamera: no camera sees all joints of pose ${index} (stature ${height} m); ` +
          'is the stature in metres?',
      );
  }
}

function anyLens(random: Random): Camera {
  const [width, height] = SIDES[random.int(SIDES.length)]!;
  const axis = width >= height ? 'horizontal' : 'vertical';
  return cameraFromFov(width, height, random.uniform(35, 75), axis);
}

/**
 * Where the middle of the person appears: uniform in the picture, no further from the axis than
 * allowed.
 */
function direction(camera: Camera, furthest: number, ease: number, random: Random): Vector3 {
  const x = (random.uniform(-0.5, 0.5) * camera.width) / camera.fx;
  const y = (random.uniform(-0.5, 0.5) * camera.height) / camera.fy;
  const shrink = Math.min(1, Math.tan(furthest) / Math.hypot(x, y)) * ease;
  return [x * shrink, y * shrink, 1];
}

function isInside(pixels: PixelPose, { width, height }: Camera): boolean {
  return pixels.every((value, i) => value >= 0 && value <= (i % 2 === 0 ? width : height));
}

/** Middle of the bounding box. */
function centre(points: ArrayLike<number>): Vector3 {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    low[i % 3] = Math.min(low[i % 3]!, points[i]!);
    high[i % 3] = Math.max(high[i % 3]!, points[i]!);
  }
  const [x, y, z] = low.map((value, axis) => (value + high[axis]!) / 2);
  return [x!, y!, z!];
}
