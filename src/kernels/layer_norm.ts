/** Layer norm along the rows of matrices [rows, columns]. */

import addLayerNormWgsl from '../../shaders/add_layer_norm.wgsl';
import addLayerNormShortRowsWgsl from '../../shaders/add_layer_norm_short_rows.wgsl';
import addLayerNormSubgroup8Wgsl from '../../shaders/add_layer_norm_subgroup_8.wgsl';
import layerNormWgsl from '../../shaders/layer_norm.wgsl';
import layerNormBackwardWgsl from '../../shaders/layer_norm_backward.wgsl';
import layerNormBackwardShortRowsWgsl from '../../shaders/layer_norm_backward_short_rows.wgsl';
import layerNormShortRowsWgsl from '../../shaders/layer_norm_short_rows.wgsl';
import layerNormSubgroup8Wgsl from '../../shaders/layer_norm_subgroup_8.wgsl';
import layerNormSumsWgsl from '../../shaders/layer_norm_sums.wgsl';
import type { KernelFile } from '../gpu/shader.ts';
import { batchNormSums } from './batch_norm.ts';
import { type Kernel, kernel, kernelLike, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { rowsTunable, rowThreads, threadRows } from './thread_rows.ts';
import { chosen, type Tunable } from './tuning.ts';

const columns = ({ shape }: Operand) => shape.at(-1)!;

/** How rows are normalised: as {@link rowsTunable} has it, or by threads that share what all rows read. */
interface Way {
  readonly thread: boolean;
  readonly width: number;
  readonly shares?: boolean;
}
/** Least columns of rows whose threads share. */
const LEAST_SHARED = 32;

/** The ways to normalise [rows, columns]. */
export const layerNormTunable: Tunable<keyof typeof rowsTunable.variants | 'subgroup8', Way> = {
  family: 'layerNorm',
  variants: { ...rowsTunable.variants, subgroup8: { thread: true, width: 0, shares: true } },
  // Workgroups are one subgroup there, as those of a CPU are.
  fits: (name, { kind, subgroupSize }, [, columns]) =>
    name !== 'subgroup8' || (kind !== 'hardware' && subgroupSize === 8 && columns! >= LEAST_SHARED),
  usual(target, shape) {
    const usual = rowsTunable.usual(target, shape);
    const shares = usual === 'threads' && layerNormTunable.fits('subgroup8', target, shape);
    return shares ? 'subgroup8' : usual;
  },
};

/** Which of the kernels below normalises [rows, columns]. */
export function layerNormWay(
  target: Target,
  { shape }: Operand,
): 'groups' | 'threads' | 'subgroup8' {
  const { thread, shares } = chosen(layerNormTunable, target, shape);
  return shares ? 'subgroup8' : thread ? 'threads' : 'groups';
}

/**
 * A kernel by a workgroup for each row; by a thread; and by threads that share scale and shift, which the
 * gradient has no use for: sharing gains it nothing.
 */
function inWays<In extends string, Out extends string, Attributes>(
  groups: Kernel<In | 'x', Out, Attributes>,
  files: { readonly threads: KernelFile; readonly subgroup8?: KernelFile },
  more: (a: Attributes) => Readonly<Record<string, number>>,
) {
  const rows = threadRows<In | 'x', Out, Attributes>(({ x }) => x, more);
  return {
    groups,
    threads: kernelLike(files.threads, groups, rows),
    subgroup8: kernelLike(files.subgroup8 ?? files.threads, groups, rows),
  };
}

/** y, and the mean and inv_std [rows] that its derivative needs. */
const layerNorm = /* @__PURE__ */ kernel<
  'x' | 'scale' | 'shift',
  'y' | 'mean' | 'inv_std',
  { epsilon: number }
>(layerNormWgsl, {
  reads: ['x', 'scale', 'shift'],
  writes: ['y', 'mean', 'inv_std'],
  overrides: ({ x }, _, target) => rowThreads(target, x, layerNormTunable),
  params: ({ x }, { epsilon }) => ({ rows: x.shape[0]!, columns: columns(x), epsilon }),
  groups: ({ x }) => x.shape[0]!,
  cost: ({ x }) => ({ bytes: 8 * sizeOf(x.shape), flops: 7 * sizeOf(x.shape) }),
  cut: () => ['x', 'y', 'mean', 'inv_std'],
});

/** Layer norm in three ways. */
export const layerNormKernels = /* @__PURE__ */ inWays(
  layerNorm,
  { threads: layerNormShortRowsWgsl, subgroup8: layerNormSubgroup8Wgsl },
  ({ epsilon }) => ({ epsilon }),
);

/** The same of x + residual, which is kept, too. */
const addLayerNorm = /* @__PURE__ */ kernel<
  'x' | 'residual' | 'scale' | 'shift',
  'sum' | 'y' | 'mean' | 'inv_std',
  { epsilon: number }
>(addLayerNormWgsl, {
  reads: ['x', 'residual', 'scale', 'shift'],
  writes: ['sum', 'y', 'mean', 'inv_std'],
  overrides: ({ x }, _, target) => rowThreads(target, x, layerNormTunable),
  params: ({ x }, { epsilon }) => ({ rows: x.shape[0]!, columns: columns(x), epsilon }),
  groups: ({ x }) => x.shape[0]!,
  cost: ({ x }) => ({ bytes: 16 * sizeOf(x.shape), flops: 8 * sizeOf(x.shape) }),
  cut: () => ['x', 'residual', 'sum', 'y', 'mean', 'inv_std'],
});

/** The same of a sum. */
export const addLayerNormKernels = /* @__PURE__ */ inWays(
  addLayerNorm,
  { threads: addLayerNormShortRowsWgsl, subgroup8: addLayerNormSubgroup8Wgsl },
  ({ epsilon }) => ({ epsilon }),
);

/** dx of layer norm, and what comes past it where x is a sum that is used beside it; else `past` holds x. */
const layerNormBackward = /* @__PURE__ */ kernel<
  'x' | 'dy' | 'scale' | 'mean' | 'inv_std' | 'past',
  'dx',
  { past: boolean }
>(layerNormBackwardWgsl, {
  reads: ['x', 'dy', 'scale', 'mean', 'inv_std', 'past'],
  writes: ['dx'],
  overrides: ({ x }, _, target) => rowThreads(target, x, layerNormTunable),
  constants: (_, { past }) => ({ PAST: `${past}` }),
  params: ({ x }) => ({ rows: x.shape[0]!, columns: columns(x) }),
  groups: ({ x }) => x.shape[0]!,
  cost: ({ x }, { past }) => ({
    bytes: (past ? 16 : 12) * sizeOf(x.shape),
    flops: 11 * sizeOf(x.shape),
  }),
  cut: () => ['x', 'dy', 'mean', 'inv_std', 'past', 'dx'],
});

/** The same for dx. */
export const layerNormBackwardKernels = /* @__PURE__ */ inWays(
  layerNormBackward,
  { threads: layerNormBackwardShortRowsWgsl },
  () => ({}),
);

/** Rows of a block where x is cut: rows are long, and mean and inv_std begin at multiples of 64. */
export const LAYER_NORM_BLOCK = 64;

/** Gradients of scale and shift for each block of rows: [blocks, columns]. */
export const layerNormSums = /* @__PURE__ */ kernelLike(layerNormSumsWgsl, batchNormSums, {
  cut: () => ['x', 'dy', 'mean', 'inv_std'],
  cutRows: LAYER_NORM_BLOCK,
});
