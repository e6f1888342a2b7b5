import {
  apply,
  cross,
  dot,
  fromRows,
  IDENTITY,
  length,
  type Matrix3,
  multiply,
  normalise,
  scale,
  subtract,
  transpose,
  type Vector3,
} from './linear.ts';
import { svd } from './svd.ts';

/** A unit quaternion (w, x, y, z) stands for the same rotation as its negative. */
export type Quaternion = readonly [w: number, x: number, y: number, z: number];

/** Rotation by |a| radians about a (Rodrigues), right-handed. */
export function fromAxisAngle(a: Vector3): Matrix3 {
  const angle = length(a);
  if (angle === 0) return IDENTITY;
  const [x, y, z] = scale(a, 1 / angle);
  const s = Math.sin(angle);
  // 1 - cos without cancellation
  const c1 = 2 * Math.sin(angle / 2) ** 2;
  const c = Math.cos(angle);
  return [
    c + x * x * c1,
    x * y * c1 - z * s,
    x * z * c1 + y * s,
    x * y * c1 + z * s,
    c + y * y * c1,
    y * z * c1 - x * s,
    x * z * c1 - y * s,
    y * z * c1 + x * s,
    c + z * z * c1,
  ];
}

/** The axis times the angle in [0, pi]. At pi the axis is one of two. */
export function toAxisAngle(r: Matrix3): Vector3 {
  const [w, x, y, z] = toQuaternion(r);
  const s = Math.hypot(x, y, z);
  const angle = 2 * Math.atan2(s, w);
  const k = s > 1e-12 ? angle / s : 2;
  return [x * k, y * k, z * k];
}

/** The rotation angle in [0, pi], the geodesic distance from the identity on SO(3). */
export function rotationAngle(r: Matrix3): number {
  return length(toAxisAngle(r));
}

/** Turns about x, y or z by radians. */
export function aboutX(angle: number): Matrix3 {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return [1, 0, 0, 0, c, -s, 0, s, c];
}

export function aboutY(angle: number): Matrix3 {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return [c, 0, s, 0, 1, 0, -s, 0, c];
}

export function aboutZ(angle: number): Matrix3 {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return [c, -s, 0, s, c, 0, 0, 0, 1];
}

export type EulerOrder = 'xyz' | 'xzy' | 'yxz' | 'yzx' | 'zxy' | 'zyx';
const ABOUT = { x: aboutX, y: aboutY, z: aboutZ };
const AXES = 'xyz';

/**
 * Intrinsic Euler angles in radians, in the order of the letters: 'zxy' is Rz(a) Rx(b) Ry(c), a BVH
 * file's "Zrotation Xrotation Yrotation".
 */
export function fromEuler(order: EulerOrder, angles: Vector3): Matrix3 {
  const [a, b, c] = [...order].map((axis, i) => ABOUT[axis as 'x' | 'y' | 'z'](angles[i]!));
  return multiply(multiply(a!, b!), c!);
}

/**
 * The inverse of `fromEuler`, the middle angle in [-pi/2, pi/2]. At the poles the last angle is set
 * to 0.
 */
export function toEuler(order: EulerOrder, r: Matrix3): Vector3 {
  const [i, j, k] = [...order].map((axis) => AXES.indexOf(axis)) as [number, number, number];
  const sign = (j - i + 3) % 3 === 1 ? 1 : -1;
  const at = (row: number, column: number) => r[3 * row + column]!;
  const sine = sign * at(i, k);
  const cosine = Math.hypot(at(i, i), at(i, j));
  const middle = Math.atan2(sine, cosine);
  if (cosine < 1e-9) return [Math.atan2(sign * at(k, j), at(j, j)), middle, 0];
  return [Math.atan2(-sign * at(j, k), at(k, k)), middle, Math.atan2(-sign * at(i, j), at(i, i))];
}

export function fromQuaternion(q: Quaternion): Matrix3 {
  const n = Math.hypot(...q);
  if (!(n > 1e-150)) throw new Error('fromQuaternion: the quaternion is zero.');
  const [w, x, y, z] = q.map((c) => c / n) as [number, number, number, number];
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ];
}

