/**
 * Sums, maxima and minima: along rows by workgroups, or along any axis with one thread for each
 * result.
 */

import rowsWgsl from '../../shaders/reduce_rows.wgsl';
import stridedWgsl from '../../shaders/reduce_strided.wgsl';
import { singles } from './chain.ts';
import { kernel, rowThreads } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';

export const reductions = { sum: 0, max: 1, min: 2 } as const;
export type Reduction = keyof typeof reductions;

/** y [rows] from x [rows, columns]. */
export const reduceRows = kernel<'x', 'y', { op: Reduction }>(rowsWgsl, {
  reads: ['x'],
  writes: ['y'],
  overrides: (_t, { op }, target) => ({ OP: reductions[op], ...rowThreads(target) }),
  params: ({ x }) => ({ rows: x.shape[0]!, columns: x.shape[1]! }),
  groups: ({ x }) => x.shape[0]!,
  cost: ({ x, y }) => ({ bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)), flops: sizeOf(x.shape) }),
  cut: () => ['x', 'y'],
});

export interface StridedAttributes {
  readonly op: Reduction;
  /** Values that one thread reduces. */
  readonly block: number;
  readonly accumulate: boolean;
}

/**
 * Partial results y [blocks, outer, inner] from x [outer, reduced, inner], or [reduced, inner]
 * where outer is 1.
 */
export const reduceStrided = kernel<'x', 'y', StridedAttributes>(stridedWgsl, {
  reads: ['x'],
  writes: ['y'],
  editions: ({ x }) => (inner(x) % 4 === 0 ? {} : singles),
  overrides: (_, { op, accumulate }) => ({ OP: reductions[op], ACCUMULATE: Number(accumulate) }),
  params: ({ x }, { block }) => ({
    outer: x.shape.length === 3 ? x.shape[0]! : 1,
    reduced: x.shape.at(-2)!,
    inner: inner(x) / lanes(x),
    block,
  }),
  groups: ({ x }, { block }) => {
    const outer = x.shape.length === 3 ? x.shape[0]! : 1;
    return Math.ceil((outer * Math.ceil(x.shape.at(-2)! / block) * inner(x)) / lanes(x) / 64);
  },
  cost: ({ x, y }) => ({ bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)), flops: sizeOf(x.shape) }),
  cut: ({ x }) => (x.shape.length === 3 ? ['x', 'y'] : ['x']),
  piece: (a, first, { x }) => (x.shape.length === 3 ? a : { ...a, accumulate: first > 0 }),
});

const inner = (x: Operand) => x.shape.at(-1)!;
const lanes = (x: Operand) => (inner(x) % 4 === 0 ? 4 : 1);
