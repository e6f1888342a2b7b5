/** Where rays meet the things of a scene's row: the formulas of `shaders/lib/ray.wgsl` in f64. */

import { add, dot, scale, subtract, type Vector3 } from '../../pose/linear.ts';
import { SCENE_LAYOUT as L } from './layout.ts';

export type Row = ArrayLike<number>;

/** Nothing is met. */
export const FAR = 1e9;

/** Rounding hides what a ray meets this near its origin, in units of its direction. */
const NEAR = 1e-3;

export const xyz = (row: Row, quad: number): Vector3 => [
  row[4 * quad]!,
  row[4 * quad + 1]!,
  row[4 * quad + 2]!,
];
export const w = (row: Row, quad: number): number => row[4 * quad + 3]!;

/** The flattening v + k n (n . v). */
export const mapped = (v: Vector3, n: Vector3, k: number): Vector3 =>
  add(v, scale(n, k * dot(n, v)));

/**
 * Least t > 0 at which o + t d enters a round cone, or FAR. The hull of two balls is a ball, a ball
 * and a cone between the circles where it touches them. All is reckoned from the point of the ray
 * nearest to a, so that no digits are lost to the distance of the camera.
 */
export function meetCone(row: Row, quad: number, origin: Vector3, direction: Vector3): number {
  const [a, ra] = [xyz(row, quad), w(row, quad)];
  const [ba, rb] = [xyz(row, quad + 1), w(row, quad + 1)];
  const [n, k] = [xyz(row, quad + 2), w(row, quad + 2)];
  const d = mapped(direction, n, k);
  const from = subtract(mapped(origin, n, k), a);
  const dd = dot(d, d);
  const t0 = -dot(from, d) / dd;
  const oa = add(from, scale(d, t0));
  const r = ra - rb;
  const m0 = dot(ba, ba);
  const m1 = dot(ba, oa);
  const m2 = dot(ba, d);
  const m5 = dot(oa, oa);
  const d2 = m0 - r * r;
  const ob = subtract(oa, ba);
  let best = FAR;
  const ha = (ra * ra - m5) / dd;
  if (ha > 0) best = nearer(best, t0 - Math.sqrt(ha));
  const hb = m2 * m2 - dd * (dot(ob, ob) - rb * rb);
  if (hb > 0) best = nearer(best, t0 + (m2 - Math.sqrt(hb)) / dd);
  const k2 = d2 * dd - m2 * m2;
  const k1 = m2 * (r * ra - m1);
  const k0 = d2 * m5 - m1 * m1 + 2 * m1 * r * ra - m0 * ra * ra;
  const h = k1 * k1 - k0 * k2;
  if (h > 0) {
    const t = (-k1 - Math.sqrt(h)) / k2;
    const y = m1 - r * ra + t * m2;
    if (y > 0 && y < d2) best = nearer(best, t0 + t);
  }
  return best;
}

const nearer = (best: number, t: number): number => (t > NEAR && t < best ? t : best);

/** The normal at a point of a round cone, of no certain length. */
export function coneNormal(row: Row, quad: number, point: Vector3): Vector3 {
  const [a, ra] = [xyz(row, quad), w(row, quad)];
  const [ba, rb] = [xyz(row, quad + 1), w(row, quad + 1)];
  const [n, k] = [xyz(row, quad + 2), w(row, quad + 2)];
  const p = subtract(mapped(point, n, k), a);
  const r = ra - rb;
  const y = (dot(ba, p) - r * ra) / (dot(ba, ba) - r * r);
  return mapped(subtract(p, scale(ba, Math.min(1, Math.max(0, y)))), n, k);
}

/** The axes of a box, as rows. */
export function boxAxes(row: Row, quad: number): readonly [Vector3, Vector3, Vector3] {
  const u = xyz(row, quad + 1);
  const v = xyz(row, quad + 2);
  return [u, v, [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]];
}

/** Coordinates of a point in a box, in half sizes: within -1 and 1 inside. */
export function inBox(row: Row, quad: number, point: Vector3): Vector3 {
  const p = subtract(point, xyz(row, quad));
  const [x, y, z] = boxAxes(row, quad).map((axis, i) => dot(axis, p) / w(row, quad + i));
  return [x!, y!, z!];
}

/** Least t > 0 at which o + t d enters a box, or FAR. */
export function meetBox(row: Row, quad: number, origin: Vector3, direction: Vector3): number {
  const from = subtract(origin, xyz(row, quad));
  let enter = -FAR;
  let leave = FAR;
  boxAxes(row, quad).forEach((axis, i) => {
    const o = dot(axis, from);
    const d = away(dot(axis, direction));
    const half = w(row, quad + i);
    enter = Math.max(enter, (-Math.sign(d) * half - o) / d);
    leave = Math.min(leave, (Math.sign(d) * half - o) / d);
  });
  return enter < leave && enter > NEAR ? enter : FAR;
}

/** A number that may be divided by. */
export const away = (x: number): number => (Math.abs(x) < 1e-7 ? 1e-7 : x);

/** t at which a ray from the camera leaves the room, and which pair of walls it meets. */
export function leaveRoom(
  row: Row,
  direction: Vector3,
): { t: number; wall: 0 | 1 | 2; up: boolean } {
  let t = FAR;
  let wall: 0 | 1 | 2 = 0;
  let up = false;
  for (const i of [0, 1, 2] as const) {
    const d = away(dot(xyz(row, L.ROOM + i), direction));
    const end = d > 0 ? xyz(row, L.HIGH)[i] : xyz(row, L.LOW)[i];
    const at = (end - w(row, L.ROOM + i)) / d;
    if (at < t) {
      t = at;
      wall = i;
      up = d > 0;
    }
  }
  return { t, wall, up };
}
