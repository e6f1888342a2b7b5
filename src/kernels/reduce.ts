/**
 * Sums, maxima and minima: along rows by workgroups, or along any axis with one thread for each
 * result.
 */

import rowsWgsl from '../../shaders/reduce_rows.wgsl';
import shortRowsWgsl from '../../shaders/reduce_short_rows.wgsl';
import stridedWgsl from '../../shaders/reduce_strided.wgsl';
import { singles } from './chain.ts';
import { kernel } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { rowThreads } from './thread_rows.ts';
import { columnThreads, lanesOf as lanes, rowWalk, walkGroups } from './walk.ts';

export const reductions = { sum: 0, max: 1, min: 2 } as const;
export type Reduction = keyof typeof reductions;

const rowsOf = (x: Operand) => x.shape[0]!;
const editions = (x: Operand) => (lanes(x) === 4 ? {} : singles);

/** y [rows] from x [rows, columns], a workgroup for each row. */
export const reduceRows = /* @__PURE__ */ kernel<'x', 'y', { op: Reduction }>(rowsWgsl, {
  reads: ['x'],
  writes: ['y'],
  editions: ({ x }) => editions(x),
  overrides: ({ x }, { op }, target) => ({ OP: reductions[op], ...rowThreads(target, x) }),
  params: ({ x }) => ({ rows: rowsOf(x), columns: inner(x) / lanes(x) }),
  groups: ({ x }) => rowsOf(x),
  cost: ({ x, y }) => ({ bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)), flops: sizeOf(x.shape) }),
  cut: () => ['x', 'y'],
});

/** y [rows] from x [rows, columns], a thread for each row. */
export const reduceShortRows = /* @__PURE__ */ kernel<'x', 'y', { op: Reduction }>(shortRowsWgsl, {
  reads: ['x'],
  writes: ['y'],
  editions: ({ x }) => editions(x),
  overrides: ({ x }, { op }, target) => ({
    OP: reductions[op],
    WIDTH: rowWalk(target, rowsOf(x)).width,
  }),
  params: ({ x }, _, target) => ({
    rows: rowsOf(x),
    columns: inner(x) / lanes(x),
    steps: rowWalk(target, rowsOf(x)).steps,
  }),
  groups: ({ x }, _, target) => walkGroups(rowWalk(target, rowsOf(x)), rowsOf(x)),
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
export const reduceStrided = /* @__PURE__ */ kernel<'x', 'y', StridedAttributes>(stridedWgsl, {
  reads: ['x'],
  writes: ['y'],
  editions: ({ x }) => editions(x),
  overrides: (_, { op, accumulate }, target) => ({
    OP: reductions[op],
    ACCUMULATE: Number(accumulate),
    WIDTH: columnThreads(target, 64),
  }),
  params: ({ x }, { block }) => ({
    outer: x.shape.length === 3 ? x.shape[0]! : 1,
    reduced: x.shape.at(-2)!,
    inner: inner(x) / lanes(x),
    block,
  }),
  groups: ({ x }, { block }, target) => {
    const outer = x.shape.length === 3 ? x.shape[0]! : 1;
    const threads = (outer * Math.ceil(x.shape.at(-2)! / block) * inner(x)) / lanes(x);
    return Math.ceil(threads / columnThreads(target, 64));
  },
  cost: ({ x, y }) => ({ bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)), flops: sizeOf(x.shape) }),
  cut: ({ x }) => (x.shape.length === 3 ? ['x', 'y'] : ['x']),
  piece: (a, first, { x }) => (x.shape.length === 3 ? a : { ...a, accumulate: first > 0 }),
});

const inner = (x: Operand) => x.shape.at(-1)!;
