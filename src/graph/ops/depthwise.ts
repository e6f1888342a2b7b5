/** Depthwise convolution: each channel with a kernel of its own. */

import type { Stage } from '../../kernels/chain.ts';
import {
  type DepthwiseAttributes,
  depthwiseShape,
  depthwiseTunable,
  maxDepthwiseStages,
} from '../../kernels/depthwise.ts';
import {
  depthwiseInputTunable,
  depthwiseWeightTunable,
  weightBlocks,
} from '../../kernels/depthwise_gradients.ts';
import { type Operand, type Shape, sizeOf, view } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import { type Window, type WindowOptions, windowOf } from '../../kernels/window.ts';
import { call1, type Lowering, type Op, type OpRule, op, show, type Tensor } from '../trace.ts';
import { type StageSpec, stagesOf } from './elementwise.ts';
import { reduceGroup } from './reduce.ts';

export interface DepthwiseCall {
  readonly window: Window;
  /** What the planner fused into the store; operands are inputs from the third on. */
  readonly stages: readonly StageSpec[];
}

const depthwiseRule: OpRule<DepthwiseCall> = {
  halves: [0],
  shape: ([x], { window }) => [[x![0]!, ...window.places, x![3]!]],
  epilogue: maxDepthwiseStages,
  lower: (context, { window, stages }) => {
    const [x, taps] = context.inputs as [Operand, Operand];
    const [y] = context.outputs as [Operand];
    const lowered = stagesOf(context, stages, y.shape).map((stage) => overImages(stage, y.shape));
    runDepthwise(context, { x, taps, y }, { window, flip: false, stages: lowered });
  },
};
const depthwiseForwardOp = /* @__PURE__ */ op<DepthwiseCall>('depthwiseConv2d', depthwiseRule);
const depthwiseOp = /* @__PURE__ */ op<DepthwiseCall>('depthwiseConv2d', depthwiseRule, {
  backward: ([dy], { x: [x, w], a: { window } }) => [
    call1(inputGradientOp, [dy!, w!], { window }),
    call1(weightGradientOp, [x!, dy!], { window }),
  ],
});

// dx[i] = Σ dy[o] w[k] over all o and k with o stride - top + k dilation = i
const inputGradientOp = /* @__PURE__ */ op<{ window: Window }>('depthwiseInputGradient', {
  halves: [0],
  shape: ([dy], { window }) => [[dy![0]!, ...window.image, dy![3]!]],
  lower: (context, { window }) => {
    const [dy, taps] = context.inputs as [Operand, Operand];
    const [dx] = context.outputs as [Operand];
    if (window.stride.every((stride) => stride === 1)) {
      const attributes = { window: mirrored(window), flip: true, stages: [] };
      runDepthwise(context, { x: dy, taps, y: dx }, attributes);
      return;
    }
    const shape = depthwiseShape(dx, window);
    context.run(chosen(depthwiseInputTunable, context.target, shape), { dy, taps, dx }, { window });
  },
});

/** The windows over dy, with stride 1, whose sums with mirrored taps are dx. */
function mirrored({ image, kernel, stride, dilation, padding, places }: Window): Window {
  const reach = kernel.map((taps, i) => dilation[i]! * (taps - 1));
  const [top, left] = [reach[0]! - padding[0], reach[1]! - padding[2]];
  return { image: places, kernel, stride, dilation, padding: [top, 0, left, 0], places: image };
}

// dw[k] = Σ dy[o] x[o stride - top + k dilation] over all images and places o
const weightGradientOp = /* @__PURE__ */ op<{ window: Window }>('depthwiseWeightGradient', {
  shape: ([x], { window }) => [[...window.kernel, 1, x![3]!]],
  lower: (context, { window }) => {
    const [x, dy] = context.inputs as [Operand, Operand];
    const [dw] = context.outputs as [Operand];
    const { target } = context;
    const variant = chosen(depthwiseWeightTunable, target, depthwiseShape(x, window));
    const { block, blocks } = weightBlocks(target, variant, x, window);
    const attributes = { window, block, firstBlock: 0 };
    if (blocks === 1) {
      context.run(variant.kernel, { x, dy, dw }, attributes);
      return;
    }
    const size = sizeOf(dw.shape);
    const partial = context.scratch('block dw', [blocks, size]);
    context.run(variant.kernel, { x, dy, dw: partial }, attributes);
    reduceGroup(context, 'sum', partial, dw, 1, blocks, size);
  },
});

/** A stage whose operand, where it is as long as y or its pixels, can be cut by images. */
function overImages(stage: Stage, y: Shape): Stage {
  if (stage.kind === 'full') return { ...stage, operand: view(stage.operand!, y) };
  if (stage.kind !== 'column') return stage;
  return { ...stage, operand: view(stage.operand!, [y[0]!, sizeOf(y.slice(1, 3))]) };
}

/** Runs the variant that suits the shape and the device. */
function runDepthwise(
  { run, target }: Pick<Lowering, 'run' | 'target'>,
  t: Record<'x' | 'taps' | 'y', Operand>,
  attributes: DepthwiseAttributes,
) {
  const variant = chosen(depthwiseTunable, target, depthwiseShape(t.x, attributes.window));
  const [e0, e1, e2, e3] = Array.from(
    { length: maxDepthwiseStages },
    (_, i) => attributes.stages[i]?.operand ?? t.x,
  ) as [Operand, Operand, Operand, Operand];
  run(variant, { ...t, e0, e1, e2, e3 }, attributes);
}

/**
 * Convolves each channel of x [n, h, w, c] with its own kernel of w [kh, kw, 1, c]: for each place (oy, ox) of a window
 * y = Σ x[oy stride - top + ky dilation, ox stride - left + kx dilation] w[ky, kx]; see {@link WindowOptions}.
 * @throws where w does not have the channels of x, or the window does not fit into the padded image
 */
export const depthwiseConv2d = (x: Tensor, w: Tensor, options: WindowOptions = {}): Tensor =>
  convolveDepthwise(depthwiseOp, x, w, options);

/** The same without its derivative. */
export const depthwiseConv2dForward: typeof depthwiseConv2d = (x, w, options = {}) =>
  convolveDepthwise(depthwiseForwardOp, x, w, options);

function convolveDepthwise(
  by: Op<DepthwiseCall>,
  x: Tensor,
  w: Tensor,
  options: WindowOptions,
): Tensor {
  const mistake = (rule: string) =>
    new Error(`depthwiseConv2d: ${rule}, got x ${show(x.shape)} and w ${show(w.shape)}`);
  if (x.shape.length !== 4) throw mistake('x must be images [n, h, w, c]');
  const [, height, width, c] = x.shape as [number, number, number, number];
  if (w.shape.length !== 4 || w.shape[2] !== 1 || w.shape[3] !== c)
    throw mistake(`w must be [kh, kw, 1, ${c}], one kernel for each channel of x`);
  const kernel = [w.shape[0]!, w.shape[1]!] as const;
  const window = windowOf('depthwiseConv2d', [height, width], kernel, options);
  return call1(by, [x, w], { window, stages: [] });
}
