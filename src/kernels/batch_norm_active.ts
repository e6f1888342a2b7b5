/** Gradients of batch norm and of the activation after it, at once: what lies between is made again from x. */

import backwardWgsl from '../../shaders/batch_norm_active_backward.wgsl';
import columnsBackwardWgsl from '../../shaders/batch_norm_active_columns_backward.wgsl';
import sumsWgsl from '../../shaders/batch_norm_active_sums.wgsl';
import linesWgsl from '../../shaders/batch_norm_lines.wgsl';
import {
  type Block,
  backwardWalk,
  blockGroups,
  blockParams,
  blockThreads,
  columnGroups,
  NORM_BLOCK,
  nextBlock,
} from './batch_norm.ts';
import { opCodes, type StageOp, singles, stageEditions } from './chain.ts';
import { kernel } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { countOf, lanesOf, walkGroups, walkParams } from './walk.ts';

/** The stage that takes dy to the gradient before an activation of z, given z. */
export interface Slope {
  readonly slope: StageOp;
}

const columns = ({ shape }: Operand) => shape.at(-1)!;
const editions = (t: Operand) => (lanesOf(t) === 4 ? {} : singles);
const slopeEditions = (x: Operand, { slope }: Slope) => ({
  ...editions(x),
  ...stageEditions([{ op: slope, kind: 'none' }]),
});

/** What columns need, [mean, inv_std, scale inv_std, shift], in one tensor: lines [4, columns]. */
export const batchNormLines = /* @__PURE__ */ kernel<
  'mean' | 'inv_std' | 'scale' | 'shift',
  'lines'
>(linesWgsl, {
  reads: ['mean', 'inv_std', 'scale', 'shift'],
  writes: ['lines'],
  editions: ({ mean }) => editions(mean),
  overrides: (_t, _a, target) => ({ WIDTH: blockThreads(target) }),
  params: ({ mean }) => ({ columns: countOf(mean) }),
  groups: ({ mean }, _, target) => Math.ceil(countOf(mean) / blockThreads(target)),
  cost: ({ lines }) => ({ bytes: 8 * sizeOf(lines.shape), flops: sizeOf(lines.shape) / 4 }),
});

/** Gradients of scale and shift for each block of rows: [blocks, columns]. */
export const batchNormActiveSums = /* @__PURE__ */ kernel<
  'x' | 'dy' | 'lines',
  'dscale' | 'dshift',
  Block & Slope
>(sumsWgsl, {
  reads: ['x', 'dy', 'lines'],
  writes: ['dscale', 'dshift'],
  editions: ({ x }, a) => slopeEditions(x, a),
  params: ({ x }, a) => blockParams(x, a),
  overrides: (_, { slope }, target) => ({ WIDTH: blockThreads(target), SLOPE: opCodes[slope] }),
  groups: ({ x }, a, target) => blockGroups(x, a, target),
  cost: ({ x }) => ({ bytes: 8 * sizeOf(x.shape), flops: 7 * sizeOf(x.shape) }),
  cut: () => ['x', 'dy'],
  cutRows: NORM_BLOCK,
  piece: (a, first) => ({ ...a, ...nextBlock(a, first) }),
});

/** dx over `rows` rows. */
export const batchNormActiveBackward = /* @__PURE__ */ kernel<
  'x' | 'dy' | 'lines' | 'dscale' | 'dshift',
  'dx',
  { readonly rows: number } & Slope
>(backwardWgsl, {
  reads: ['x', 'dy', 'lines', 'dscale', 'dshift'],
  writes: ['dx'],
  editions: ({ x }, a) => slopeEditions(x, a),
  overrides: ({ x }, { slope }, target) => ({
    WIDTH: backwardWalk(target, x).width,
    SLOPE: opCodes[slope],
  }),
  params: ({ x }, { rows }, target) => ({
    count: countOf(x),
    columns: columns(x) / lanesOf(x),
    ...walkParams(backwardWalk(target, x)),
    rows,
  }),
  groups: ({ x }, _, target) => walkGroups(backwardWalk(target, x), countOf(x)),
  cost: ({ x }) => ({ bytes: 12 * sizeOf(x.shape), flops: 11 * sizeOf(x.shape) }),
  cut: () => ['x', 'dy', 'dx'],
});

/** dx and the gradients of scale and shift in one run: a thread for each column. */
export const batchNormActiveColumns = /* @__PURE__ */ kernel<
  'x' | 'dy' | 'lines',
  'dscale' | 'dshift' | 'dx',
  Slope
>(columnsBackwardWgsl, {
  reads: ['x', 'dy', 'lines'],
  writes: ['dscale', 'dshift', 'dx'],
  editions: ({ x }, a) => slopeEditions(x, a),
  overrides: (_, { slope }, target) => ({ WIDTH: blockThreads(target), SLOPE: opCodes[slope] }),
  params: ({ x }) => ({
    rows: x.shape[0]!,
    columns: columns(x) / lanesOf(x),
    block: NORM_BLOCK,
  }),
  groups: ({ x }, _, target) => columnGroups(x, target),
  cost: ({ x }) => ({ bytes: 12 * sizeOf(x.shape), flops: 18 * sizeOf(x.shape) }),
});
