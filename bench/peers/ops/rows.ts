/**
 * Ops along the last axis of [rows, columns]. Forward y <- op(y). The input gradient of a norm is
 * dy <- dx, which begins with an x: each call takes another, and what the forward pass has to leave
 * is computed, too. Gradients of scale and shift add up: acc <- acc + dscale + dshift, each for
 * another pair of an x and a dy.
 */

import { NORM_EPSILON, relativeError } from '../problem.ts';
import type { OpWork } from '../work.ts';
import {
  accumulate,
  type Draw,
  memoised,
  type OpProblem,
  PAIRS,
  pick,
  several,
  stepped,
  type Vector,
} from './parts.ts';

/** @throws for gradients */
export function softmaxProblem({ pass, shape }: OpWork, draw: Draw): OpProblem {
  if (pass !== 'forward') throw new Error('The peers have softmax forward alone.');
  const start = draw(shape, -3, 3);
  const expected = stepped(
    () => Float64Array.from(start.values),
    (y) => eachRow(y, shape[1]!, softmaxRow),
  );
  return { start, fixed: {}, error: (y, length) => relativeError(y, expected(length)) };
}

export function layerNormProblem({ pass, shape }: OpWork, draw: Draw): OpProblem {
  const columns = shape[1]!;
  const vector = (low: number, high: number) => draw([columns], low, high);
  const [scale, shift] = [vector(0.5, 1.5), vector(-0.5, 0.5)];
  const fixed = { scale: [scale], shift: [shift] };
  if (pass === 'forward') {
    const start = draw(shape, -3, 3);
    const row = (x: Vector) =>
      normalised(x).normal.map((v, i) => scale.values[i]! * v + shift.values[i]!);
    const expected = stepped(
      () => Float64Array.from(start.values),
      (y) => eachRow(y, columns, row),
    );
    return { start, fixed, error: (y, length) => relativeError(y, expected(length)) };
  }
  // Of variance 1, so that gradients keep their size.
  const x = several(PAIRS[0], () => draw(shape, -Math.sqrt(3), Math.sqrt(3)));
  if (pass === 'input gradient') {
    const start = draw(shape, -1, 1);
    const expected = stepped(
      () => Float64Array.from(start.values),
      (dy, i) => inputGradient(Float64Array.from(pick(x, i).values), dy, scale.values),
    );
    const error = (y: Float32Array, length: number) => relativeError(y, expected(length));
    return { start, fixed: { ...fixed, x }, error };
  }
  const dy = several(PAIRS[1], () => draw(shape, -1, 1));
  const start = vector(-1, 1);
  const part = memoised((i) => {
    const normal = eachRow(
      Float64Array.from(pick(x, i).values),
      columns,
      (x) => normalised(x).normal,
    );
    const sums = new Float64Array(columns);
    for (const [j, d] of pick(dy, i).values.entries()) sums[j % columns]! += d * normal[j]! + d;
    return sums;
  });
  return {
    start,
    fixed: { ...fixed, x, dy },
    error(y, length) {
      const expected = Float64Array.from(start.values);
      for (let i = 0; i < length; i++) accumulate(expected, part(i));
      return relativeError(y, expected);
    },
  };
}

function eachRow(x: Vector, columns: number, op: (row: Vector) => Vector): Vector {
  const y = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += columns) y.set(op(x.subarray(at, at + columns)), at);
  return y;
}

function softmaxRow(x: Vector): Vector {
  const top = x.reduce((a, b) => Math.max(a, b));
  const powers = x.map((value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

function normalised(x: Vector) {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const deviation = Math.sqrt(variance + NORM_EPSILON);
  return { normal: x.map((value) => (value - mean) / deviation), deviation };
}

/** dx = (g - mean of g - x̂ mean of g x̂) / deviation, g = dy scale; means along the row. */
function inputGradient(x: Vector, dy: Vector, scale: Float32Array): Vector {
  const columns = scale.length;
  const dx = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += columns) {
    const { normal, deviation } = normalised(x.subarray(at, at + columns));
    const g = dy.subarray(at, at + columns).map((d, i) => d * scale[i]!);
    const mean = g.reduce((a, b) => a + b) / columns;
    const dot = g.reduce((sum, d, i) => sum + d * normal[i]!, 0) / columns;
    for (let i = 0; i < columns; i++) dx[at + i] = (g[i]! - mean - normal[i]! * dot) / deviation;
  }
  return dx;
}
