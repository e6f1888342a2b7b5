import { apply, determinant, type Matrix3, type Vector3 } from './linear.ts';
import type { Coordinates, Pose3d } from './skeleton.ts';

/** Nothing that a camera shows sharply is nearer than this, in metres. */
const NEAREST = 0.1;

export interface Placement {
  /** Metres, camera frame: where the pose's origin (the pelvis) lies. */
  readonly translation: Vector3;
  /** The pose in its place, [joints * 3], metres, camera frame. */
  readonly pose: Pose3d;
  /**
   * Distance of each joint's image from the given one on the plane at depth 1; times the focal
   * length it is pixels.
   */
  readonly errors: Float64Array;
  /** Weighted mean of the errors. */
  readonly meanError: number;
}

/**
 * Where in the camera frame a root-relative pose stands, from its 2D joints: the translation t of
 * least weighted squared reprojection error, sum w |(X + t)_xy / (Z + t_z) - (u, v)|^2.
 *
 * It starts at the linear least squares of (X + t_x) - u (Z + t_z) = 0 and its twin for y, or,
 * where that puts a joint behind the camera, at the depth that the ratio of the sizes in 3D and 2D
 * gives; Levenberg-Marquardt steps finish it.
 * @param pose [joints * 3], metres, any origin, camera axes
 * @param rays [joints * 2], points of the plane at depth 1 (`pixelsToRays`)
 * @param weights [joints], not negative; 1 by default. A joint without a finite ray is left out
 * @throws where fewer than two joints count, or where they coincide in 2D or in 3D, so that no
 * depth follows
 */
export function placeRoot(
  pose: Coordinates<'metric'>,
  rays: Coordinates<'normalised'>,
  weights?: ArrayLike<number>,
): Placement {
  const n = pose.length / 3;
  if (rays.length !== 2 * n || (weights && weights.length !== n))
    throw new Error(
      `placeRoot: ${n} joints in 3D, ${rays.length / 2} in 2D and ` +
        `${weights?.length ?? n} weights; the three must agree.`,
    );
  for (let i = 0; i < pose.length; i++)
    if (!Number.isFinite(pose[i]!))
      throw new Error(`placeRoot: joint ${Math.floor(i / 3)} of the pose is ${pose[i]}.`);
  const w = Float64Array.from({ length: n }, (_, i) =>
    Number.isFinite(rays[2 * i]! + rays[2 * i + 1]!) ? (weights?.[i] ?? 1) : 0,
  );
  if (w.some((value) => !(value >= 0 && value < Infinity)))
    throw new Error('placeRoot: weights must be finite and not negative');
  const start = similarTriangles(pose, rays, w);
  const linear = linearSolution(pose, rays, w);
  let t = linear && nearestDepth(pose, w, linear) > NEAREST ? linear : start;
  t = refine(pose, rays, w, t);
  // the linear start can end in a poorer valley than the coarse one where the 2D joints are far off
  if (t !== start) {
    const other = refine(pose, rays, w, start);
    if (cost(pose, rays, w, other) < cost(pose, rays, w, t)) t = other;
  }
  return result(pose, rays, w, t);
}

/**
 * A start that is always in front of the camera: depth = size in 3D / size in 2D, about the means.
 */
function similarTriangles(
  pose: ArrayLike<number>,
  rays: ArrayLike<number>,
  w: Float64Array,
): Vector3 {
  const total = w.reduce((sum, value) => sum + value, 0);
  const count = w.filter((value) => value > 0).length;
  if (count < 2)
    throw new Error(
      `placeRoot: ${count} joints with a 2D position and a positive weight; ` +
        'at least two are needed.',
    );
  const m = [0, 0, 0, 0, 0];
  const at = (i: number) => [
    pose[3 * i]!,
    pose[3 * i + 1]!,
    pose[3 * i + 2]!,
    rays[2 * i]!,
    rays[2 * i + 1]!,
  ];
  w.forEach((weight, i) => {
    if (weight > 0)
      at(i).forEach((value, k) => {
        m[k]! += (weight * value) / total;
      });
  });
  const [x, y, z, u, v] = m as [number, number, number, number, number];
  let size3 = 0;
  let size2 = 0;
  let nearest = Infinity;
  w.forEach((weight, i) => {
    if (!(weight > 0)) return;
    const [px, py, pz, pu, pv] = at(i) as [number, number, number, number, number];
    size3 += (weight * ((px - x) ** 2 + (py - y) ** 2)) / total;
    size2 += (weight * ((pu - u) ** 2 + (pv - v) ** 2)) / total;
    nearest = Math.min(nearest, pz);
  });
  const depth = Math.sqrt(size3 / size2);
  if (!(size2 > 1e-16 && size3 > 1e-12 && Number.isFinite(depth)))
    throw new Error(
      `placeRoot: the joints coincide (${Math.sqrt(size3)} m in 3D, ${Math.sqrt(size2)} in the image), so no depth follows`,
    );
  const tz = Math.max(depth - z, 2 * NEAREST - nearest);
  return [u * (z + tz) - x, v * (z + tz) - y, tz];
}

