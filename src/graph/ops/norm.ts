/** Batch norm and layer norm. */

import {
  batchNormBackward,
  batchNormFinish,
  batchNormStats,
  batchNormSums,
  LAYER_NORM_BLOCK,
  layerNormBackward,
  layerNormBackwardShortRows,
  layerNorm as layerNormKernel,
  layerNormShortRows,
  layerNormSums,
  normBlock,
} from '../../kernels/norm.ts';
import { matrix, type Operand, view } from '../../kernels/tensor.ts';
import { rowsFillThreads } from '../../kernels/thread_rows.ts';
import { call, call1, type Lowering, op, show, type Tensor } from '../trace.ts';
import type { Variable } from '../variables.ts';
import { add, div, mul, sqrt, sub } from './elementwise.ts';
import { reduceGroup } from './reduce.ts';

export interface BatchNormOptions {
  /** Normalise by the batch and update the running statistics; else normalise by those. */
  training: boolean;
  /** Added to the variance. */
  epsilon?: number;
  /** Share of the new batch in the running statistics (PyTorch's convention). */
  momentum?: number;
}

interface StatsAttributes {
  readonly mean: Variable;
  readonly variance: Variable;
  readonly epsilon: number;
  readonly momentum: number;
}

/** [mean, inv_std] over all axes but the last; updates the running statistics. */
const statsOp = /* @__PURE__ */ op<StatsAttributes>('batchNormStats', {
  shape: ([x]) => [x!.slice(-1), x!.slice(-1)],
  writes: ({ mean, variance }) => [mean, variance],
  lower: ({ inputs, outputs: [mean, invStd], run, scratch, target, variable }, a) => {
    const x = matrix(inputs[0]!);
    const block = normBlock(target, x);
    const shape = [Math.ceil(x.shape[0]! / block), x.shape[1]!];
    const means = scratch('block means', shape);
    const m2s = scratch('block squares', shape);
    run(batchNormStats, { x, mean: means, m2: m2s }, { block, firstBlock: 0 });
    run(
      batchNormFinish,
      {
        means,
        m2s,
        mean: mean!,
        inv_std: invStd!,
        running_mean: variable(a.mean),
        running_variance: variable(a.variance),
      },
      { rows: x.shape[0]!, block, epsilon: a.epsilon, momentum: a.momentum },
    );
  },
});

/** [y, mean, inv_std] of x, scale and shift. */
const batchNormOp = /* @__PURE__ */ op<StatsAttributes>('batchNorm', {
  shape: ([x]) => [x!, x!.slice(-1), x!.slice(-1)],
  writes: ({ mean, variance }) => [mean, variance],
  expand: ([x, scale, shift], a) => {
    const [mean, invStd] = call(statsOp, [x!], a);
    return [add(mul(mul(sub(x!, mean!), invStd!), scale!), shift!), mean!, invStd!];
  },
  backward: ([dy], { x: [x, scale], y: [, mean, invStd] }) =>
    call(batchNormBackwardOp, [x!, dy!, mean!, invStd!, scale!], undefined),
});

/** [dx, dscale, dshift] */
const batchNormBackwardOp = /* @__PURE__ */ op('batchNormBackward', {
  shape: ([x, , , , scale]) => [x!, scale!, scale!],
  lower: (context) => {
    const [x, dy] = context.inputs.slice(0, 2).map(matrix) as [Operand, Operand];
    const [mean, inv_std, scale] = context.inputs.slice(2) as [Operand, Operand, Operand];
    const [dx, dscale, dshift] = context.outputs as [Operand, Operand, Operand];
    const sums = { x, dy, mean, inv_std };
    addSums(context, batchNormSums, normBlock(context.target, x), { ...sums, dscale, dshift });
    const operands = { ...sums, scale, dscale, dshift, dx: view(dx, x.shape) };
    context.run(batchNormBackward, operands, { rows: x.shape[0]! });
  },
});

/** dscale and dshift [columns] from sums over blocks of `block` rows. */
function addSums(
  context: Lowering,
  kernel: typeof batchNormSums | typeof layerNormSums,
  block: number,
  { dscale, dshift, ...read }: Record<keyof Parameters<typeof batchNormSums>[1], Operand>,
) {
  const [rows, columns] = read.x.shape as [number, number];
  const blocks = Math.ceil(rows / block);
  const attributes = { block, firstBlock: 0 };
  if (blocks === 1) {
    context.run(kernel, { ...read, dscale, dshift }, attributes);
    return;
  }
  const scales = context.scratch('block dscale', [blocks, columns]);
  const shifts = context.scratch('block dshift', [blocks, columns]);
  context.run(kernel, { ...read, dscale: scales, dshift: shifts }, attributes);
  reduceGroup(context, 'sum', scales, dscale, 1, blocks, columns);
  reduceGroup(context, 'sum', shifts, dshift, 1, blocks, columns);
}

