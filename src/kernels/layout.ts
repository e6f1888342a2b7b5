/** Kernels that move values: strided copies, fills, gathers. */

import copyWgsl from '../../shaders/copy.wgsl';
import fillWgsl from '../../shaders/fill.wgsl';
import gatherWgsl from '../../shaders/gather.wgsl';
import gatherBackwardWgsl from '../../shaders/gather_backward.wgsl';
import { singles } from './chain.ts';
import { kernel, type Target } from './kernel.ts';
import { type Operand, type Shape, sizeOf } from './tensor.ts';
import { countOf, lanesOf, lineWalk, walkGroups, walkParams } from './walk.ts';

/** The most axes of a copy, after neighbouring ones that lie alike are merged. */
export const COPY_AXES = 6;

/** A box of elements, and where each lies in x and in y: strides and first element. */
export interface Box {
  readonly shape: Shape;
  readonly x: { readonly first: number; readonly strides: Shape };
  readonly y: { readonly first: number; readonly strides: Shape };
}

const copyBox = kernel<'x', 'y', Box>(copyWgsl, {
  reads: ['x'],
  writes: ['y'],
  params: (_, { shape, x, y }) => ({
    count: sizeOf(shape),
    x_first: x.first,
    y_first: y.first,
    ...axes('d', shape, 1),
    ...axes('x', x.strides, 0),
    ...axes('y', y.strides, 0),
  }),
  groups: (_, { shape }) => Math.ceil(sizeOf(shape) / 64),
  cost: (_, { shape }) => ({ bytes: 8 * sizeOf(shape), flops: 0 }),
});

const axes = (prefix: string, values: Shape, filler: number) => {
  const padded = [...Array<number>(COPY_AXES - values.length).fill(filler), ...values];
  return Object.fromEntries(padded.map((value, i) => [`${prefix}${i}`, value]));
};

/**
 * Copies a box of x into y. What one binding cannot hold is cut in halves along the longest outer
 * axis.
 */
export function copy(
  target: Target,
  { x, y }: { x: Operand; y: Operand },
  box: Box,
): ReturnType<typeof copyBox> {
  const { shape } = box;
  if (sizeOf(shape) === 0) return [];
  const merged = merge(box);
  const span = (strides: Shape) => merged.shape.reduce((s, n, i) => s + (n - 1) * strides[i]!, 1);
  const bytes = 4 * (Math.max(span(merged.x.strides), span(merged.y.strides)) + 64);
  const axis = merged.shape.findIndex((n) => n > 1);
  if (bytes <= target.maxBinding || axis < 0) {
    const range = (operand: Operand, { first, strides }: Box['x']) => {
      // A binding starts at a multiple of 64 elements.
      const start = Math.floor(first / 64) * 64;
      const size = first - start + span(strides);
      return {
        operand: { ...operand, offset: operand.offset + start, shape: [size] },
        lies: { first: first - start, strides },
      };
    };
    const from = range(x, merged.x);
    const to = range(y, merged.y);
    const inner = { shape: merged.shape, x: from.lies, y: to.lies };
    return copyBox(target, { x: from.operand, y: to.operand }, inner);
  }
  const half = merged.shape[axis]! >> 1;
  const part = (from: number, to: number): Box => {
    const move = ({ first, strides }: Box['x']) => ({
      first: first + from * strides[axis]!,
      strides,
    });
    const cut = merged.shape.map((n, i) => (i === axis ? to - from : n));
    return { shape: cut, x: move(merged.x), y: move(merged.y) };
  };
  return [part(0, half), part(half, merged.shape[axis]!)].flatMap((b) => copy(target, { x, y }, b));
}

/** The same box with as few axes as possible. */
function merge({ shape, x, y }: Box): Box {
  const kept: { n: number; x: number; y: number }[] = [];
  shape.forEach((n, i) => {
    if (n === 1) return;
    const next = { n, x: x.strides[i]!, y: y.strides[i]! };
    const last = kept.at(-1);
    if (last && last.x === next.n * next.x && last.y === next.n * next.y)
      kept[kept.length - 1] = { ...next, n: last.n * next.n };
    else kept.push(next);
  });
  if (kept.length > COPY_AXES)
    throw new Error(
      `copy: [${shape.join(', ')}] needs ${kept.length} axes, the kernel has ${COPY_AXES}. Transpose in two steps`,
    );
  return {
    shape: kept.map(({ n }) => n),
    x: { first: x.first, strides: kept.map((k) => k.x) },
    y: { first: y.first, strides: kept.map((k) => k.y) },
  };
}

/** Strides of a tensor that is row-major. */
export const stridesOf = (shape: Shape): number[] =>
  shape.map((_, i) => sizeOf(shape.slice(i + 1)));

/** y [size] filled with one value. */
export const fill = kernel<never, 'y', { value: number }>(fillWgsl, {
  reads: [],
  writes: ['y'],
  editions: ({ y }) => (lanesOf(y) === 4 ? {} : singles),
  overrides: ({ y }, _, target) => ({ WIDTH: lineWalk(target, countOf(y)).width }),
  params: ({ y }, { value }, target) => ({
    count: countOf(y),
    ...walkParams(lineWalk(target, countOf(y))),
    value,
  }),
  groups: ({ y }, _, target) => walkGroups(lineWalk(target, countOf(y)), countOf(y)),
  cost: ({ y }) => ({ bytes: 4 * sizeOf(y.shape), flops: 0 }),
  cut: () => ['y'],
});

/** y [rows, columns] from table [entries, columns] by index [rows]. */
export const gather = kernel<'table' | 'index', 'y'>(gatherWgsl, {
  reads: ['table', 'index'],
  writes: ['y'],
  params: ({ table, y }) => ({
    rows: y.shape[0]!,
    columns: y.shape[1]!,
    entries: table.shape[0]!,
  }),
  groups: ({ y }) => Math.ceil(sizeOf(y.shape) / 64),
  cost: ({ y, index }) => ({ bytes: 8 * sizeOf(y.shape) + 4 * sizeOf(index.shape), flops: 0 }),
  cut: () => ['index', 'y'],
});

/** dtable [entries, columns] from dy [rows, columns] and index [rows]. */
export const gatherBackward = kernel<'index' | 'dy', 'dtable'>(gatherBackwardWgsl, {
  reads: ['index', 'dy'],
  writes: ['dtable'],
  params: ({ dtable, dy }) => ({
    rows: dy.shape[0]!,
    columns: dy.shape[1]!,
    entries: dtable.shape[0]!,
  }),
  groups: ({ dtable }) => Math.ceil(sizeOf(dtable.shape) / 64),
  cost: ({ dtable, dy }) => ({
    bytes: 4 * (sizeOf(dtable.shape) + sizeOf(dy.shape)),
    flops: sizeOf(dy.shape),
  }),
});
