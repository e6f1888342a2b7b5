import {
  add,
  apply,
  cross,
  fromRows,
  length,
  type Matrix3,
  normalise,
  scale,
  subtract,
  transpose,
  type Vector3,
} from './linear.ts';
import type { Coordinates, PixelPose, Pose3d, RayPose } from './skeleton.ts';

/**
 * Lens distortion by the formula of Human3.6M (its published 2D joints agree with it to 0.000 px),
 * which is not OpenCV's: the cross terms lack the factor 2. With x = X/Z, y = Y/Z, r2 = x^2 + y^2:
 *
 *     g = 1 + k1 r2 + k2 r2^2 + k3 r2^3 + p1 y + p2 x
 *     x' = x g + p2 r2        y' = y g + p1 r2        u = fx x' + cx        v = fy y' + cy
 */
export interface Distortion {
  readonly k1: number;
  readonly k2: number;
  readonly k3: number;
  readonly p1: number;
  readonly p2: number;
}

/**
 * A camera's intrinsics, all in pixels. Its frame is x right, y down, z forward; (0, 0) is the top
 * left corner of the image, so the centre of the first pixel is (0.5, 0.5).
 */
export interface Camera {
  readonly width: number;
  readonly height: number;
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
  readonly distortion?: Distortion;
}

/**
 * Where a camera stands: X_camera = rotation (X_world - position), in metres. The rows of the
 * rotation are right, down, forward.
 */
export interface Extrinsics {
  readonly rotation: Matrix3;
  readonly position: Vector3;
}

/**
 * Checks and returns a camera; the principal point defaults to the middle of the image, fy to fx.
 */
export function cameraFromIntrinsics(intrinsics: {
  width: number;
  height: number;
  fx: number;
  fy?: number;
  cx?: number;
  cy?: number;
  distortion?: Distortion;
}): Camera {
  const { width, height, fx, fy = fx, cx = width / 2, cy = height / 2, distortion } = intrinsics;
  if (!(width > 0 && height > 0 && fx > 0 && fy > 0 && Number.isFinite(width * height * fx * fy)))
    throw new Error(
      `camera: width ${width}, height ${height}, fx ${fx} and fy ${fy} must be positive pixels.`,
    );
  if (!Number.isFinite(cx) || !Number.isFinite(cy))
    throw new Error(`camera: the principal point (${cx}, ${cy}) must be finite pixels.`);
  return { width, height, fx, fy, cx, cy, ...(distortion && { distortion }) };
}

/**
 * A camera with square pixels from its field of view: f = (side / 2) / tan(degrees / 2), where the
 * side is the width for a horizontal, the height for a vertical and the diagonal for a diagonal
 * field of view.
 */
export function cameraFromFov(
  width: number,
  height: number,
  degrees: number,
  axis: 'horizontal' | 'vertical' | 'diagonal' = 'horizontal',
): Camera {
  if (!(degrees > 0 && degrees < 180))
    throw new Error(`camera: a field of view of ${degrees} degrees is not between 0 and 180.`);
  const side = { horizontal: width, vertical: height, diagonal: Math.hypot(width, height) }[axis];
  const f = side / 2 / Math.tan((degrees * Math.PI) / 360);
  return cameraFromIntrinsics({ width, height, fx: f });
}

/**
 * A camera from its focal length in millimetres as on 35 mm film (EXIF FocalLengthIn35mmFilm): f =
 * f35 / 36 mm times the longer side of the image, because the frame of such film is 36 mm along its
 * longer side, however the camera is held.
 */
export function cameraFromFocal35(width: number, height: number, focal35: number): Camera {
  if (!(focal35 > 0))
    throw new Error(`camera: a 35 mm focal length of ${focal35} mm must be positive.`);
  return cameraFromIntrinsics({ width, height, fx: (focal35 / 36) * Math.max(width, height) });
}

/**
 * Horizontal, vertical and diagonal field of view in degrees, for a centred principal point and no
 * distortion.
 */
export function fieldOfView({ width, height, fx, fy }: Camera) {
  const degrees = (halfTangent: number) => (Math.atan(halfTangent) * 360) / Math.PI;
  const x = width / 2 / fx;
  const y = height / 2 / fy;
  return { horizontal: degrees(x), vertical: degrees(y), diagonal: degrees(Math.hypot(x, y)) };
}

/**
 * Points of the camera frame [n * 3] to the plane at depth 1, [n * 2]. Throws for a point not in
 * front of the camera.
 */
export function toRays(points: Coordinates<'metric'>): RayPose {
  const rays = new Float64Array((points.length / 3) * 2);
  for (let i = 0; 3 * i < points.length; i++) {
    const z = points[3 * i + 2]!;
    if (!(z > 0))
      throw new Error(
        `project: point ${i} has depth ${z} m; only points in front of the camera (z > 0) ` +
          'have an image.',
      );
    rays[2 * i] = points[3 * i]! / z;
    rays[2 * i + 1] = points[3 * i + 1]! / z;
  }
  return rays;
}

/** Points of the camera frame [n * 3], metres, to pixels [n * 2]. */
export function project(camera: Camera, points: Coordinates<'metric'>): PixelPose {
  return raysToPixels(camera, toRays(points));
}

/** Points of the plane at depth 1 [n * 2] to pixels [n * 2], with the lens distortion. */
export function raysToPixels(camera: Camera, rays: Coordinates<'normalised'>): PixelPose {
  const { fx, fy, cx, cy, distortion } = camera;
  const pixels = new Float64Array(rays.length);
  for (let i = 0; i < rays.length; i += 2) {
    const [x, y] = distort(distortion, rays[i]!, rays[i + 1]!);
    pixels[i] = fx * x + cx;
    pixels[i + 1] = fy * y + cy;
  }
  return pixels;
}