/**
 * Batch norm (Ioffe and Szegedy 2015) of x [..., channels]: scale x̂ + shift, with mean and
 * variance over all other axes in training and the running ones otherwise. `mean` and `variance`
 * are variables; training updates them.
 */
export function batchNorm(
  x: Tensor,
  variables: Record<'scale' | 'shift' | 'mean' | 'variance', Tensor>,
  { training, epsilon = 1e-5, momentum = 0.1 }: BatchNormOptions,
): Tensor {
  const channels = x.shape.at(-1);
  const { scale, shift, mean, variance } = variables;
  for (const [name, { shape }] of Object.entries({ scale, shift, mean, variance }))
    if (shape.join() !== `${channels}`)
      throw new Error(
        `batchNorm: x ${show(x.shape)} has ${channels} channels, ${name} is ${show(shape)}. Make scale, shift, mean and variance [${channels}]`,
      );
  if (!training) {
    // One multiply-add a value, so that it fits the epilogue of a product.
    const factor = mul(scale, div(1, sqrt(add(variance, epsilon))));
    return add(mul(x, factor), sub(shift, mul(mean, factor)));
  }
  if (x.size / channels! < 2)
    throw new Error(
      `batchNorm: training needs two rows or more, got ${show(x.shape)}. Use a larger batch`,
    );
  const attributes = { mean: variableOf(mean), variance: variableOf(variance), epsilon, momentum };
  return call(batchNormOp, [x, scale, shift], attributes)[0]!;
}

function variableOf({ source }: Tensor): Variable {
  if (source.kind !== 'variable')
    throw new Error(
      'batchNorm: the running mean and variance must be variables, which training updates',
    );
  return source.variable;
}

/** [y, mean, inv_std] of x, scale and shift. */
const layerNormOp = /* @__PURE__ */ op<{ epsilon: number }>('layerNorm', {
  shape: ([x]) => [x!, x!.slice(0, -1), x!.slice(0, -1)],
  lower: ({ inputs: [x, scale, shift], outputs: [y, mean, inv_std], run, target }, a) => {
    const [rows] = matrix(x!).shape as [number];
    run(
      rowsFillThreads(target, rows) ? layerNormShortRows : layerNormKernel,
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
  // dscale = Σ dy x̂, dshift = Σ dy, over the rows
  backward: ([dy], { x: [x, scale], y: [, mean, invStd] }) => [
    call1(layerNormBackwardOp, [x!, dy!, scale!, mean!, invStd!], undefined),
    ...call(layerNormSumsOp, [x!, dy!, mean!, invStd!], undefined),
  ],
});

const layerNormBackwardOp = /* @__PURE__ */ op('layerNormBackward', {
  shape: ([x]) => [x!],
  lower: ({ inputs: [x, dy, scale, mean, inv_std], outputs: [dx], run, target }) => {
    const [rows] = matrix(x!).shape as [number];
    run(
      rowsFillThreads(target, rows) ? layerNormBackwardShortRows : layerNormBackward,
      {
        x: matrix(x!),
        dy: matrix(dy!),
        scale: scale!,
        mean: view(mean!, [rows]),
        inv_std: view(inv_std!, [rows]),
        dx: matrix(dx!),
      },
      undefined,
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
    addSums(context, layerNormSums, block, { x, dy, mean, inv_std, dscale, dshift });
  },
});

/**
 * Layer norm (Ba, Kiros and Hinton 2016) of x [..., channels] along the last axis: scale x̂ +
 * shift.
 */
export function layerNorm(
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): Tensor {
  const channels = x.shape.at(-1);
  if (scale.shape.join() !== `${channels}` || shift.shape.join() !== `${channels}`)
    throw new Error(
      `layerNorm: x ${show(x.shape)} has ${channels} channels, scale is ${show(scale.shape)} and shift ${show(shift.shape)}. Make both [${channels}]`,
    );
  return call(layerNormOp, [x, scale, shift], { epsilon })[0]!;
}
