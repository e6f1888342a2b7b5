/** The weight gradient of convolution, transposed or not. */

import {
  convWeightsMatrices,
  convWeightsShape,
  convWeightsTunable,
} from '../../kernels/conv_weights.ts';
import { type Operand, sizeOf, view } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import type { Window } from '../../kernels/window.ts';
import { call1, type Lowering, op, type Tensor } from '../trace.ts';
import { reshape } from './layout.ts';
import { matmul } from './matmul.ts';
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

interface ConvWeightsCall {
  readonly window: Window;
  readonly groups: number;
}

const convWeightsOp = /* @__PURE__ */ op<ConvWeightsCall>('convWeights', {
  shape: ([x, dy], { window, groups }) => [[...window.kernel, x![3]! / groups, dy![3]!]],
  lower: (context, { window, groups }) => {
    const [x, dy] = context.inputs as [Operand, Operand];
    lowerConvWeights(context, { x, dy, dw: context.outputs[0]! }, window, groups);
  },
});

/**
 * The gradient dw [kh, kw, cin / groups, cout] of the weights of a convolution of x [n, h, w, cin],
 * given that of its result, dy [n, oh, ow, cout]: dw[tap, ci, co] = Σ x[place stride + tap dilation
 * - padding, ci] dy[place, co]. It has no derivative of its own.
 */
export function convWeights(x: Tensor, dy: Tensor, window: Window, groups = 1): Tensor {
  const { kernel, stride, padding } = window;
  // A single tap that sees every pixel once is a product of matrices.
  if (
    groups === 1 &&
    [...kernel, ...stride].every((n) => n === 1) &&
    padding.every((n) => n === 0)
  ) {
    const rows = (t: Tensor) => reshape(t, [-1, t.shape.at(-1)!]);
    const dw = matmul(rows(x), rows(dy), { transposeA: true });
    return reshape(dw, [1, 1, ...dw.shape]);
  }
  return call1(convWeightsOp, [x, dy], { window, groups });
}