/** The quaternion with w >= 0, through its largest component (Shepperd 1978). */
export function toQuaternion(r: Matrix3): Quaternion {
  const squares = [
    1 + r[0] + r[4] + r[8],
    1 + r[0] - r[4] - r[8],
    1 - r[0] + r[4] - r[8],
    1 - r[0] - r[4] + r[8],
  ];
  const largest = squares.indexOf(Math.max(...squares));
  const products: readonly Quaternion[] = [
    [squares[0]!, r[7] - r[5], r[2] - r[6], r[3] - r[1]],
    [r[7] - r[5], squares[1]!, r[1] + r[3], r[2] + r[6]],
    [r[2] - r[6], r[1] + r[3], squares[2]!, r[5] + r[7]],
    [r[3] - r[1], r[2] + r[6], r[5] + r[7], squares[3]!],
  ];
  const q = products[largest]!;
  const k = (q[0] < 0 ? -1 : 1) / Math.hypot(...q);
  return [q[0] * k, q[1] * k, q[2] * k, q[3] * k];
}

export function multiplyQuaternions(a: Quaternion, b: Quaternion): Quaternion {
  return [
    a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
    a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
    a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
    a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
  ];
}

/**
 * Six numbers, the first two columns of a matrix, to a rotation by Gram-Schmidt (Zhou et al. 2019).
 */
export function fromSixD(a: Vector3, b: Vector3): Matrix3 {
  const x = normalise(a);
  const y = normalise(subtract(b, scale(x, dot(x, b))));
  return transpose(fromRows(x, y, cross(x, y)));
}

export function toSixD(r: Matrix3): [Vector3, Vector3] {
  return [
    [r[0], r[3], r[6]],
    [r[1], r[4], r[7]],
  ];
}

/**
 * r = swing twist: the twist turns by `angle` in (-pi, pi] about the unit axis, the swing turns the
 * axis to where r takes it, by the shortest way. Where r turns the axis right round, the twist is
 * not defined and taken as 0.
 */
export function swingTwist(
  r: Matrix3,
  axis: Vector3,
): { swing: Matrix3; twist: Matrix3; angle: number } {
  const [w, x, y, z] = toQuaternion(r);
  const along = dot([x, y, z], axis);
  const angle = Math.hypot(w, along) > 1e-12 ? wrap(2 * Math.atan2(along, w)) : 0;
  const twist = fromAxisAngle(scale(axis, angle));
  return { swing: multiply(r, transpose(twist)), twist, angle };
}

function wrap(angle: number): number {
  const turns = angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
  return turns <= -Math.PI ? turns + 2 * Math.PI : turns;
}

/** The shortest rotation that turns direction a into direction b. */
export function betweenDirections(a: Vector3, b: Vector3): Matrix3 {
  const x = normalise(a);
  const y = normalise(b);
  const axis = cross(x, y);
  const sine = length(axis);
  const angle = Math.atan2(sine, dot(x, y));
  if (sine > 1e-12) return fromAxisAngle(scale(axis, angle / sine));
  if (angle < 1) return IDENTITY;
  // opposite directions: half a turn about any axis across
  const across = Math.abs(x[0]) < 0.6 ? cross(x, [1, 0, 0]) : cross(x, [0, 1, 0]);
  return fromAxisAngle(scale(normalise(across), Math.PI));
}

/** A rotation uniform on SO(3) (Shoemake 1992). `uniform` returns numbers in [0, 1). */
export function randomRotation(uniform: () => number): Matrix3 {
  const u = uniform();
  const a = 2 * Math.PI * uniform();
  const b = 2 * Math.PI * uniform();
  const p = Math.sqrt(1 - u);
  const q = Math.sqrt(u);
  return fromQuaternion([p * Math.sin(a), p * Math.cos(a), q * Math.sin(b), q * Math.cos(b)]);
}

/** The rotation nearest to a matrix in the sense of least squares, never a reflection. */
export function nearestRotation(m: Matrix3): Matrix3 {
  const { u, v } = svd(m);
  const r = multiply(u, transpose(v));
  if (dot(cross([r[0], r[1], r[2]], [r[3], r[4], r[5]]), [r[6], r[7], r[8]]) > 0) return r;
  const flip: Matrix3 = [1, 0, 0, 0, 1, 0, 0, 0, -1];
  return multiply(multiply(u, flip), transpose(v));
}

/** Turns points [n * 3] by r about the origin. */
export function rotatePoints(r: Matrix3, points: ArrayLike<number>): Float64Array {
  const rotated = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 3)
    rotated.set(apply(r, [points[i]!, points[i + 1]!, points[i + 2]!]), i);
  return rotated;
}
