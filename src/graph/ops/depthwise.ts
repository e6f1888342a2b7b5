/** Depthwise convolution: each channel with a kernel of its own. */

import type { Stage } from '../../kernels/chain.ts';
import {
  type DepthwiseAttributes,
  depthwiseShape,
  depthwiseTunable,
  maxDepthwiseStages,
} from '../../kernels/depthwise.ts';
import { type Operand, type Shape, sizeOf, view } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import { type Window, type WindowOptions, windowOf } from '../../kernels/window.ts';
import { call1, type Lowering, op, show, type Tensor } from '../trace.ts';
import { type StageSpec, stagesOf } from './elementwise.ts';

export interface DepthwiseCall {
  readonly window: Window;
  /** What the planner fused into the store; operands are inputs from the third on. */
  readonly stages: readonly StageSpec[];
}

const depthwiseOp = /* @__PURE__ */ op<DepthwiseCall>('depthwiseConv2d', {
  shape: ([x], { window }) => [[x![0]!, ...window.places, x![3]!]],
  epilogue: maxDepthwiseStages,
  lower: (context, { window, stages }) => {
    const [x, taps] = context.inputs as [Operand, Operand];
    const [y] = context.outputs as [Operand];
    const lowered = stagesOf(context, stages, y.shape).map((stage) => overImages(stage, y.shape));
    runDepthwise(context, { x, taps, y }, { window, flip: false, stages: lowered });
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
export function depthwiseConv2d(x: Tensor, w: Tensor, options: WindowOptions = {}): Tensor {
  const mistake = (rule: string) =>
    new Error(`depthwiseConv2d: ${rule}, got x ${show(x.shape)} and w ${show(w.shape)}`);
  if (x.shape.length !== 4) throw mistake('x must be images [n, h, w, c]');
  const [, height, width, c] = x.shape as [number, number, number, number];
  if (w.shape.length !== 4 || w.shape[2] !== 1 || w.shape[3] !== c)
    throw mistake(`w must be [kh, kw, 1, ${c}], one kernel for each channel of x`);
  const kernel = [w.shape[0]!, w.shape[1]!] as const;
  const window = windowOf('depthwiseConv2d', [height, width], kernel, options);
  return call1(depthwiseOp, [x, w], { window, stages: [] });
}
