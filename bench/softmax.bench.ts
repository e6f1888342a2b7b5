/** Softmax along rows, and its gradient. */

import { grad } from '../src/graph/autograd.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { softmax } from '../src/graph/ops/softmax.ts';
import { rowsTunable } from '../src/kernels/thread_rows.ts';
import { type Case, checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'rows,columns';

export const family: Family = {
  name: 'softmax',
  dims: DIMS,
  bytes: 'forward reads x and writes y; backward reads y and dy and writes dx',
  tolerance: 1e-5,
  shapes: [
    // Attention between 17 joints: 32 poses of 8 heads.
    [4352, 17],
    [1024, 256],
    [64, 4096],
  ],
  tunable: rowsTunable,
  cases(shape) {
    checkDims(shape, DIMS, 'softmax');
    const [rows, columns] = shape as [number, number];
    const size = rows * columns;
    const forward: Case = {
      pass: 'forward',
      shape,
      // An exponential is counted as eight.
      cost: { bytes: 8 * size, flops: 12 * size },
      make() {
        const x = uniform(shape, 1, -3, 3);
        return {
          inputs: { x },
          build: ({ x }) => ({ y: softmax(x!) }),
          error: ({ y }) => errorOf(y!, at(softmaxOf(x.values, columns))),
        };
      },
    };
    const backward: Case = {
      pass: 'input gradient',
      shape,
      cost: { bytes: 12 * size, flops: 4 * size },
      ops: ['softmaxBackward'],
      make() {
        const x = uniform(shape, 1, -3, 3);
        const dy = uniform(shape, 2);
        return {
          inputs: { x, dy },
          build: ({ x, dy }) => ({ dx: grad(sum(mul(softmax(x!), dy!)), [x!])[0]! }),
          // dx = y (dy - sum of y dy)
          error({ dx }) {
            const y = softmaxOf(x.values, columns);
            const dots = new Float64Array(rows);
            y.forEach((v, i) => (dots[Math.floor(i / columns)]! += v * dy.values[i]!));
            return errorOf(dx!, (i) => y[i]! * (dy.values[i]! - dots[Math.floor(i / columns)]!));
          },
        };
      },
    };
    return [forward, backward];
  },
};

const at = (values: Float64Array) => (i: number) => values[i]!;

function softmaxOf(x: Float32Array, columns: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += columns) {
    let top = -Infinity;
    for (let i = start; i < start + columns; i++) top = Math.max(top, x[i]!);
    let total = 0;
    for (let i = start; i < start + columns; i++) total += y[i] = Math.exp(x[i]! - top);
    for (let i = start; i < start + columns; i++) y[i]! /= total;
  }
  return y;
}
