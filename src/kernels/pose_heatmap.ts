/** Gaussian heatmaps of joints, and the gradients of the joints and of their amplitudes. */

import heatmapsWgsl from '../../shaders/gaussian_heatmaps.wgsl';
import backwardWgsl from '../../shaders/gaussian_heatmaps_backward.wgsl';
import finishWgsl from '../../shaders/gaussian_heatmaps_finish.wgsl';
import { kernel, kernelWith } from './kernel.ts';
import { type ColumnAttributes, joiningThreads, mapColumnsSpec } from './pose_columns.ts';
import { sizeOf } from './tensor.ts';

export interface HeatmapAttributes extends ColumnAttributes {
  /** Standard deviation in pixels. */
  readonly sigma: number;
  /** Joints of an image. */
  readonly channels: number;
}

const more = ({ sigma, channels }: HeatmapAttributes) => ({
  channels,
  factor: 1 / (2 * sigma * sigma),
});

/** y [images, rows, width joints] from joints [images, joints, 2] and amplitude [images, joints]. */
export const gaussianHeatmaps = /* @__PURE__ */ kernelWith<
  'joints' | 'amplitude',
  'y',
  HeatmapAttributes
>(
  heatmapsWgsl,
  /* @__PURE__ */ mapColumnsSpec(({ y }) => y, more),
  {
    reads: ['joints', 'amplitude'],
    writes: ['y'],
    // An exponential is counted as eight.
    cost: ({ y }) => ({ bytes: 4 * sizeOf(y.shape), flops: 12 * sizeOf(y.shape) }),
    cut: () => ['y'],
  },
);

/** partial [images, parts, 2, width joints] from dy [images, rows, width joints]. */
export const gaussianHeatmapsBackward = /* @__PURE__ */ kernelWith<
  'dy' | 'joints',
  'partial',
  HeatmapAttributes
>(
  backwardWgsl,
  /* @__PURE__ */ mapColumnsSpec(({ dy }) => dy, more),
  {
    reads: ['dy', 'joints'],
    writes: ['partial'],
    cost: ({ dy }) => ({ bytes: 4 * sizeOf(dy.shape), flops: 15 * sizeOf(dy.shape) }),
    cut: () => ['dy'],
  },
);

/** Gradients of joints and amplitude from the partial sums [images, parts, 2, width, joints]. */
export const gaussianHeatmapsFinish = /* @__PURE__ */ kernel<
  'joints' | 'amplitude' | 'partial',
  'djoints' | 'damplitude',
  { sigma: number }
>(finishWgsl, {
  reads: ['joints', 'amplitude', 'partial'],
  writes: ['djoints', 'damplitude'],
  overrides: (_t, _a, target) => ({ WIDTH: joiningThreads(target) }),
  params: ({ partial }, { sigma }) => ({
    images: partial.shape[0]!,
    parts: partial.shape[1]!,
    width: partial.shape[3]!,
    channels: partial.shape[4]!,
    scale: 1 / (sigma * sigma),
  }),
  groups: ({ amplitude }) => sizeOf(amplitude.shape),
  cost: ({ partial }) => ({ bytes: 4 * sizeOf(partial.shape), flops: 2 * sizeOf(partial.shape) }),
});
