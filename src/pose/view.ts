/**
 * Views of a person: virtual square pinhole cameras at the place of the real one, turned so that the
 * pelvis lies on the axis, with a focal length that lets the person fill the picture. A lifter that
 * sees only views knows neither the lens, nor the place in the picture, nor how the photo was cut.
 */

import { apply, type Matrix3, transpose } from './linear.ts';
import { type Coordinates, JOINT_COUNT, type PixelPose, type Pose3d } from './skeleton.ts';

export interface View {
  /** From the camera's frame to the view's. */
  readonly rotation: Matrix3;
  /** Focal length in pixels of the view. */
  readonly focal: number;
  /** Pixels of a side; the principal point is in the middle. */
  readonly size: number;
}

/** How far from the middle the furthest joint lies, as a share of half a side: heads and hands reach further. */
const FILL = 0.78;
/** Half fields of view: nobody is looked at through a keyhole, nor through more than 53 degrees a side. */
const LEAST_EXTENT = 0.02;
const MOST_EXTENT = 1.33 * FILL;
/** What is turned so far from the axis that a pinhole does not see it. */
const BEHIND = 0.1;

/**
 * The rotation that brings the ray (x, y, 1) onto the optical axis: about the vertical, then up or
 * down, no roll.
 */
export function ontoAxis(x: number, y: number): Matrix3 {
  const across = Math.hypot(x, 1);
  const length = Math.hypot(across, y);
  const [cosYaw, sinYaw] = [1 / across, x / across];
  const [cosPitch, sinPitch] = [across / length, y / length];
  return [
    cosYaw,
    0,
    -sinYaw,
    -sinPitch * sinYaw,
    cosPitch,
    -sinPitch * cosYaw,
    cosPitch * sinYaw,
    sinPitch,
    cosPitch * cosYaw,
  ];
}

/**
 * The view of a person.
 * @param rays [17 * 2] joints on the plane at depth 1; all finite
 * @param size pixels of a side
 */
export function viewOf(rays: ArrayLike<number>, size: number): View {
  if (rays.length !== 2 * JOINT_COUNT)
    throw new Error(`viewOf: ${rays.length} numbers are not ${JOINT_COUNT} joints in 2D.`);
  if (!Array.from(rays).every(Number.isFinite))
    throw new Error('viewOf: a joint is no number. Leave out a person who lacks one.');
  const rotation = ontoAxis(rays[0]!, rays[1]!);
  let extent = LEAST_EXTENT;
  for (let joint = 1; joint < JOINT_COUNT; joint++) {
    const [x, y, z] = apply(rotation, [rays[2 * joint]!, rays[2 * joint + 1]!, 1]);
    extent = Math.max(extent, z > BEHIND ? Math.max(Math.abs(x), Math.abs(y)) / z : MOST_EXTENT);
  }
  return { rotation, focal: (size / 2) * (FILL / Math.min(extent, MOST_EXTENT)), size };
}

/** What a network is told of a view: the logarithm of the tangent of half its field of view. */
export const viewNumber = ({ focal, size }: View): number => Math.log(size / 2 / focal);

/** Joints on the plane at depth 1, [17 * 2], to pixels of the view; no further than a side outside of it. */
export function raysToView({ rotation, focal, size }: View, rays: ArrayLike<number>): PixelPose {
  const inside = (v: number) => Math.min(2 * size, Math.max(-size, v));
  const pixels = new Float64Array(rays.length);
  for (let at = 0; at < rays.length; at += 2) {
    const [x, y, z] = apply(rotation, [rays[at]!, rays[at + 1]!, 1]);
    const f = focal / Math.max(z, BEHIND);
    pixels[at] = inside(f * x + size / 2);
    pixels[at + 1] = inside(f * y + size / 2);
  }
  return pixels as PixelPose;
}

/** Points of the camera's frame, [n * 3] metres, in the view's frame. */
export const intoView = ({ rotation }: View, points: ArrayLike<number>): Pose3d =>
  turned(rotation, points);

/** Points of the view's frame, [n * 3] metres, in the camera's. */
export const outOfView = ({ rotation }: View, points: ArrayLike<number>): Pose3d =>
  turned(transpose(rotation), points);

function turned(rotation: Matrix3, points: ArrayLike<number>): Pose3d {
  const out = new Float64Array(points.length);
  for (let at = 0; at < points.length; at += 3)
    out.set(apply(rotation, [points[at]!, points[at + 1]!, points[at + 2]!]), at);
  return out as Coordinates<'metric'> as Pose3d;
}
