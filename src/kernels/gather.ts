/** Entries of a table by an index, and their gradient. */

import gatherWgsl from '../../shaders/gather.wgsl';
import gatherBackwardWgsl from '../../shaders/gather_backward.wgsl';
import { singles } from './chain.ts';
import { kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { columnThreads, type Lines, lanesOf, shareLines } from './walk.ts';

/** y [rows, columns] from table [entries, columns] by index [rows]. */
export const gather = /* @__PURE__ */ kernel<'table' | 'index', 'y'>(gatherWgsl, {
  reads: ['table', 'index'],
  writes: ['y'],
  editions: ({ y }) => (lanesOf(y) === 4 ? {} : singles),
  overrides: ({ y }, _, target) => ({ WIDTH: rowLines(target, y).width }),
  params: ({ table, y }, _, target) => {
    const { lines, threads, stride, steps } = rowLines(target, y);
    const columns = y.shape[1]! / lanesOf(y);
    return { rows: lines, columns, entries: table.shape[0]!, threads, stride, steps };
  },
  groups: ({ y }, _, target) => rowLines(target, y).groups,
  cost: ({ y, index }) => ({ bytes: 8 * sizeOf(y.shape) + 4 * sizeOf(index.shape), flops: 0 }),
  cut: () => ['index', 'y'],
});

const rowLines = (target: Target, y: Operand): Lines =>
  shareLines(target, y.shape[0]!, y.shape[1]! / lanesOf(y));

/**
 * Threads that walk the index of a gather, where columns are too few to be enough. A GPU wants many;
 * on a CPU each more repeats the walk, and some vectors of lanes keep its cores busy.
 */
const walkers = ({ kind }: Target) => (kind === 'hardware' ? 2 ** 15 : 32);

/** How threads share a table: each takes `span` entries of one column of Ts. */
function spansOf(target: Target, { shape }: Operand, lanes: number) {
  const [entries, columns] = [shape[0]!, shape[1]! / lanes];
  const parts = Math.max(1, Math.min(entries, Math.floor(walkers(target) / columns)));
  const span = Math.max(1, Math.ceil(entries / parts));
  const width = columnThreads(target, 64);
  return { columns, entries, span, width, threads: columns * Math.ceil(entries / span) };
}

/** dtable [entries, columns] from dy [rows, columns] and index [rows]. */
export const gatherBackward = /* @__PURE__ */ kernel<'index' | 'dy', 'dtable'>(gatherBackwardWgsl, {
  reads: ['index', 'dy'],
  writes: ['dtable'],
  editions: ({ dy }) => (lanesOf(dy) === 4 ? {} : singles),
  overrides: ({ dtable, dy }, _, target) => ({ WIDTH: spansOf(target, dtable, lanesOf(dy)).width }),
  params: ({ dtable, dy }, _, target) => {
    const { columns, entries, span } = spansOf(target, dtable, lanesOf(dy));
    return { rows: dy.shape[0]!, columns, entries, span };
  },
  groups: ({ dtable, dy }, _, target) => {
    const { threads, width } = spansOf(target, dtable, lanesOf(dy));
    return Math.ceil(threads / width);
  },
  cost: ({ dtable, dy, index }) => ({
    bytes: 4 * (sizeOf(dtable.shape) + sizeOf(dy.shape) + sizeOf(index.shape)),
    flops: sizeOf(dy.shape),
  }),
});
