/**
 * The ops that all engines are given: seeded values, and how the end of a chain is judged. A chain
 * is y <- op(y, fixed) from `start`, so that each call needs the result of the one before.
 *
 * - matmul forward: y <- y w, where y is [m, k] and w [k, n]. Where n is not k, every second w is
 *   [n, k]: the chain alternates between the product and its mirror image, which has as many flops.
 * - matmul input gradient: dy <- dy wᵀ, in the same way.
 * - matmul weight gradient: dw <- dw + xᵀ dy, the sum that accumulates gradients; each call has
 *   another pair of an x [m, k] and a dy [m, n], so that no two products are the same.
 * - softmax and layer norm: y <- op(y) along the last axis.
 *
 * Weights are drawn so that values keep their size through a long chain.
 */

import { randomAt } from '../../src/data/random.ts';
import { NORM_EPSILON, relativeError } from './problem.ts';
import { type Fixed, type OpName, type OpWork, opName, type Values } from './work.ts';

export interface OpProblem {
  readonly start: Values;
  readonly fixed: Fixed<Values>;
  /** How far the y after so many calls is from f64, in parts of its largest value. */
  error(y: Float32Array, length: number): number;
}

/** @throws when the shape is not one of this op */
export function opProblem(work: OpWork): OpProblem {
  const name = opName(work);
  const make = PROBLEMS[name];
  if (!make) throw new Error(`The peers have no problem for ${name}.`);
  const axes = work.family === 'matmul' ? 3 : 2;
  if (work.shape.length !== axes) {
    throw new Error(`${name} takes ${axes} sizes, got [${work.shape.join(', ')}].`);
  }
  return make(work.shape, randomValues());
}

type Draw = (shape: readonly number[], low: number, high: number) => Values;

const PROBLEMS: {
  readonly [name in OpName]?: (shape: readonly number[], draw: Draw) => OpProblem;
} = {
  'matmul forward': ([m, k, n], draw) => {
    const w = n === k ? [weights(draw, k!, n!)] : [weights(draw, k!, n!), weights(draw, n!, k!)];
    const start = draw([m!, k!], -1, 1);
    const project = (v: Vector, i: number) => timesVector(w[i % w.length]!, v);
    return { start, fixed: { w }, error: (y, length) => chainError(start, project, y, length) };
  },
  'matmul input gradient': ([m, k, n], draw) => {
    const w = n === k ? [weights(draw, n!, k!)] : [weights(draw, n!, k!), weights(draw, k!, n!)];
    const turned = w.map(transposed);
    const start = draw([m!, n!], -1, 1);
    const project = (v: Vector, i: number) => timesVector(w[i % w.length]!, v);
    return {
      start,
      fixed: { w: turned },
      error: (y, length) => chainError(start, project, y, length),
    };
  },
  'matmul weight gradient': ([m, k, n], draw) => {
    // 4 and 5 have no common factor: 20 calls have 20 different pairs.
    const bound = Math.sqrt(3 / m!);
    const x = Array.from({ length: 4 }, () => draw([m!, k!], -1, 1));
    const dy = Array.from({ length: 5 }, () => draw([m!, n!], -bound, bound));
    const start = draw([k!, n!], -1, 1);
    const turned = x.map(transposed);
    return {
      start,
      fixed: { x, dy },
      error: (y, length) => {
        const r = signs(n!);
        const expected = timesVector(start, r);
        for (let i = 0; i < length; i++) {
          const more = timesVector(turned[i % 4]!, timesVector(dy[i % 5]!, r));
          for (const [j, value] of more.entries()) expected[j]! += value;
        }
        return relativeError(timesVector({ shape: [k!, n!], values: y }, r), expected);
      },
    };
  },
  'softmax forward': (shape, draw) => {
    const start = draw(shape, -3, 3);
    return { start, fixed: {}, error: rowsError(start, softmaxRow) };
  },
  'layerNorm forward': (shape, draw) => {
    const start = draw(shape, -3, 3);
    const scale = draw(shape.slice(-1), 0.5, 1.5);
    const shift = draw(shape.slice(-1), -0.5, 0.5);
    const row = (x: Float64Array) => layerNormRow(x, scale.values, shift.values);
    return { start, fixed: { scale: [scale], shift: [shift] }, error: rowsError(start, row) };
  },
};

/** Uniform numbers; each tensor has its own. */
function randomValues(): Draw {
  let count = 0;
  return (shape, low, high) => {
    const random = randomAt(3, count++);
    const size = shape.reduce((a, b) => a * b, 1);
    return { shape, values: Float32Array.from({ length: size }, () => random.uniform(low, high)) };
  };
}

/** Of variance 1 / inputs, which keeps the size of x through x w. */
function weights(draw: Draw, inputs: number, outputs: number): Values {
  const bound = Math.sqrt(3 / inputs);
  return draw([inputs, outputs], -bound, bound);
}

type Vector = Float64Array;

/**
 * Compares y r with x (w (w ... r)), which needs no product of matrices: r has a random sign for
 * each column, so that errors show, wherever they are.
 */
function chainError(
  start: Values,
  project: (v: Vector, i: number) => Vector,
  y: Float32Array,
  length: number,
): number {
  const rows = start.shape[0]!;
  const columns = y.length / rows;
  const r = signs(columns);
  let v = r;
  for (let i = length - 1; i >= 0; i--) v = project(v, i);
  return relativeError(
    timesVector({ shape: [rows, columns], values: y }, r),
    timesVector(start, v),
  );
}

function signs(count: number): Vector {
  const random = randomAt(4);
  return Float64Array.from({ length: count }, () => (random.chance(0.5) ? 1 : -1));
}

function timesVector({ shape, values }: Values, v: Vector): Vector {
  const [rows, columns] = shape as [number, number];
  const product = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += values[i * columns + j]! * v[j]!;
    product[i] = sum;
  }
  return product;
}

function transposed({ shape, values }: Values): Values {
  const [rows, columns] = shape as [number, number];
  const turned = new Float32Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) turned[j * rows + i] = values[i * columns + j]!;
  return { shape: [columns, rows], values: turned };
}

/** Judges an op on rows by the same op in f64, applied as often. */
function rowsError(start: Values, op: (row: Vector) => Vector): OpProblem['error'] {
  const columns = start.shape[1]!;
  return (y, length) => {
    const expected = new Float64Array(start.values);
    for (let at = 0; at < expected.length; at += columns) {
      let row: Vector = expected.slice(at, at + columns);
      for (let i = 0; i < length; i++) row = op(row);
      expected.set(row, at);
    }
    return relativeError(y, expected);
  };
}

function softmaxRow(x: Vector): Vector {
  const top = x.reduce((a, b) => Math.max(a, b));
  const powers = x.map((value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

function layerNormRow(x: Vector, scale: Float32Array, shift: Float32Array): Vector {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const deviation = Math.sqrt(variance + NORM_EPSILON);
  return x.map((value, i) => (scale[i]! * (value - mean)) / deviation + shift[i]!);
}
