/** Products of matrices: forward, and the gradients, which are products with one side transposed. */

import { matmul } from '../src/graph/ops/matmul.ts';
import { matmulTunable } from '../src/kernels/matmul.ts';
import type { Case, Family, Problem } from './family.ts';
import { checkDims, uniform } from './family.ts';
import type { Pass } from './rows.ts';

const DIMS = 'm,k,n';

export const family: Family = {
  name: 'matmul',
  dims: DIMS,
  bytes: '4 (m k + k n + m n): a and b are read once, y is written',
  tolerance: 1e-5,
  shapes: [
    [512, 512, 512],
    [1024, 1024, 1024],
    [4096, 64, 64],
    [64, 1024, 1024],
    [1, 1024, 1024],
    // The scores of one head of attention over 577 tokens: sizes that quads do not fill.
    [577, 64, 577],
  ],
  tunable: matmulTunable,
  ladder: ['naive', 'tile', 'tileRegisters', 'registers', 'subgroup4', 'subgroup8'],
  cases(shape) {
    checkDims(shape, DIMS, 'matmul');
    const [m, k, n] = shape as [number, number, number];
    const cost = { bytes: 4 * (m * k + k * n + m * n), flops: 2 * m * k * n };
    const made = (pass: Pass, make: () => Problem): Case => ({ pass, shape, cost, make });
    return [
      made('forward', () => product([m, k, n], {})),
      // da = dy bᵀ and db = aᵀ dy
      made('input gradient', () => product([m, n, k], { transposeB: true })),
      made('weight gradient', () => product([k, m, n], { transposeA: true })),
    ];
  },
};

type Sizes = readonly [m: number, k: number, n: number];

/** y = a b, checked by y r = a (b r) for a random r: that costs little, and sees every element. */
function product(
  [m, k, n]: Sizes,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean },
): Problem {
  const a = uniform(transposeA ? [k, m] : [m, k], 1);
  const b = uniform(transposeB ? [n, k] : [k, n], 2);
  return {
    inputs: { a, b },
    build: ({ a, b }) => ({ y: matmul(a!, b!, { transposeA, transposeB }) }),
    error: ({ y }) => productError([m, k, n], a.values, b.values, y!, { transposeA, transposeB }),
  };
}

/** The largest difference of y r to a (b r) in f64, in parts of the largest value. */
export function productError(
  [m, k, n]: Sizes,
  a: Float32Array,
  b: Float32Array,
  y: Float32Array,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean },
): number {
  const r = uniform([n], 3).values;
  const expected = times(a, times(b, r, k, n, transposeB), m, k, transposeA);
  const got = times(y, r, m, n, false);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = expected.reduce((most, value, i) => {
    const difference = Math.abs(got[i]! - value);
    return Number.isNaN(difference) ? Infinity : Math.max(most, difference);
  }, 0);
  return worst / largest;
}

/** x v in f64, x [rows, columns] or its transpose in memory. */
function times(
  x: Float32Array,
  v: ArrayLike<number>,
  rows: number,
  columns: number,
  transposed: boolean,
): Float64Array {
  const sums = new Float64Array(rows);
  if (transposed) {
    for (let c = 0; c < columns; c++)
      for (let r = 0; r < rows; r++) sums[r]! += x[c * rows + r]! * v[c]!;
  } else {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += x[r * columns + c]! * v[c]!;
      sums[r] = sum;
    }
  }
  return sums;
}
