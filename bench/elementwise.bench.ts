/** Chains of elementwise ops: one kernel, whatever the number of stages. */

import { add, mul, relu, silu, sub } from '../src/graph/ops/elementwise.ts';
import type { Tensor } from '../src/graph/trace.ts';
import { walkTunable } from '../src/kernels/walk.ts';
import { type Case, checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'rows,columns';

export const family: Family = {
  name: 'elementwise',
  dims: DIMS,
  bytes: 'every operand is read once and the result written, however long the chain',
  tolerance: 1e-6,
  shapes: [
    [1024, 1024],
    [4096, 2048],
  ],
  tunable: walkTunable,
  cases(shape) {
    checkDims(shape, DIMS, 'elementwise');
    return chains.map(({ name, full, row, flops, build, value }): Case => {
      const [rows, columns] = shape as [number, number];
      const size = rows * columns;
      return {
        name,
        pass: 'forward',
        shape,
        cost: { bytes: 4 * ((full + 1) * size + row * columns), flops: flops * size },
        make() {
          const x = uniform(shape, 1);
          const z = uniform(shape, 2);
          const b = uniform([columns], 3);
          return {
            inputs: { x, ...(full > 1 && { z }), ...(row && { b }) },
            build: (t) => ({ y: build(t) }),
            error: ({ y }) =>
              errorOf(y!, (i) => value(x.values[i]!, z.values[i]!, b.values[i % columns]!)),
          };
        },
      };
    });
  },
};

interface Chain {
  readonly name: string;
  /** Operands as large as the result, and operands of one row. */
  readonly full: number;
  readonly row: number;
  /** Of each value: a multiply-add is two, and so on. */
  readonly flops: number;
  readonly build: (t: Readonly<Record<string, Tensor>>) => Tensor;
  readonly value: (x: number, z: number, b: number) => number;
}

const chains: readonly Chain[] = [
  {
    name: '1 stage: relu',
    full: 1,
    row: 0,
    flops: 1,
    build: ({ x }) => relu(x!),
    value: (x) => Math.max(0, x),
  },
  {
    name: '3 stages: bias, relu, residual',
    full: 2,
    row: 1,
    flops: 3,
    build: ({ x, z, b }) => add(relu(add(x!, b!)), z!),
    value: (x, z, b) => Math.max(0, x + b) + z,
  },
  {
    name: '6 stages',
    full: 2,
    row: 1,
    flops: 6,
    build: ({ x, z, b }) => mul(relu(sub(mul(add(mul(x!, b!), z!), 0.5), b!)), 3),
    value: (x, z, b) => Math.max(0, (x * b + z) * 0.5 - b) * 3,
  },
  {
    name: 'silu',
    full: 1,
    row: 0,
    // An exponential is counted as eight.
    flops: 11,
    build: ({ x }) => silu(x!),
    value: (x) => x / (1 + Math.exp(-x)),
  },
];
