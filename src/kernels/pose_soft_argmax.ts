/** Soft-argmax of heatmaps and volumes. */

import columnsWgsl from '../../shaders/soft_argmax.wgsl';
import backwardWgsl from '../../shaders/soft_argmax_backward.wgsl';
import finishWgsl from '../../shaders/soft_argmax_finish.wgsl';
import { kernel, kernelWith } from './kernel.ts';
import { type ColumnAttributes, joiningThreads, mapColumnsSpec } from './pose_columns.ts';
import { sizeOf } from './tensor.ts';

export interface SoftArgmaxAttributes extends ColumnAttributes {
  readonly beta: number;
  /** Channels of each joint. */
  readonly depth: number;
}

/** Maxima and sums of each column: partial [images, parts, 3, columns] of x [images, rows, columns]. */
export const softArgmaxColumns = /* @__PURE__ */ kernelWith<'x', 'partial', SoftArgmaxAttributes>(
  columnsWgsl,
  /* @__PURE__ */ mapColumnsSpec(
    ({ x }) => x,
    ({ beta }) => ({ beta }),
  ),
  {
    reads: ['x'],
    writes: ['partial'],
    // An exponential is counted as eight.
    cost: ({ x }) => ({ bytes: 4 * sizeOf(x.shape), flops: 15 * sizeOf(x.shape) }),
    cut: () => ['x'],
  },
);

/**
 * y [images, joints, axes], and the stats [images, joints, 2] that its derivative needs, from
 * partial [images, parts, 3, width, joints depth].
 */
export const softArgmaxFinish = /* @__PURE__ */ kernel<'partial', 'y' | 'stats', { depth: number }>(
  finishWgsl,
  {
    reads: ['partial'],
    writes: ['y', 'stats'],
    overrides: (_t, _a, target) => ({ WIDTH: joiningThreads(target) }),
    params: ({ partial, y }, { depth }) => ({
      images: y.shape[0]!,
      joints: y.shape[1]!,
      parts: partial.shape[1]!,
      width: partial.shape[3]!,
      depth,
      axes: y.shape[2]!,
    }),
    groups: ({ y }) => y.shape[0]! * y.shape[1]!,
    cost: ({ partial }) => ({ bytes: 4 * sizeOf(partial.shape), flops: 6 * sizeOf(partial.shape) }),
  },
);

/** dx [images, rows, columns] from x, and from y, dy [images, joints, axes]. */
export const softArgmaxBackward = /* @__PURE__ */ kernelWith<
  'x' | 'y' | 'dy' | 'stats',
  'dx',
  SoftArgmaxAttributes
>(
  backwardWgsl,
  /* @__PURE__ */ mapColumnsSpec(
    ({ x }) => x,
    ({ beta, depth }, { y }) => ({ beta, joints: y.shape[1]!, depth, axes: y.shape[2]! }),
  ),
  {
    reads: ['x', 'y', 'dy', 'stats'],
    writes: ['dx'],
    cost: ({ x }) => ({ bytes: 8 * sizeOf(x.shape), flops: 14 * sizeOf(x.shape) }),
    cut: () => ['x', 'dx'],
  },
);
