/**
 * Batch norm by the statistics of the batch: y <- op(y), and dy <- dx, which begins with an x: each
 * call takes another, and its statistics are computed, too. The gradients of scale and shift are
 * the sums that dx is made of.
 */

import { NORM_EPSILON, relativeError } from '../problem.ts';
import type { OpWork } from '../work.ts';
import { type Draw, type OpProblem, PAIRS, pick, several, stepped, type Vector } from './parts.ts';

/** @throws where the gradient of scale and shift is asked for alone */
export function batchNormProblem({ pass, shape }: OpWork, draw: Draw): OpProblem {
  if (pass === 'weight gradient')
    throw new Error('The peers have the gradients of batch norm together, as its input gradient.');
  const c = shape[3]!;
  const [scale, shift] = [draw([c], 0.5, 1.5), draw([c], -0.5, 0.5)];
  const fixed = { scale: [scale], shift: [shift] };
  const start = draw(shape, -1, 1);
  const begin = () => Float64Array.from(start.values);
  if (pass === 'forward') {
    const expected = stepped(begin, (x) => {
      const { normal } = normalised(x, c);
      return normal.map((v, i) => scale.values[i % c]! * v + shift.values[i % c]!);
    });
    return { start, fixed, error: (y, length) => relativeError(y, expected(length)) };
  }
  // Of variance 1, so that gradients keep their size.
  const x = several(PAIRS[0], () => draw(shape, -Math.sqrt(3), Math.sqrt(3)));
  const expected = stepped(begin, (dy, i) => inputGradient(pick(x, i).values, dy, scale.values));
  const error = (y: Float32Array, length: number) => relativeError(y, expected(length));
  return { start, fixed: { ...fixed, x }, error };
}

/** x̂ = (x - mean) / deviation of each channel. */
function normalised(x: ArrayLike<number>, c: number) {
  const count = x.length / c;
  const [mean, deviation] = [new Float64Array(c), new Float64Array(c)];
  for (let i = 0; i < x.length; i++) mean[i % c]! += x[i]! / count;
  for (let i = 0; i < x.length; i++) deviation[i % c]! += (x[i]! - mean[i % c]!) ** 2 / count;
  for (let i = 0; i < c; i++) deviation[i] = Math.sqrt(deviation[i]! + NORM_EPSILON);
  const normal = Float64Array.from(x, (v, i) => (v - mean[i % c]!) / deviation[i % c]!);
  return { normal, deviation };
}

/** dx = scale (dy - mean of dy - x̂ mean of dy x̂) / deviation */
function inputGradient(x: Float32Array, dy: Vector, scale: Float32Array): Vector {
  const c = scale.length;
  const { normal, deviation } = normalised(x, c);
  const [mean, dot] = [new Float64Array(c), new Float64Array(c)];
  for (let i = 0; i < dy.length; i++) {
    mean[i % c]! += (dy[i]! * c) / dy.length;
    dot[i % c]! += (dy[i]! * normal[i]! * c) / dy.length;
  }
  return dy.map((d, i) => {
    const common = mean[i % c]! + normal[i]! * dot[i % c]!;
    return (scale[i % c]! * (d - common)) / deviation[i % c]!;
  });
}
