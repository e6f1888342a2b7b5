/**
 * Batch norm over the rows of matrices [rows, columns]: in one run where a thread can take a whole
 * column, else in runs over blocks of rows.
 */

import backwardWgsl from '../../shaders/batch_norm_backward.wgsl';
import columnsWgsl from '../../shaders/batch_norm_columns.wgsl';
import columnsBackwardWgsl from '../../shaders/batch_norm_columns_backward.wgsl';
import finishWgsl from '../../shaders/batch_norm_finish.wgsl';
import statsWgsl from '../../shaders/batch_norm_stats.wgsl';
import sumsWgsl from '../../shaders/batch_norm_sums.wgsl';
import { type Stage, singles, stageEditions, stageOverrides, stageParams } from './chain.ts';
import { kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
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
export const NORM_BLOCK = 256;

/** Rows that one thread reduces; `least` of them where x does not fit one binding. */
export function normBlock(target: Target, x: Operand, least = NORM_BLOCK): number {
  const whole = 4 * sizeOf(x.shape) <= target.maxBinding;
  return whole ? blockSize(target, x.shape[0]!, columns(x) / lanes(x)) : least;
}

const columns = ({ shape }: Operand) => shape.at(-1)!;
const editions = (t: Operand) => (lanes(t) === 4 ? {} : singles);

/** Blocks of rows, and where they come in the whole. */
export interface Block {
  /** Rows of a block; see {@link normBlock}. */
  readonly block: number;
  /** Index of the first block, when x is cut. */
  readonly firstBlock: number;
}

export const blockParams = (x: Operand, { block, firstBlock }: Block) => ({
  rows: x.shape[0]!,
  columns: columns(x) / lanes(x),
  block,
  first_block: firstBlock,
});
/** Threads of a workgroup where each has a column, or a block of one. */
export const blockThreads = (target: Target) => columnThreads(target, 32);
export const blockGroups = (x: Operand, { block }: Block, target: Target) =>
  Math.ceil((Math.ceil(x.shape[0]! / block) * columns(x)) / lanes(x) / blockThreads(target));
export const backwardWalk = (target: Target, x: Operand) =>
  columnWalk(target, countOf(x), columns(x) / lanes(x));
export const nextBlock = ({ block }: Block, first: number): Block => ({
  block,
  firstBlock: first / block,
});

/** Mean and sum of squared differences of each block of rows: mean, m2 [blocks, columns]. */
export const batchNormStats = /* @__PURE__ */ kernel<'x', 'mean' | 'm2', Block>(statsWgsl, {
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
export const batchNormFinish = /* @__PURE__ */ kernel<
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
export const batchNormSums = /* @__PURE__ */ kernel<
  'x' | 'dy' | 'mean' | 'inv_std',
  'dscale' | 'dshift',
  Block
>(sumsWgsl, {
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
});

/** dx of batch norm over `rows` rows. */
export const batchNormBackward = /* @__PURE__ */ kernel<
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

/** The most stages that batch norm can carry: {@link batchNormColumns} takes those without tensors. */
export const MOST_STAGES = 2;
/** Whether the kernels of whole columns can run the stages. */
export const withoutTensors = (stages: readonly Stage[]): boolean =>
  stages.every(({ operand }) => operand === undefined);

export const columnGroups = (x: Operand, target: Target) =>
  Math.ceil(columns(x) / lanes(x) / blockThreads(target));

/** y, the statistics, and what is remembered of them, in one run: a thread for each column. */
export const batchNormColumns = /* @__PURE__ */ kernel<
  'x' | 'scale' | 'shift',
  'y' | 'mean' | 'inv_std' | 'running_mean' | 'running_variance',
  { epsilon: number; momentum: number; stages: readonly Stage[] }
>(columnsWgsl, {
  reads: ['x', 'scale', 'shift'],
  writes: ['y', 'mean', 'inv_std', 'running_mean', 'running_variance'],
  editions: ({ x }, { stages }) => ({ ...editions(x), ...stageEditions(stages) }),
  overrides: (_, { stages }, target) => ({
    ...stageOverrides(stages),
    WIDTH: blockThreads(target),
  }),
  params: ({ x }, { epsilon, momentum, stages }) => ({
    rows: x.shape[0]!,
    columns: columns(x) / lanes(x),
    block: NORM_BLOCK,
    epsilon,
    momentum,
    ...stageParams(stages, MOST_STAGES),
  }),
  groups: ({ x }, _, target) => columnGroups(x, target),
  cost: ({ x }, { stages }) => ({
    bytes: 8 * sizeOf(x.shape),
    flops: (8 + stages.length) * sizeOf(x.shape),
  }),
});

/** dx and the gradients of scale and shift in one run: a thread for each column. */
export const batchNormColumnsBackward = /* @__PURE__ */ kernel<
  'x' | 'dy' | 'mean' | 'inv_std' | 'scale',
  'dscale' | 'dshift' | 'dx'
>(columnsBackwardWgsl, {
  reads: ['x', 'dy', 'mean', 'inv_std', 'scale'],
  writes: ['dscale', 'dshift', 'dx'],
  editions: ({ x }) => editions(x),
  overrides: (_t, _a, target) => ({ WIDTH: blockThreads(target) }),
  params: ({ x }) => ({
    rows: x.shape[0]!,
    columns: columns(x) / lanes(x),
    block: NORM_BLOCK,
  }),
  groups: ({ x }, _, target) => columnGroups(x, target),
  cost: ({ x }) => ({ bytes: 12 * sizeOf(x.shape), flops: 12 * sizeOf(x.shape) }),
});

/** Rows of a column up to which a GPU has threads enough with one for each column. */
const SHORT_COLUMN = 128;
/** Workgroups that keep the cores of a CPU busy. */
const LEAST_COLUMN_GROUPS = 8;

/**
 * How batch norm of [rows, columns] runs: by whole columns, or by blocks of rows, whose statistics
 * are joined before an elementwise chain.
 */
export const batchNormTunable: Tunable<'blocks' | 'columns', { readonly whole: boolean }> = {
  family: 'batchNorm',
  variants: { blocks: { whole: false }, columns: { whole: true } },
  fits: (name, { maxBinding }, [rows, columns]) =>
    name === 'blocks' || 4 * rows! * columns! <= maxBinding,
  usual(target, [rows, columns]) {
    const groups = columns! / (columns! % 4 === 0 ? 4 : 1) / blockThreads(target);
    const whole =
      target.kind === 'hardware' ? rows! <= SHORT_COLUMN : groups >= LEAST_COLUMN_GROUPS;
    return whole && batchNormTunable.fits('columns', target, [rows!, columns!])
      ? 'columns'
      : 'blocks';
  },
};
