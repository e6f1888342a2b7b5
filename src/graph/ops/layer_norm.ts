/** Layer norm. */

import { normBlock } from '../../kernels/batch_norm.ts';
import {
  addLayerNormKernels,
  LAYER_NORM_BLOCK,
  layerNormBackwardKernels,
  layerNormKernels,
  layerNormSums,
  layerNormWay,
} from '../../kernels/layer_norm.ts';
import { matrix, type Operand, view } from '../../kernels/tensor.ts';
import { call, call1, type Op, type OpRule, op, show, type Tensor } from '../trace.ts';
import { addBlocks } from './norm_sums.ts';

/** [y, mean, inv_std] of x, scale and shift. */
const layerNormRule: OpRule<{ epsilon: number }> = {
  halves: [0],
  shape: ([x]) => [x!, x!.slice(0, -1), x!.slice(0, -1)],
  lower: ({ inputs: [x, scale, shift], outputs: [y, mean, inv_std], run, target }, a) => {
    const [rows] = matrix(x!).shape as [number];
    run(
      layerNormKernels[layerNormWay(target, matrix(x!))],
      {
        x: matrix(x!),
        scale: scale!,
        shift: shift!,
        y: matrix(y!),
        mean: view(mean!, [rows]),
        inv_std: view(inv_std!, [rows]),
      },
      a,
    );
  },
};
const layerNormForwardOp = /* @__PURE__ */ op<{ epsilon: number }>('layerNorm', layerNormRule);
const layerNormOp = /* @__PURE__ */ op<{ epsilon: number }>('layerNorm', layerNormRule, {
  // dscale = Σ dy x̂, dshift = Σ dy, over the rows
  backward: ([dy], { x: [x, scale], y: [, mean, invStd] }) => [
    call1(layerNormBackwardOp, [x!, dy!, scale!, mean!, invStd!], undefined),
    ...call(layerNormSumsOp, [x!, dy!, mean!, invStd!], undefined),
  ],
});

/** [sum, y, mean, inv_std] of x, residual, scale and shift. */
const addRule: OpRule<{ epsilon: number }> = {
  halves: [0, 1],
  shape: ([x]) => [x!, x!, x!.slice(0, -1), x!.slice(0, -1)],
  lower: ({ inputs, outputs, run, target }, a) => {
    const [x, residual] = inputs.slice(0, 2).map(matrix) as [Operand, Operand];
    const [, , scale, shift] = inputs as [Operand, Operand, Operand, Operand];
    const [sum, y] = outputs.slice(0, 2).map(matrix) as [Operand, Operand];
    const rows = x.shape.slice(0, 1);
    const [mean, inv_std] = outputs.slice(2).map((t) => view(t, rows)) as [Operand, Operand];
    const operands = { x, residual, scale, shift, sum, y, mean, inv_std };
    run(addLayerNormKernels[layerNormWay(target, x)], operands, a);
  },
};
const addForwardOp = /* @__PURE__ */ op<{ epsilon: number }>('addLayerNorm', addRule);
const addLayerNormOp = /* @__PURE__ */ op<{ epsilon: number }>('addLayerNorm', addRule, {
  // Both terms have the gradient of the sum: what comes past the norm and what comes through it.
  backward: ([dsum, dy], { x: [, , scale], y: [sum, , mean, invStd] }) => {
    if (!dy) return [dsum!, dsum!, null, null];
    const past = dsum ? [dsum] : [];
    const dx = call1(layerNormBackwardOp, [sum!, dy, scale!, mean!, invStd!, ...past], undefined);
    return [dx, dx, ...call(layerNormSumsOp, [sum!, dy, mean!, invStd!], undefined)];
  },
});

