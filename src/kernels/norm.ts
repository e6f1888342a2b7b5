/** Batch norm over rows and layer norm along them. All matrices are [rows, columns]. */

import backwardWgsl from '../../shaders/batch_norm_backward.wgsl';
import finishWgsl from '../../shaders/batch_norm_finish.wgsl';
import statsWgsl from '../../shaders/batch_norm_stats.wgsl';
import sumsWgsl from '../../shaders/batch_norm_sums.wgsl';
import layerNormWgsl from '../../shaders/layer_norm.wgsl';
import layerNormBackwardWgsl from '../../shaders/layer_norm_backward.wgsl';
import layerNormBackwardShortRowsWgsl from '../../shaders/layer_norm_backward_short_rows.wgsl';
import layerNormShortRowsWgsl from '../../shaders/layer_norm_short_rows.wgsl';
import layerNormSumsWgsl from '../../shaders/layer_norm_sums.wgsl';
import { singles } from './chain.ts';
import { kernel, rowThreads, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { threadRows } from './thread_rows.ts';
import {
  blockSize,
  columnThreads,
  columnWalk,
  countOf,
  lanesOf as lanes,
  walkGroups,
  walkParams,
} from './walk.ts';

/** Rows that one thread reduces, at least; pieces of a matrix have a multiple of them. */
const NORM_BLOCK = 256;

/** Rows that one thread reduces; `least` of them where x does not fit one binding. */
export function normBlock(target: Target, x: Operand, least = NORM_BLOCK): number {
  const whole = 4 * sizeOf(x.shape) <= target.maxBinding;
  return whole ? blockSize(target, x.shape[0]!, columns(x) / lanes(x)) : least;
}

const columns = ({ shape }: Operand) => shape.at(-1)!;
const editions = (t: Operand) => (lanes(t) === 4 ? {} : singles);

interface Block {
  /** Rows of a block; see {@link normBlock}. */
  readonly block: number;
  /** Index of the first block, when x is cut. */
  readonly firstBlock: number;
}

const blockParams = (x: Operand, { block, firstBlock }: Block) => ({
  rows: x.shape[0]!,
  columns: columns(x) / lanes(x),
  block,
  first_block: firstBlock,
});
/** Threads of a workgroup where each has a column, or a block of one. */
const blockThreads = (target: Target) => columnThreads(target, 32);
const blockGroups = (x: Operand, { block }: Block, target: Target) =>
  Math.ceil((Math.ceil(x.shape[0]! / block) * columns(x)) / lanes(x) / blockThreads(target));
const backwardWalk = (target: Target, x: Operand) =>
  columnWalk(target, countOf(x), columns(x) / lanes(x));
const nextBlock = ({ block }: Block, first: number): Block => ({
  block,
  firstBlock: first / block,
});

/** Mean and sum of squared differences of each block of rows: mean, m2 [blocks, columns]. */
export const batchNormStats = kernel<'x', 'mean' | 'm2', Block>(statsWgsl, {
  reads: ['x'],
  writes: ['mean', 'm2'],
  editions: ({ x }) => editions(x),
  params: ({ x }, a) => blockParams(x, a),
  overrides: (_t, _a, target) => ({ WIDTH: blockThreads(target) }),
  groups: ({ x }, a, target) => blockGroups(x, a, target),
  cost: ({ x }) => ({ bytes: 4 * sizeOf(x.shape), flops: 4 * sizeOf(x.shape) }),
  cut: () => ['x'],
  cutRows: NORM_BLOCK,
  piece: nextBlock,
});

/** Joins blocks to mean and inv_std [columns], and updates what is remembered of them. */
export const batchNormFinish = kernel<
  'means' | 'm2s',
  'mean' | 'inv_std' | 'running_mean' | 'running_variance',
  { rows: number; block: number; epsilon: number; momentum: number }
>(finishWgsl, {
  reads: ['means', 'm2s'],
  writes: ['mean', 'inv_std', 'running_mean', 'running_variance'],
  editions: ({ means }) => editions(means),
  params: ({ means }, { rows, block, epsilon, momentum }) => {
    const width = columns(means) / lanes(means);
    return { rows, columns: width, block, epsilon, momentum };
  },
  overrides: (_t, _a, target) => ({ WIDTH: blockThreads(target) }),
  groups: ({ means }, _, target) => Math.ceil(columns(means) / lanes(means) / blockThreads(target)),
  cost: ({ means, mean }) => ({
    bytes: 8 * sizeOf(means.shape) + 24 * sizeOf(mean.shape),
    flops: 8 * sizeOf(means.shape),
  }),
});

/** Gradients of scale and shift for each block of rows: [blocks, columns]. */
export const batchNormSums = kernel<'x' | 'dy' | 'mean' | 'inv_std', 'dscale' | 'dshift', Block>(
  sumsWgsl,
  {
    reads: ['x', 'dy', 'mean', 'inv_std'],
    writes: ['dscale', 'dshift'],
    editions: ({ x }) => editions(x),
    params: ({ x }, a) => blockParams(x, a),
    overrides: (_t, _a, target) => ({ WIDTH: blockThreads(target) }),
    groups: ({ x }, a, target) => blockGroups(x, a, target),
    cost: ({ x }) => ({ bytes: 8 * sizeOf(x.shape), flops: 4 * sizeOf(x.shape) }),
    cut: () => ['x', 'dy'],
    cutRows: NORM_BLOCK,
    piece: nextBlock,
  },
);

/** dx of batch norm over `rows` rows. */
export const batchNormBackward = kernel<
  'x' | 'dy' | 'mean' | 'inv_std' | 'scale' | 'dscale' | 'dshift',
  'dx',
  { rows: number }
>(backwardWgsl, {
  reads: ['x', 'dy', 'mean', 'inv_std', 'scale', 'dscale', 'dshift'],
  writes: ['dx'],
  editions: ({ x }) => editions(x),
  overrides: ({ x }, _, target) => ({ WIDTH: backwardWalk(target, x).width }),
  params: ({ x }, { rows }, target) => ({
    count: countOf(x),
    columns: columns(x) / lanes(x),
    ...walkParams(backwardWalk(target, x)),
    rows,
  }),
  groups: ({ x }, _, target) => walkGroups(backwardWalk(target, x), countOf(x)),
  cost: ({ x }) => ({ bytes: 12 * sizeOf(x.shape), flops: 8 * sizeOf(x.shape) }),
  cut: () => ['x', 'dy', 'dx'],
});

/** y, and the mean and inv_std [rows] that its derivative needs. */
export const layerNorm = kernel<
  'x' | 'scale' | 'shift',
  'y' | 'mean' | 'inv_std',
  { epsilon: number }
>(layerNormWgsl, {
  reads: ['x', 'scale', 'shift'],
  writes: ['y', 'mean', 'inv_std'],
  overrides: (_t, _a, target) => rowThreads(target),
  params: ({ x }, { epsilon }) => ({ rows: x.shape[0]!, columns: columns(x), epsilon }),
  groups: ({ x }) => x.shape[0]!,
  cost: ({ x }) => ({ bytes: 8 * sizeOf(x.shape), flops: 7 * sizeOf(x.shape) }),
  cut: () => ['x', 'y', 'mean', 'inv_std'],
});

/** The same with a thread for each row. */
export const layerNormShortRows = kernel<
  'x' | 'scale' | 'shift',
  'y' | 'mean' | 'inv_std',
  { epsilon: number }
>(layerNormShortRowsWgsl, {
  ...layerNorm.spec,
  ...threadRows(
    ({ x }) => x,
    ({ epsilon }) => ({ epsilon }),
  ),
});

/** dx of layer norm. */
export const layerNormBackward = kernel<'x' | 'dy' | 'scale' | 'mean' | 'inv_std', 'dx'>(
  layerNormBackwardWgsl,
  {
    reads: ['x', 'dy', 'scale', 'mean', 'inv_std'],
    writes: ['dx'],
    overrides: (_t, _a, target) => rowThreads(target),
    params: ({ x }) => ({ rows: x.shape[0]!, columns: columns(x) }),
    groups: ({ x }) => x.shape[0]!,
    cost: ({ x }) => ({ bytes: 12 * sizeOf(x.shape), flops: 11 * sizeOf(x.shape) }),
    cut: () => ['x', 'dy', 'mean', 'inv_std', 'dx'],
  },
);

/** The same with a thread for each row. */
export const layerNormBackwardShortRows = kernel<'x' | 'dy' | 'scale' | 'mean' | 'inv_std', 'dx'>(
  layerNormBackwardShortRowsWgsl,
  { ...layerNormBackward.spec, ...threadRows(({ x }) => x) },
);

/** Rows of a block where x is cut: rows are long, and mean and inv_std begin at multiples of 64. */
export const LAYER_NORM_BLOCK = 64;

/** Gradients of scale and shift for each block of rows: [blocks, columns]. */
export const layerNormSums = kernel<'x' | 'dy' | 'mean' | 'inv_std', 'dscale' | 'dshift', Block>(
  layerNormSumsWgsl,
  {
    ...batchNormSums.spec,
    cut: () => ['x', 'dy', 'mean', 'inv_std'],
    cutRows: LAYER_NORM_BLOCK,
  },
);
