/** Batch norm. */

import {
  batchNormBackward,
  batchNormColumns,
  batchNormColumnsBackward,
  batchNormFinish,
  batchNormStats,
  batchNormSums,
  batchNormTunable,
  MOST_STAGES,
  normBlock,
  withoutTensors,
} from '../../kernels/batch_norm.ts';
import type { Stage } from '../../kernels/chain.ts';
import type { Target } from '../../kernels/kernel.ts';
import { matrix, type Operand, view } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import { call, type OpRule, op, show, type Tensor } from '../trace.ts';
import type { Variable } from '../variables.ts';
import { add, div, mul, runStages, type StageSpec, sqrt, stagesOf, sub } from './elementwise.ts';
import { addBlocks } from './norm_sums.ts';

export interface BatchNormOptions {
  /** Normalise by the batch and update the running statistics; else normalise by those. */
  training: boolean;
  /** Added to the variance. */
  epsilon?: number;
  /** Share of the new batch in the running statistics (PyTorch's convention). */
  momentum?: number;
}

export interface BatchNormAttributes {
  readonly mean: Variable;
  readonly variance: Variable;
  readonly epsilon: number;
  readonly momentum: number;
  /** What the planner fused into the store; operands are inputs from the fourth on. */
  readonly stages: readonly StageSpec[];
}

type Rule = OpRule<BatchNormAttributes>;
const shape: Rule['shape'] = ([x]) => [x!, x!.slice(-1), x!.slice(-1)];
const writes: Rule['writes'] = ({ mean, variance }) => [mean, variance];
const backward: Rule['backward'] = ([dy], { x: [x, scale], y: [, mean, invStd], gradients }) =>
  gradients.batchNormBackward(x!, dy!, mean!, invStd!, scale!);

/** y of the inputs of batch norm and its statistics, to the bit; remembers nothing. */
const againOp = /* @__PURE__ */ op<BatchNormAttributes>('batchNorm', {
  shape: ([x]) => [x!],
  lower: (context, a) => {
    const { inputs, outputs, run, scratch, target } = context;
    const [x, y] = [matrix(inputs[0]!), matrix(outputs[0]!)];
    const [, scale, shift] = inputs as [Operand, Operand, Operand];
    const [mean, inv_std] = inputs.slice(-2) as [Operand, Operand];
    const stages = stagesOf(context, a.stages, outputs[0]!.shape);
    if (!isWhole(target, x, stages)) {
      runStages(context, x, y, [...normal({ mean, inv_std, scale, shift }), ...stages]);
      return;
    }
    const unused = (name: string) => scratch(`${name} again`, mean.shape);
    const statistics = {
      mean: unused('mean'),
      inv_std: unused('inv_std'),
      running_mean: unused('running mean'),
      running_variance: unused('running variance'),
    };
    const { epsilon, momentum } = a;
    run(batchNormColumns, { x, scale, shift, y, ...statistics }, { epsilon, momentum, stages });
  },
});

/** [y, mean, inv_std] of x, scale and shift; updates the running statistics. */
export const batchNormOp = /* @__PURE__ */ op<BatchNormAttributes>('batchNorm', {
  halves: [0],
  shape,
  writes,
  backward,
  again: againOp,
  epilogue: MOST_STAGES,
  lower: (context, a) => {
    const { inputs, outputs, run, target, variable } = context;
    const [x, y] = [matrix(inputs[0]!), matrix(outputs[0]!)];
    const [, scale, shift] = inputs as [Operand, Operand, Operand];
    const [, mean, inv_std] = outputs as [Operand, Operand, Operand];
    const [running_mean, running_variance] = [variable(a.mean), variable(a.variance)];
    const statistics = { mean, inv_std, running_mean, running_variance };
    const { epsilon, momentum } = a;
    const stages = stagesOf(context, a.stages, outputs[0]!.shape);
    if (isWhole(target, x, stages)) {
      const operands = { x, scale, shift, y, ...statistics };
      run(batchNormColumns, operands, { epsilon, momentum, stages });
      return;
    }
    const block = normBlock(target, x);
    const shape = [Math.ceil(x.shape[0]! / block), x.shape[1]!];
    const means = context.scratch('block means', shape);
    const m2s = context.scratch('block squares', shape);
    run(batchNormStats, { x, mean: means, m2: m2s }, { block, firstBlock: 0 });
    const finish = { rows: x.shape[0]!, block, epsilon, momentum };
    run(batchNormFinish, { means, m2s, ...statistics }, finish);
    runStages(context, x, y, [...normal({ mean, inv_std, scale, shift }), ...stages]);
  },
});

