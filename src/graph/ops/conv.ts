/** Convolution over NHWC, and its gradients; with a chain of stages on the result. */

import type { Stage } from '../../kernels/chain.ts';
import {
  type ConvAttributes,
  type ConvKernel,
  convShape,
  convTunable,
  maxConvStages,
} from '../../kernels/conv.ts';
import { backwardGathers, forwardGather } from '../../kernels/conv_gather.ts';
import { type Operand, type Shape, sizeOf, view } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import { type Window, type WindowOptions, windowOf } from '../../kernels/window.ts';
import { call1, type Lowering, type Op, type OpRule, op, show, type Tensor } from '../trace.ts';
import { lowerConvWeights } from './conv_weights.ts';
import { type StageSpec, stagesOf } from './elementwise.ts';
import { runMatmul } from './matmul.ts';
import { runWinograd } from './winograd.ts';

export interface ConvOptions extends WindowOptions {
  /** Channels are divided into as many groups, and group j of y sees group j of x only; 1. */
  groups?: number;
}

interface ConvCall {
  readonly window: Window;
  readonly groups: number;
}

interface StagedCall extends ConvCall {
  /** What the planner fused into the store; operands are inputs from the third on. */
  readonly stages: readonly StageSpec[];
}

interface InputCall extends StagedCall {
  /** Of the input. */
  readonly channels: number;
}

/** y of x and w. */
const convRule: OpRule<StagedCall> = {
  halves: [0],
  shape: ([x, w], { window }) => [[x![0]!, ...window.places, w![3]!]],
  epilogue: maxConvStages,
  lower: (context, { window, groups, stages }) => {
    const [x, w] = context.inputs as [Operand, Operand];
    const [y] = context.outputs as [Operand];
    if (isProduct(window, groups)) {
      runProduct(context, { a: x, b: w, y }, {}, stages);
      return;
    }
    const over = imageStages(context, stages, y);
    const shape = convShape(x, w, { window, groups }, false);
    const variant = chosen(convTunable, context.target, shape);
    if (variant === 'winograd') {
      runWinograd(context, { x, w, y }, { window, gradient: false, stages: over });
      return;
    }
    const gather = forwardGather(window);
    runConv(context, variant, { x, w, y }, { gather, groups, transpose: false, stages: over });
  },
};
const convForwardOp = /* @__PURE__ */ op<StagedCall>('conv2d', convRule);
const convOp: Op<StagedCall> = /* @__PURE__ */ op<StagedCall>('conv2d', convRule, {
  // dx gathers dy through the taps in reverse, dw sums x dy over all places.
  backward: ([dy], { x: [x, w], a: { window, groups } }) => [
    convInput(dy!, w!, x!.shape[3]!, window, groups),
    convWeights(x!, dy!, window, groups),
  ],
});

/** dx of dy and w, which is the transposed convolution of dy. */
const inputRule: OpRule<InputCall> = {
  halves: [0],
  shape: ([dy], { window, channels }) => [[dy![0]!, ...window.image, channels]],
  epilogue: maxConvStages,
  lower: (context, { window, groups, stages }) => {
    const [dy, w] = context.inputs as [Operand, Operand];
    const [dx] = context.outputs as [Operand];
    if (isProduct(window, groups)) {
      runProduct(context, { a: dy, b: w, y: dx }, { transposeB: true }, stages);
      return;
    }
    const over = imageStages(context, stages, dx);
    const shape = convShape(dx, w, { window, groups }, true);
    const variant = chosen(convTunable, context.target, shape);
    if (variant === 'winograd') {
      runWinograd(context, { x: dy, w, y: dx }, { window, gradient: true, stages: over });
      return;
    }
    for (const gather of backwardGathers(window)) {
      const t = { x: dy, w, y: dx };
      runConv(context, variant, t, { gather, groups, transpose: true, stages: over });
    }
  },
};
const inputForwardOp = /* @__PURE__ */ op<InputCall>('conv2dInputGradient', inputRule);
const convInputOp: Op<InputCall> = /* @__PURE__ */ op<InputCall>('conv2dInputGradient', inputRule, {
  backward: ([ddx], { x: [dy, w], a: { window, groups } }) => [
    call1(convOp, [ddx!, w!], { window, groups, stages: [] }),
    convWeights(ddx!, dy!, window, groups),
  ],
});

/** dw of x and dy. */
const convWeightsOp: Op<ConvCall> = /* @__PURE__ */ op<ConvCall>('conv2dWeightGradient', {
  shape: ([x, dy], { window, groups }) => [[...window.kernel, x![3]! / groups, dy![3]!]],
  lower: (context, { window, groups }) => {
    const [x, dy] = context.inputs as [Operand, Operand];
    const [dw] = context.outputs as [Operand];
    if (isProduct(window, groups)) {
      runProduct(context, { a: x, b: dy, y: dw }, { transposeA: true }, []);
      return;
    }
    lowerConvWeights(context, { x, dy, dw }, window, groups);
  },
  backward: ([ddw], { x: [x, dy], a: { window, groups } }) => [
    convInput(dy!, ddw!, x!.shape[3]!, window, groups),
    call1(convOp, [x!, ddw!], { window, groups, stages: [] }),
  ],
});

