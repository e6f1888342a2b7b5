/** Moving values: transposing, and rows by index. */

import { gather, transpose } from '../src/graph/ops/layout.ts';
import { walkTunable } from '../src/kernels/walk.ts';
import { checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'rows,columns';

export const family: Family = {
  name: 'layout',
  dims: DIMS,
  bytes: 'x is read once, y is written; gather reads the index, too',
  tolerance: 0,
  shapes: [[1024, 1024]],
  tunable: walkTunable,
  cases(shape) {
    checkDims(shape, DIMS, 'layout');
    const [rows, columns] = shape as [number, number];
    const size = rows * columns;
    return [
      {
        name: 'transpose',
        pass: 'forward',
        shape,
        cost: { bytes: 8 * size, flops: 0 },
        make() {
          const x = uniform(shape, 1);
          return {
            inputs: { x },
            build: ({ x }) => ({ y: transpose(x!) }),
            error: ({ y }) =>
              errorOf(y!, (i) => x.values[(i % rows) * columns + Math.floor(i / rows)]!),
          };
        },
      },
      {
        name: 'gather',
        pass: 'forward',
        shape,
        cost: { bytes: 8 * size + 4 * rows, flops: 0 },
        make() {
          const table = uniform(shape, 1);
          const picked = uniform([rows], 2, 0, rows).values.map(Math.floor);
          return {
            inputs: { table, index: { shape: [rows], values: picked, dtype: 'u32' } },
            build: ({ table, index }) => ({ y: gather(table!, index!) }),
            error: ({ y }) =>
              errorOf(y!, (i) => {
                const row = picked[Math.floor(i / columns)]!;
                return table.values[row * columns + (i % columns)]!;
              }),
          };
        },
      },
    ];
  },
};
