/** The gradient of the weights of a convolution, one thread for each. */

import naive1 from '../../shaders/conv_weights_1_naive.wgsl';
import { kernel } from './kernel.ts';
import { sizeOf } from './tensor.ts';
import type { Window } from './window.ts';

export interface ConvWeightsAttributes {
  readonly window: Window;
  readonly groups: number;
  /** Add to what dw holds, as pieces of a cut batch do. */
  readonly accumulate: boolean;
}

/** dw [kh, kw, cin / groups, cout] of x [n, h, w, cin] and dy [n, places, cout]. */
export const convWeightsNaive = /* @__PURE__ */ kernel<'x' | 'dy', 'dw', ConvWeightsAttributes>(
  naive1,
  {
    reads: ['x', 'dy'],
    writes: ['dw'],
    overrides: (_, { accumulate }) => ({ ACCUMULATE: Number(accumulate) }),
    params: ({ x, dy, dw }, { window, groups }) => ({
      count: sizeOf(dw.shape),
      images: x.shape[0]!,
      x_height: x.shape[1]!,
      x_width: x.shape[2]!,
      x_channels: x.shape[3]!,
      places_y: dy.shape[1]!,
      places_x: dy.shape[2]!,
      channels: dy.shape[3]!,
      kernel_x: dw.shape[1]!,
      inner: dw.shape[2]!,
      per_group: dy.shape[3]! / groups,
      stride_y: window.stride[0],
      stride_x: window.stride[1],
      dilation_y: window.dilation[0],
      dilation_x: window.dilation[1],
      top: window.padding[0],
      left: window.padding[2],
    }),
    groups: ({ dw }) => Math.ceil(sizeOf(dw.shape) / 64),
    cost: ({ x, dy, dw }) => ({
      bytes: 4 * (sizeOf(x.shape) + sizeOf(dy.shape) + sizeOf(dw.shape)),
      flops: 2 * sizeOf(dy.shape) * sizeOf(dw.shape.slice(0, 3)),
    }),
    cut: () => ['x', 'dy'],
    piece: (a, first) => ({ ...a, accumulate: first > 0 }),
  },
);
