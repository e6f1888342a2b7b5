/** Convolution over NHWC, and its gradients; with a chain of stages on the result. */

import { type ConvAttributes, convShape, convTunable, maxConvStages } from '../../kernels/conv.ts';
import { backwardGathers, forwardGather } from '../../kernels/conv_gather.ts';
import { convWeightsNaive } from '../../kernels/conv_weights_naive.ts';
import { type Operand, type Shape, sizeOf, view } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import { type Window, type WindowOptions, windowOf } from '../../kernels/window.ts';
import { call1, type Lowering, type Op, op, show, type Tensor } from '../trace.ts';
import { type StageSpec, stagesOf } from './elementwise.ts';
import { runMatmul } from './matmul.ts';

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

interface InputCall extends ConvCall {
  /** Of the input. */
  readonly channels: number;
}

/** y of x and w. */
const convOp: Op<StagedCall> = /* @__PURE__ */ op<StagedCall>('conv2d', {
  shape: ([x, w], { window }) => [[x![0]!, ...window.places, w![3]!]],
  epilogue: maxConvStages,
  lower: (context, { window, groups, stages }) => {
    const [x, w] = context.inputs as [Operand, Operand];
    const [y] = context.outputs as [Operand];
    const lowered = stagesOf(context, stages, y.shape);
    if (isProduct(window, groups)) {
      const t = { a: pixels(x), b: pixels(w), y: pixels(y) };
      const over = lowered.map((stage) =>
        stage.kind === 'full'
          ? { ...stage, operand: pixels(view(stage.operand!, y.shape)) }
          : stage,
      );
      const layout = { transposeA: false, transposeB: false };
      runMatmul(context, t, { ...layout, stages: over, accumulate: false });
      return;
    }
    // Operands with rows are cut along the batch, as y is.
    const over = lowered.map((stage) => {
      if (stage.kind === 'full') return { ...stage, operand: view(stage.operand!, y.shape) };
      if (stage.kind !== 'column') return stage;
      return { ...stage, operand: view(stage.operand!, y.shape.slice(0, 3)) };
    });
    const gather = forwardGather(window);
    const shape = convShape(x, w, { window, groups }, false);
    runConv(context, shape, { x, w, y }, { gather, groups, transpose: false, stages: over });
  },
  // dx gathers dy through the taps in reverse, dw sums x dy over all places.
  backward: ([dy], { x: [x, w], a: { window, groups } }) => [
    call1(convInputOp, [dy!, w!], { window, groups, channels: x!.shape[3]! }),
    call1(convWeightsOp, [x!, dy!], { window, groups }),
  ],
});

/** dx of dy and w. */
const convInputOp: Op<InputCall> = /* @__PURE__ */ op<InputCall>('conv2dInputGradient', {
  shape: ([dy], { window, channels }) => [[dy![0]!, ...window.image, channels]],
  lower: (context, { window, groups }) => {
    const [dy, w] = context.inputs as [Operand, Operand];
    const [dx] = context.outputs as [Operand];
    if (isProduct(window, groups)) {
      const t = { a: pixels(dy), b: pixels(w), y: pixels(dx) };
      const layout = { transposeA: false, transposeB: true };
      runMatmul(context, t, { ...layout, stages: [], accumulate: false });
      return;
    }
    const shape = convShape(dx, w, { window, groups }, true);
    for (const gather of backwardGathers(window)) {
      const t = { x: dy, w, y: dx };
      runConv(context, shape, t, { gather, groups, transpose: true, stages: [] });
    }
  },
  backward: ([ddx], { x: [dy, w], a: { window, groups } }) => [
    call1(convOp, [ddx!, w!], { window, groups, stages: [] }),
    call1(convWeightsOp, [ddx!, dy!], { window, groups }),
  ],
});

/** dw of x and dy. */
const convWeightsOp: Op<ConvCall> = /* @__PURE__ */ op<ConvCall>('conv2dWeightGradient', {
  shape: ([x, dy], { window, groups }) => [[...window.kernel, x![3]! / groups, dy![3]!]],
  lower: (context, { window, groups }) => {
    const [x, dy] = context.inputs as [Operand, Operand];
    const [dw] = context.outputs as [Operand];
    if (isProduct(window, groups)) {
      const t = { a: pixels(x), b: pixels(dy), y: pixels(dw) };
      const layout = { transposeA: true, transposeB: false };
      runMatmul(context, t, { ...layout, stages: [], accumulate: false });
      return;
    }
    context.run(convWeightsNaive, { x, dy, dw }, { window, groups, accumulate: false });
  },
  backward: ([ddw], { x: [x, dy], a: { window, groups } }) => [
    call1(convInputOp, [dy!, ddw!], { window, groups, channels: x!.shape[3]! }),
    call1(convOp, [x!, ddw!], { window, groups, stages: [] }),
  ],
});

/** Every pixel by itself meets one matrix: a product, with pixels as rows. */
const isProduct = ({ kernel, stride, padding }: Window, groups: number) =>
  groups === 1 && [...kernel, ...stride].every((n) => n === 1) && padding.every((n) => n === 0);

/** [..., channels] as a matrix with a row for each pixel. */
const pixels = (t: Operand) => view(t, [sizeOf(t.shape.slice(0, -1)), t.shape.at(-1)!]);

/** Runs the variant that suits the shape and the device. */
function runConv(
  { run, target }: Pick<Lowering, 'run' | 'target'>,
  shape: readonly number[],
  t: { x: Operand; w: Operand; y: Operand },
  attributes: ConvAttributes,
): void {
  const [e0, e1, e2, e3] = Array.from(
    { length: maxConvStages },
    (_, i) => attributes.stages[i]?.operand ?? t.x,
  ) as [Operand, Operand, Operand, Operand];
  run(chosen(convTunable, target, shape), { ...t, e0, e1, e2, e3 }, attributes);
}

/**
 * Convolution of images x [n, h, w, cin] with w [kh, kw, cin / groups, cout]: [n, rows, columns,
 * cout], where y[p] = Σ over taps t of x[stride p + dilation t - padding] w[t], and zeros lie
 * around the image. As networks have it, so w is not flipped. A bias, an activation or a residual
 * that follows is computed with it.
 * @throws where shapes, groups or options do not fit together
 */
export function conv2d(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
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
  return call1(convOp, [x, w], { window, groups, stages: [] });
}

/** Weights of PyTorch are [cout, cin, kh, kw]: told by where the channels of x are. */
const rightLayout = ([, second]: Shape, inner: number) =>
  second === inner
    ? 'If w is [cout, cin, kh, kw], as PyTorch has it, transpose it by [2, 3, 1, 0]'
    : 'Make w [kh, kw, cin / groups, cout]';