function linearSolution(
  pose: ArrayLike<number>,
  rays: ArrayLike<number>,
  w: Float64Array,
): Vector3 | undefined {
  // normal equations of rows (1, 0, -u) and (0, 1, -v) against u Z - X and v Z - Y
  const sums = { w: 0, u: 0, v: 0, q: 0, a: 0, b: 0, c: 0 };
  w.forEach((weight, i) => {
    if (!(weight > 0)) return;
    const u = rays[2 * i]!;
    const v = rays[2 * i + 1]!;
    const a = u * pose[3 * i + 2]! - pose[3 * i]!;
    const b = v * pose[3 * i + 2]! - pose[3 * i + 1]!;
    sums.w += weight;
    sums.u += weight * u;
    sums.v += weight * v;
    sums.q += weight * (u * u + v * v);
    sums.a += weight * a;
    sums.b += weight * b;
    sums.c -= weight * (u * a + v * b);
  });
  const { w: s, u, v, q, a, b, c } = sums;
  return solve([s, 0, -u, 0, s, -v, -u, -v, q], [a, b, c]);
}

/**
 * Levenberg-Marquardt on the true reprojection error; every step keeps the joints in front of the
 * camera.
 */
function refine(
  pose: ArrayLike<number>,
  rays: ArrayLike<number>,
  w: Float64Array,
  start: Vector3,
): Vector3 {
  let t = start;
  let error = cost(pose, rays, w, t);
  let damping = 1e-6;
  for (let step = 0; step < 60; step++) {
    const m = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    const g = [0, 0, 0];
    for (let i = 0; i < w.length; i++) {
      if (!(w[i]! > 0)) continue;
      const z = pose[3 * i + 2]! + t[2];
      for (let axis = 0; axis < 2; axis++) {
        const ray = (pose[3 * i + axis]! + t[axis]!) / z;
        const residual = ray - rays[2 * i + axis]!;
        const row = [0, 0, -ray / z];
        row[axis] = 1 / z;
        for (let p = 0; p < 3; p++) {
          g[p]! -= w[i]! * row[p]! * residual;
          for (let q = 0; q < 3; q++) m[3 * p + q]! += w[i]! * row[p]! * row[q]!;
        }
      }
    }
    for (let p = 0; p < 3; p++) m[4 * p]! *= 1 + damping;
    const move = solve(m as unknown as Matrix3, g as unknown as Vector3);
    const next: Vector3 | undefined = move && [t[0] + move[0], t[1] + move[1], t[2] + move[2]];
    const after =
      next && nearestDepth(pose, w, next) > NEAREST ? cost(pose, rays, w, next) : Infinity;
    if (next && after <= error) {
      const still = Math.hypot(...move!) < 1e-13 * (1 + Math.hypot(...t));
      t = next;
      error = after;
      damping = Math.max(damping / 10, 1e-15);
      if (still) break;
    } else if ((damping *= 10) > 1e8) break;
  }
  return t;
}

function cost(
  pose: ArrayLike<number>,
  rays: ArrayLike<number>,
  w: Float64Array,
  t: Vector3,
): number {
  let sum = 0;
  for (let i = 0; i < w.length; i++)
    if (w[i]! > 0) sum += w[i]! * imageDistance(pose, rays, t, i) ** 2;
  return sum;
}

function imageDistance(
  pose: ArrayLike<number>,
  rays: ArrayLike<number>,
  t: Vector3,
  i: number,
): number {
  const z = pose[3 * i + 2]! + t[2];
  return Math.hypot(
    (pose[3 * i]! + t[0]) / z - rays[2 * i]!,
    (pose[3 * i + 1]! + t[1]) / z - rays[2 * i + 1]!,
  );
}

/** Depth of the nearest joint that counts. */
function nearestDepth(pose: ArrayLike<number>, w: Float64Array, t: Vector3): number {
  let nearest = Infinity;
  for (let i = 0; i < w.length; i++)
    if (w[i]! > 0) nearest = Math.min(nearest, pose[3 * i + 2]! + t[2]);
  return nearest;
}

function result(
  pose: ArrayLike<number>,
  rays: ArrayLike<number>,
  w: Float64Array,
  t: Vector3,
): Placement {
  const placed = Float64Array.from({ length: pose.length }, (_, i) => pose[i]! + t[i % 3]!);
  const errors = Float64Array.from(w, (_, i) => imageDistance(pose, rays, t, i));
  let sum = 0;
  let total = 0;
  w.forEach((weight, i) => {
    if (!(weight > 0)) return;
    sum += weight * errors[i]!;
    total += weight;
  });
  return { translation: t, pose: placed, errors, meanError: sum / total };
}

/** m x = b by Cramer's rule; undefined where m is singular. */
function solve(m: Matrix3, b: Vector3): Vector3 | undefined {
  const det = determinant(m);
  const size = Math.abs(m[0] * m[4] * m[8]);
  if (!(Math.abs(det) > 1e-14 * size)) return undefined;
  const adjugate: Matrix3 = [
    m[4] * m[8] - m[5] * m[7],
    m[2] * m[7] - m[1] * m[8],
    m[1] * m[5] - m[2] * m[4],
    m[5] * m[6] - m[3] * m[8],
    m[0] * m[8] - m[2] * m[6],
    m[2] * m[3] - m[0] * m[5],
    m[3] * m[7] - m[4] * m[6],
    m[1] * m[6] - m[0] * m[7],
    m[0] * m[4] - m[1] * m[3],
  ];
  const x = apply(adjugate, b);
  return [x[0] / det, x[1] / det, x[2] / det];
}