/** Every pixel by itself meets one matrix: a product, with pixels as rows. */
const isProduct = ({ kernel, stride, padding }: Window, groups: number) =>
  groups === 1 && [...kernel, ...stride].every((n) => n === 1) && padding.every((n) => n === 0);

/** [..., channels] as a matrix with a row for each pixel. */
const pixels = (t: Operand) => view(t, [sizeOf(t.shape.slice(0, -1)), t.shape.at(-1)!]);

/** A product over the channels of all pixels, as {@link isProduct} says. */
function runProduct(
  context: Lowering,
  { a, b, y }: { a: Operand; b: Operand; y: Operand },
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean },
  specs: readonly StageSpec[],
): void {
  const stages = stagesOf(context, specs, y.shape).map((stage) =>
    stage.kind === 'full' ? { ...stage, operand: pixels(view(stage.operand!, y.shape)) } : stage,
  );
  const t = { a: pixels(a), b: pixels(b), y: pixels(y) };
  runMatmul(context, t, { transposeA, transposeB, stages, accumulate: false });
}

/** Stages on an image y: operands with rows are cut along the batch, as y is. */
function imageStages(context: Lowering, specs: readonly StageSpec[], y: Operand): Stage[] {
  return stagesOf(context, specs, y.shape).map((stage) => {
    if (stage.kind === 'full') return { ...stage, operand: view(stage.operand!, y.shape) };
    if (stage.kind !== 'column') return stage;
    return { ...stage, operand: view(stage.operand!, y.shape.slice(0, 3)) };
  });
}

function runConv(
  { run }: Pick<Lowering, 'run'>,
  variant: ConvKernel,
  t: { x: Operand; w: Operand; y: Operand },
  attributes: ConvAttributes,
): void {
  const [e0, e1, e2, e3] = Array.from(
    { length: maxConvStages },
    (_, i) => attributes.stages[i]?.operand ?? t.x,
  ) as [Operand, Operand, Operand, Operand];
  run(variant, { ...t, e0, e1, e2, e3 }, attributes);
}

/**
 * The gradient dx [n, h, w, channels] of the input of a convolution, from that of its result, dy
 * [n, ...places, cout]. A chain of elementwise ops that follows is computed with it.
 */
export const convInput = (
  dy: Tensor,
  w: Tensor,
  channels: number,
  window: Window,
  groups = 1,
): Tensor => call1(convInputOp, [dy, w], { window, groups, channels, stages: [] });

/** The same without its derivative. */
export const convInputForward: typeof convInput = (dy, w, channels, window, groups = 1) =>
  call1(inputForwardOp, [dy, w], { window, groups, channels, stages: [] });

/**
 * The gradient dw [kh, kw, cin / groups, cout] of the weights of a convolution of x, from that of
 * its result, dy: dw[t] = Σ over images and places p of x[stride p + dilation t - padding] dy[p].
 */
export const convWeights = (x: Tensor, dy: Tensor, window: Window, groups = 1): Tensor =>
  call1(convWeightsOp, [x, dy], { window, groups });

/**
 * Convolution of images x [n, h, w, cin] with w [kh, kw, cin / groups, cout]: [n, rows, columns,
 * cout], where y[p] = Σ over taps t of x[stride p + dilation t - padding] w[t], and zeros lie
 * around the image. As networks have it, so w is not flipped. A bias, an activation or a residual
 * that follows is computed with it.
 * @throws where shapes, groups or options do not fit together
 */
export const conv2d = (x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor =>
  convolution(convOp, x, w, options);

/** The same without its derivative. */
export const conv2dForward: typeof conv2d = (x, w, options = {}) =>
  convolution(convForwardOp, x, w, options);

function convolution(by: Op<StagedCall>, x: Tensor, w: Tensor, options: ConvOptions): Tensor {
  const { groups = 1, ...windowOptions } = options;
  const mistake = (rule: string, repair: string) =>
    new Error(`conv2d: ${rule}, x ${show(x.shape)}, w ${show(w.shape)}. ${repair}`);
  if (x.shape.length !== 4 || w.shape.length !== 4)
    throw mistake(
      'x must be [n, h, w, cin] and w [kh, kw, cin / groups, cout]',
      'Reshape what has other axes',
    );
  const [, height, width, cin] = x.shape as [number, number, number, number];
  const [kh, kw, inner, cout] = w.shape as [number, number, number, number];
  if (!Number.isInteger(groups) || groups < 1 || cin % groups !== 0 || cout % groups !== 0)
    throw mistake(
      `${groups} groups do not divide ${cin} channels of x and ${cout} of w`,
      'Give a number that divides both',
    );
  if (inner !== cin / groups)
    throw mistake(
      `x has ${cin} channels${groups > 1 ? ` in ${groups} groups` : ''}, so w needs ${cin / groups} rows a tap and has ${inner}`,
      rightLayout(w.shape, cin / groups),
    );
  const window = windowOf('conv2d', [height, width], [kh, kw], windowOptions);
  return call1(by, [x, w], { window, groups, stages: [] });
}

/** Weights of PyTorch are [cout, cin, kh, kw]: told by where the channels of x are. */
const rightLayout = ([, second]: Shape, inner: number) =>
  second === inner
    ? 'If w is [cout, cin, kh, kw], as PyTorch has it, transpose it by [2, 3, 1, 0]'
    : 'Make w [kh, kw, cin / groups, cout]';
