/** How the weight gradient of a convolution becomes kernels. */

import {
  convWeightsMatrices,
  convWeightsShape,
  convWeightsTunable,
} from '../../kernels/conv_weights.ts';
import { type Operand, sizeOf, view } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import type { Window } from '../../kernels/window.ts';
import type { Lowering } from '../trace.ts';
import { reduceGroup } from './reduce.ts';

/**
 * dw [kh, kw, cin / groups, cout] from x [n, h, w, cin] and dy [n, oh, ow, cout], by the variant
 * that suits the shape and the device. Long sums go to several matrices, which are added in order.
 */
export function lowerConvWeights(
  context: Pick<Lowering, 'run' | 'scratch' | 'target'>,
  t: Readonly<Record<'x' | 'dy' | 'dw', Operand>>,
  window: Window,
  groups: number,
): void {
  const shape = convWeightsShape(t.x.shape, t.dy.shape[3]!, window, groups);
  const variant = chosen(convWeightsTunable, context.target, shape);
  const matrices = convWeightsMatrices(variant, context.target, t, { window, groups });
  const attributes = { window, groups, matrices, accumulate: false };
  if (matrices === 1) {
    context.run(variant.kernel, t, attributes);
    return;
  }
  const partial = context.scratch('partial dw', [matrices, ...t.dw.shape]);
  context.run(variant.kernel, { ...t, dw: partial }, attributes);
  const size = sizeOf(t.dw.shape);
  reduceGroup(context, 'sum', partial, view(t.dw, [1, size]), 1, matrices, size);
}
