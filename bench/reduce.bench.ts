/** Sums of rows and of columns. */

import { sum } from '../src/graph/ops/reduce.ts';
import { rowsTunable } from '../src/kernels/thread_rows.ts';
import { type Case, checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'rows,columns';

export const family: Family = {
  name: 'reduce',
  dims: DIMS,
  bytes: 'x is read once, the sums are written',
  tolerance: 1e-5,
  shapes: [
    [1024, 256],
    [4096, 1024],
    [65_536, 64],
  ],
  tunable: rowsTunable,
  cases(shape) {
    checkDims(shape, DIMS, 'reduce');
    return [along(shape, 1), along(shape, 0)];
  },
};

function along(shape: readonly number[], axis: 0 | 1): Case {
  const [rows, columns] = shape as [number, number];
  const results = shape[1 - axis]!;
  const size = rows * columns;
  return {
    name: axis === 1 ? 'sums of rows' : 'sums of columns',
    pass: 'forward',
    shape,
    cost: { bytes: 4 * (size + results), flops: size },
    make() {
      const x = uniform(shape, 1, 0);
      return {
        inputs: { x },
        build: ({ x }) => ({ y: sum(x!, [axis]) }),
        error({ y }) {
          const sums = new Float64Array(results);
          for (let r = 0, i = 0; r < rows; r++)
            for (let c = 0; c < columns; c++) sums[axis === 1 ? r : c]! += x.values[i++]!;
          return errorOf(y!, (i) => sums[i]!);
        },
      };
    },
  };
}