/** Pixels [n * 2] to the plane at depth 1 [n * 2], the lens distortion undone. */
export function pixelsToRays(camera: Camera, pixels: Coordinates<'pixel'>): RayPose {
  const { fx, fy, cx, cy, distortion } = camera;
  const rays = new Float64Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 2) {
    const [x, y] = undistort(distortion, (pixels[i]! - cx) / fx, (pixels[i + 1]! - cy) / fy);
    rays[i] = x;
    rays[i + 1] = y;
  }
  return rays;
}

/** Pixels [n * 2] with a depth each (z in metres, [n]) to points of the camera frame [n * 3]. */
export function backProject(
  camera: Camera,
  pixels: Coordinates<'pixel'>,
  depths: ArrayLike<number>,
): Pose3d {
  if (pixels.length !== 2 * depths.length)
    throw new Error(
      `backProject: ${depths.length} depths do not fit ${pixels.length / 2} pixels; ` +
        'give one depth a pixel.',
    );
  const rays = pixelsToRays(camera, pixels);
  const points = new Float64Array(3 * depths.length);
  for (let i = 0; i < depths.length; i++) {
    points[3 * i] = rays[2 * i]! * depths[i]!;
    points[3 * i + 1] = rays[2 * i + 1]! * depths[i]!;
    points[3 * i + 2] = depths[i]!;
  }
  return points;
}

function distort(d: Distortion | undefined, x: number, y: number): [number, number] {
  if (!d) return [x, y];
  const r2 = x * x + y * y;
  const g = 1 + r2 * (d.k1 + r2 * (d.k2 + r2 * d.k3)) + d.p1 * y + d.p2 * x;
  return [x * g + d.p2 * r2, y * g + d.p1 * r2];
}

/** Newton's iteration on distort(x, y) = (u, v), starting at (u, v). */
function undistort(d: Distortion | undefined, u: number, v: number): [number, number] {
  if (!d) return [u, v];
  let x = u;
  let y = v;
  for (let step = 0; step < 50; step++) {
    const r2 = x * x + y * y;
    const g = 1 + r2 * (d.k1 + r2 * (d.k2 + r2 * d.k3)) + d.p1 * y + d.p2 * x;
    const ex = x * g + d.p2 * r2 - u;
    const ey = y * g + d.p1 * r2 - v;
    if (Math.abs(ex) + Math.abs(ey) < 1e-14 * (1 + Math.abs(u) + Math.abs(v))) return [x, y];
    // slope = dg/d(r2) of the radial part; gx, gy = dg/dx, dg/dy
    const slope = d.k1 + r2 * (2 * d.k2 + r2 * 3 * d.k3);
    const gx = 2 * x * slope + d.p2;
    const gy = 2 * y * slope + d.p1;
    const a = g + x * gx + 2 * d.p2 * x;
    const b = x * gy + 2 * d.p2 * y;
    const c = y * gx + 2 * d.p1 * x;
    const e = g + y * gy + 2 * d.p1 * y;
    const det = a * e - b * c;
    x -= (e * ex - b * ey) / det;
    y -= (a * ey - c * ex) / det;
    if (!(Math.abs(x) + Math.abs(y) < 1e6)) break;
  }
  const [fu, fv] = distort(d, x, y);
  if (Math.abs(fu - u) + Math.abs(fv - v) < 1e-9) return [x, y];
  throw new Error(
    `pixelsToRays: the lens distortion has no inverse at (${u.toFixed(3)}, ${v.toFixed(3)}) ` +
      'of the image plane; the point lies too far outside the image for these coefficients.',
  );
}

/** Points of the world [n * 3] to the camera frame: R (X - T). */
export function worldToCamera(extrinsics: Extrinsics, points: Coordinates<'metric'>): Pose3d {
  const { rotation, position } = extrinsics;
  return mapPoints(points, (p) => apply(rotation, subtract(p, position)));
}

/** Points of the camera frame [n * 3] to the world: R^T X + T. */
export function cameraToWorld(extrinsics: Extrinsics, points: Coordinates<'metric'>): Pose3d {
  const back = transpose(extrinsics.rotation);
  const [tx, ty, tz] = extrinsics.position;
  return mapPoints(points, (p) => {
    const [x, y, z] = apply(back, p);
    return [x + tx, y + ty, z + tz];
  });
}

function mapPoints(points: ArrayLike<number>, map: (p: Vector3) => Vector3): Pose3d {
  const mapped = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 3)
    mapped.set(map([points[i]!, points[i + 1]!, points[i + 2]!]), i);
  return mapped;
}

/**
 * Extrinsics of a camera at `position` that looks at `target`, in a world with y up.
 * @param roll radians by which the camera is turned clockwise about its axis, as seen from behind
 * it
 */
export function lookAt(position: Vector3, target: Vector3, roll = 0): Extrinsics {
  const forward = normalise(subtract(target, position));
  const side = cross(forward, [0, 1, 0]);
  // straight up or down there is no horizon: take x as the right-hand side
  const level = length(side) > 1e-9 ? normalise(side) : ([1, 0, 0] as const);
  const down = cross(forward, level);
  const c = Math.cos(roll);
  const s = Math.sin(roll);
  const right = add(scale(level, c), scale(down, s));
  return { rotation: fromRows(right, cross(forward, right), forward), position };
}