/** Whether kernels of whole columns take x, a matrix, with these stages. */
export const isWhole = (target: Target, x: Operand, stages: readonly Stage[] = []): boolean =>
  chosen(batchNormTunable, target, x.shape).whole && withoutTensors(stages);

/** scale (x - mean) inv_std + shift */
function normal(t: Record<'mean' | 'inv_std' | 'scale' | 'shift', Operand>): Stage[] {
  const row = (op: Stage['op'], operand: Operand): Stage => ({ op, kind: 'row', operand });
  return [row('sub', t.mean), row('mul', t.inv_std), row('mul', t.scale), row('add', t.shift)];
}

export const batchNormCall = (
  inputs: readonly Tensor[],
  attributes: BatchNormAttributes,
): readonly Tensor[] => call(batchNormOp, inputs, attributes);

/** The same for networks, which are lifted with far more often than trained. */
const learningOp = /* @__PURE__ */ op<BatchNormAttributes>('batchNorm', {
  shape,
  writes,
  backward,
  expand: (inputs, a, gradients) => {
    if (!gradients)
      throw new Error(
        'a network normalises by its batch in programs that train only. Call grad() or an optimiser, or apply it without training',
      );
    return gradients.batchNorm(inputs, a);
  },
});

/** [dx, dscale, dshift] */
export const batchNormGradient = (...inputs: Tensor[]): readonly Tensor[] =>
  call(batchNormBackwardOp, inputs, undefined);

/** [dx, dscale, dshift] of x, dy, mean, inv_std and scale. */
export const batchNormBackwardOp = /* @__PURE__ */ op('batchNormBackward', {
  halves: [0],
  shape: ([x, , , , scale]) => [x!, scale!, scale!],
  lower: (context) => {
    const [x, dy] = context.inputs.slice(0, 2).map(matrix) as [Operand, Operand];
    const [mean, inv_std, scale] = context.inputs.slice(2) as [Operand, Operand, Operand];
    const [dx, dscale, dshift] = context.outputs as [Operand, Operand, Operand];
    const sums = { x, dy, mean, inv_std };
    const operands = { ...sums, scale, dscale, dshift, dx: view(dx, x.shape) };
    if (isWhole(context.target, x)) {
      context.run(batchNormColumnsBackward, operands, undefined);
      return;
    }
    addBlocks(context, batchNormSums, normBlock(context.target, x), { ...sums, dscale, dshift });
    context.run(batchNormBackward, operands, { rows: x.shape[0]! });
  },
});

/** The variables of a norm: [channels] each. */
export type NormVariables = Record<'scale' | 'shift' | 'mean' | 'variance', Tensor>;

/** A norm that goes by what it has learned is x factor + shift: what a convolution before it takes over. */
export function foldNorm(
  { scale, shift, mean, variance }: NormVariables,
  epsilon = 1e-5,
): { readonly factor: Tensor; readonly shift: Tensor } {
  const factor = mul(scale, div(1, sqrt(add(variance, epsilon))));
  return { factor, shift: sub(shift, mul(mean, factor)) };
}

/**
 * Batch norm (Ioffe and Szegedy 2015) of x [..., channels]: scale x̂ + shift, with mean and
 * variance over all other axes in training and the running ones otherwise. `mean` and `variance`
 * are variables; training updates them.
 */
export const batchNorm = (x: Tensor, variables: NormVariables, options: BatchNormOptions): Tensor =>
  normalise(x, variables, options, batchNormCall);

/**
 * The same as a layer of a network. What normalises by a batch comes with `grad`, so that a bundle
 * of a page that does not train has none of it.
 */
export const batchNormOfNetwork: typeof batchNorm = (x, variables, options) =>
  normalise(x, variables, options, (inputs, a) => call(learningOp, inputs, a));

function normalise(
  x: Tensor,
  variables: NormVariables,
  { training, epsilon = 1e-5, momentum = 0.1 }: BatchNormOptions,
  byBatch: typeof batchNormCall,
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
    const { factor, shift: rest } = foldNorm(variables, epsilon);
    return add(mul(x, factor), rest);
  }
  if (x.size / channels! < 2)
    throw new Error(
      `batchNorm: training needs two rows or more, got ${show(x.shape)}. Use a larger batch`,
    );
  const running = { mean: variableOf(mean), variance: variableOf(variance) };
  const attributes = { ...running, epsilon, momentum, stages: [] };
  return byBatch([x, scale, shift], attributes)[0]!;
}

function variableOf({ source }: Tensor): Variable {
  if (source.kind !== 'variable')
    throw new Error(
      'batchNorm: the running mean and variance must be variables, which training updates',
    );
  return source.variable;
}