/** dx of x, dy, scale, mean and inv_std, and the gradient that comes past the norm, if there is one. */
const layerNormBackwardOp = /* @__PURE__ */ op('layerNormBackward', {
  halves: [0],
  shape: ([x]) => [x!],
  lower: ({ inputs: [x, dy, scale, mean, inv_std, past], outputs: [dx], run, target }) => {
    const [rows] = matrix(x!).shape as [number];
    run(
      layerNormBackwardKernels[layerNormWay(target, matrix(x!))],
      {
        x: matrix(x!),
        dy: matrix(dy!),
        scale: scale!,
        mean: view(mean!, [rows]),
        inv_std: view(inv_std!, [rows]),
        past: matrix(past ?? x!),
        dx: matrix(dx!),
      },
      { past: past !== undefined },
    );
  },
});

/** [dscale, dshift] */
const layerNormSumsOp = /* @__PURE__ */ op('layerNormSums', {
  shape: ([x]) => [x!.slice(-1), x!.slice(-1)],
  lower: (context) => {
    const [x, dy] = context.inputs.slice(0, 2).map(matrix) as [Operand, Operand];
    const rows = x.shape.slice(0, 1);
    const [mean, inv_std] = context.inputs.slice(2).map((t) => view(t, rows)) as [Operand, Operand];
    const [dscale, dshift] = context.outputs as [Operand, Operand];
    const block = normBlock(context.target, x, LAYER_NORM_BLOCK);
    addBlocks(context, layerNormSums, block, { x, dy, mean, inv_std, dscale, dshift });
  },
});

interface LayerNormOptions {
  /** Added to the variance. */
  epsilon?: number;
}

/**
 * Layer norm (Ba, Kiros and Hinton 2016) of x [..., channels] along the last axis: scale x̂ +
 * shift.
 */
export const layerNorm = (
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  options: LayerNormOptions = {},
): Tensor => normalised(layerNormOp, x, scale, shift, options);

/** The same without its derivative. */
export const layerNormForward: typeof layerNorm = (x, scale, shift, options = {}) =>
  normalised(layerNormForwardOp, x, scale, shift, options);

function normalised(
  by: Op<{ epsilon: number }>,
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  { epsilon = 1e-5 }: LayerNormOptions,
): Tensor {
  checkShapes('layerNorm', x, scale, shift);
  return call(by, [x, scale, shift], { epsilon })[0]!;
}

/**
 * Layer norm of a sum, as before each part of a transformer: [x + residual, layerNorm(x + residual)] in one
 * kernel, for x and residual of the same shape [..., channels].
 */
export const addLayerNorm = (
  x: Tensor,
  residual: Tensor,
  scale: Tensor,
  shift: Tensor,
  options: LayerNormOptions = {},
): [sum: Tensor, y: Tensor] => normalisedSum(addLayerNormOp, x, residual, scale, shift, options);

/** The same without its derivative. */
export const addLayerNormForward: typeof addLayerNorm = (x, residual, scale, shift, options = {}) =>
  normalisedSum(addForwardOp, x, residual, scale, shift, options);

function normalisedSum(
  by: Op<{ epsilon: number }>,
  x: Tensor,
  residual: Tensor,
  scale: Tensor,
  shift: Tensor,
  { epsilon = 1e-5 }: LayerNormOptions,
): [sum: Tensor, y: Tensor] {
  if (x.shape.join() !== residual.shape.join())
    throw new Error(
      `addLayerNorm: x is ${show(x.shape)} and residual ${show(residual.shape)}. Make them the same, or use add and layerNorm`,
    );
  checkShapes('addLayerNorm', x, scale, shift);
  const [sum, y] = call(by, [x, residual, scale, shift], { epsilon });
  return [sum!, y!];
}

function checkShapes(name: string, x: Tensor, scale: Tensor, shift: Tensor): void {
  const channels = x.shape.at(-1);
  if (scale.shape.join() !== `${channels}` || shift.shape.join() !== `${channels}`)
    throw new Error(
      `${name}: x ${show(x.shape)} has ${channels} channels, scale is ${show(scale.shape)} and shift ${show(shift.shape)}. Make both [${channels}]`,
    );
}
