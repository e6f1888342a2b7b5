import { apply, determinant, IDENTITY, type Matrix3, type Vector3 } from './linear.ts';
import { compose, svd } from './svd.ts';

/** aligned = scale * rotation * x + translation */
export interface Alignment {
  readonly scale: number;
  readonly rotation: Matrix3;
  readonly translation: Vector3;
  /** The moved points [n * 3]. */
  readonly aligned: Float64Array;
}

/**
 * Orthogonal Procrustes: the similarity (or rigid motion) without reflection that brings `source`
 * nearest to `target` in the sum of squared distances (Umeyama 1991). Where all points of the
 * source coincide its scale has no answer and stays 1; where all of the target coincide it is 0;
 * where the points lie on a line the turn about that line is any one.
 * @param source points [n * 3]
 * @param target points [n * 3], in the same order
 */
export function procrustes(
  source: ArrayLike<number>,
  target: ArrayLike<number>,
  motion: 'similarity' | 'rigid' = 'similarity',
): Alignment {
  const n = source.length / 3;
  if (source.length !== target.length || !Number.isInteger(n) || n === 0)
    throw new Error(
      `procrustes: ${source.length} and ${target.length} numbers are no two equal lists of ` +
        '3D points.',
    );
  const from = mean(source);
  const to = mean(target);
  // h = sum of target source^T, about the means
  const h: number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let spread = 0;
  for (let i = 0; i < 3 * n; i += 3)
    for (let a = 0; a < 3; a++) {
      const x = source[i + a]! - from[a]!;
      spread += x * x;
      for (let b = 0; b < 3; b++) h[3 * b + a]! += (target[i + b]! - to[b]!) * x;
    }
  if (!h.every(Number.isFinite))
    throw new Error('procrustes: a coordinate is not a finite number; leave such poses out.');
  const { u, s, v } = svd(h as unknown as Matrix3);
  // the sign of the last singular value is what keeps the rotation from being a reflection
  const sign = determinant(u) * determinant(v) < 0 ? -1 : 1;
  const rotation = s[0] > 0 ? compose({ u, s: [1, 1, sign], v }) : IDENTITY;
  const optimal = spread > 0 ? (s[0] + s[1] + sign * s[2]) / spread : 1;
  const scale = motion === 'rigid' ? 1 : optimal;
  const moved = apply(rotation, from);
  const translation: Vector3 = [
    to[0] - scale * moved[0],
    to[1] - scale * moved[1],
    to[2] - scale * moved[2],
  ];
  const aligned = new Float64Array(3 * n);
  for (let i = 0; i < 3 * n; i += 3) {
    // about the mean, so that points far from the origin lose no digits
    const turned = apply(rotation, [
      source[i]! - from[0],
      source[i + 1]! - from[1],
      source[i + 2]! - from[2],
    ]);
    for (let a = 0; a < 3; a++) aligned[i + a] = scale * turned[a]! + to[a]!;
  }
  return { scale, rotation, translation, aligned };
}

function mean(points: ArrayLike<number>): Vector3 {
  const sum: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < points.length; i++) sum[i % 3]! += points[i]!;
  const n = points.length / 3;
  return [sum[0] / n, sum[1] / n, sum[2] / n];
}
