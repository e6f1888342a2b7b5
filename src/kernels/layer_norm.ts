/** Layer norm along the rows of matrices [rows, columns]. */

import addLayerNormWgsl from '../../shaders/add_layer_norm.wgsl';
import addLayerNormShortRowsWgsl from '../../shaders/add_layer_norm_short_rows.wgsl';
import layerNormWgsl from '../../shaders/layer_norm.wgsl';
import layerNormBackwardWgsl from '../../shaders/layer_norm_backward.wgsl';
import layerNormBackwardShortRowsWgsl from '../../shaders/layer_norm_backward_short_rows.wgsl';
import layerNormShortRowsWgsl from '../../shaders/layer_norm_short_rows.wgsl';
import layerNormSumsWgsl from '../../shaders/layer_norm_sums.wgsl';
import { batchNormSums } from './batch_norm.ts';
import { kernel, kernelLike } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { rowThreads, threadRows } from './thread_rows.ts';

const columns = ({ shape }: Operand) => shape.at(-1)!;

/** y, and the mean and inv_std [rows] that its derivative needs. */
export const layerNorm = /* @__PURE__ */ kernel<
  'x' | 'scale' | 'shift',
  'y' | 'mean' | 'inv_std',
  { epsilon: number }
>(layerNormWgsl, {
  reads: ['x', 'scale', 'shift'],
  writes: ['y', 'mean', 'inv_std'],
  overrides: ({ x }, _, target) => rowThreads(target, x),
  params: ({ x }, { epsilon }) => ({ rows: x.shape[0]!, columns: columns(x), epsilon }),
  groups: ({ x }) => x.shape[0]!,
  cost: ({ x }) => ({ bytes: 8 * sizeOf(x.shape), flops: 7 * sizeOf(x.shape) }),
  cut: () => ['x', 'y', 'mean', 'inv_std'],
});

/** The same with a thread for each row. */
export const layerNormShortRows = /* @__PURE__ */ kernelLike(
  layerNormShortRowsWgsl,
  layerNorm,
  /* @__PURE__ */ threadRows(
    ({ x }) => x,
    ({ epsilon }) => ({ epsilon }),
  ),
);

/** The same of x + residual, which is kept, too. */
export const addLayerNorm = /* @__PURE__ */ kernel<
  'x' | 'residual' | 'scale' | 'shift',
  'sum' | 'y' | 'mean' | 'inv_std',
  { epsilon: number }
>(addLayerNormWgsl, {
  reads: ['x', 'residual', 'scale', 'shift'],
  writes: ['sum', 'y', 'mean', 'inv_std'],
  overrides: ({ x }, _, target) => rowThreads(target, x),
  params: ({ x }, { epsilon }) => ({ rows: x.shape[0]!, columns: columns(x), epsilon }),
  groups: ({ x }) => x.shape[0]!,
  cost: ({ x }) => ({ bytes: 16 * sizeOf(x.shape), flops: 8 * sizeOf(x.shape) }),
  cut: () => ['x', 'residual', 'sum', 'y', 'mean', 'inv_std'],
});

/** The same with a thread for each row. */
export const addLayerNormShortRows = /* @__PURE__ */ kernelLike(
  addLayerNormShortRowsWgsl,
  addLayerNorm,
  /* @__PURE__ */ threadRows(
    ({ x }) => x,
    ({ epsilon }) => ({ epsilon }),
  ),
);

/** dx of layer norm. */
export const layerNormBackward = /* @__PURE__ */ kernel<
  'x' | 'dy' | 'scale' | 'mean' | 'inv_std',
  'dx'
>(layerNormBackwardWgsl, {
  reads: ['x', 'dy', 'scale', 'mean', 'inv_std'],
  writes: ['dx'],
  overrides: ({ x }, _, target) => rowThreads(target, x),
  params: ({ x }) => ({ rows: x.shape[0]!, columns: columns(x) }),
  groups: ({ x }) => x.shape[0]!,
  cost: ({ x }) => ({ bytes: 12 * sizeOf(x.shape), flops: 11 * sizeOf(x.shape) }),
  cut: () => ['x', 'dy', 'mean', 'inv_std', 'dx'],
});

/** The same with a thread for each row. */
export const layerNormBackwardShortRows = /* @__PURE__ */ kernelLike(
  layerNormBackwardShortRowsWgsl,
  layerNormBackward,
  /* @__PURE__ */ threadRows(({ x }) => x),
);

/** Rows of a block where x is cut: rows are long, and mean and inv_std begin at multiples of 64. */
export const LAYER_NORM_BLOCK = 64;

/** Gradients of scale and shift for each block of rows: [blocks, columns]. */
export const layerNormSums = /* @__PURE__ */ kernelLike(layerNormSumsWgsl, batchNormSums, {
  cut: () => ['x', 'dy', 'mean', 'inv_std'],
  cutRows: LAYER_NORM_BLOCK,
});
