/** Optimisers: ops that update a set of parameters in place, one dispatch for each slab. */

import {
  accumulate,
  adamw,
  NORM_THREADS,
  optimiserControl,
  sgd,
  sumSquares,
} from '../../kernels/optimiser.ts';
import type { Operand } from '../../kernels/tensor.ts';
import { grad } from '../autograd.ts';
import { MEANS } from '../plan_memory.ts';
import { call, type Lowering, op, type Schedule, type Tensor } from '../trace.ts';
import { ALIGNMENT, type Variable, type VariableSet, zeros } from '../variables.ts';
import { mul } from './elementwise.ts';

export interface OptimiserOptions {
  /** Learning rate: a number, or a function of the steps that are done. */
  rate: number | Schedule;
  /** Weight decay of variables that decay (matrices, not biases or norms). */
  decay?: number;
  /** Gradients are scaled so that their common norm is at most this. */
  clip?: number;
  /** Decay of an exponential moving average of the parameters: the companion set `average`. */
  average?: number;
  /** Batches whose gradients are averaged before each update. */
  microBatches?: number;
  /** Rate factor and decay of variables for which these differ from the rest. */
  groups?: readonly {
    match: (variable: Variable) => boolean;
    rate?: number;
    decay?: number;
  }[];
  /**
   * Multiplies the loss before it is differentiated, and divides the gradient by the same again:
   * small gradients of tensors in f16 then do not vanish. The scale lives on the device and finds its
   * size by itself, see {@link LossScale}. The default is none.
   */
  lossScale?: LossScale;
}

/**
 * A step whose gradient is not finite is skipped, and halves the scale; so many good steps in a row
 * double it (Micikevicius et al. 2018). It stays between 2⁻²⁴ and 2²⁴. {@link lossScaleOf} tells it
 * and the number of steps that were skipped; a resumed run goes on with them.
 */
export interface LossScale {
  /** Scale of the first step. A power of two costs no digits; the default is 2¹⁶. */
  initial?: number;
  /** Good steps after which it doubles; the default is 2000. */
  interval?: number;
}

export interface AdamOptions extends OptimiserOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

interface UpdateCall {
  readonly set: VariableSet;
  readonly algorithm: 'adamw' | 'adam' | 'sgd';
  readonly options: OptimiserOptions;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

const updateOp = /* @__PURE__ */ op<UpdateCall>('update', {
  shape: () => [[]],
  gradientsOf: ({ set }) => set,
  writes: ({ set, options }) =>
    options.lossScale ? [...set.variables, ...lossScaleOf(set).variables] : set.variables,
  lower: (context, a) => {
    const { set, options, algorithm, beta1, beta2, epsilon } = a;
    const { run, slabs, slot } = context;
    const gradients = averageGradients(context, options.microBatches ?? 1);
    const control = context.scratch('control', [3]);
    const corrections = context.variable(correctionsOf(set));
    const partial = context.scratch('squares', [gradients.length * NORM_THREADS]);
    gradients.forEach((x, i) => {
      const part = { ...partial, offset: i * NORM_THREADS, shape: [NORM_THREADS] };
      run(sumSquares, { x, partial: part }, { accumulate: false });
    });
    const [scale, good, skipped] = scaling(context, a) as [Operand, Operand, Operand];
    run(
      optimiserControl,
      { partial, control, corrections, norm: context.outputs[0]!, scale, good, skipped },
      { limit: options.clip ?? 0, beta1, beta2, interval: intervalOf(options) },
    );

    const { rate, average } = options;
    const attributes = {
      rate: slot(typeof rate === 'number' ? constantRate(rate) : rate),
      average: average === undefined ? 0 : slot(averageDecay(average)),
      averages: average !== undefined,
      beta1,
      beta2,
      epsilon,
      decoupled: algorithm === 'adamw',
      firstBlock: 0,
    };
    const p = slabs(set);
    const m = slabs(set.companion('moment1'));
    const v = algorithm === 'sgd' ? [] : slabs(set.companion('moment2'));
    const e = average === undefined ? [] : slabs(averageOf(set));
    const idle = context.scratch('no average', [4]);
    settingsOf(set, options).forEach((values, i) => {
      const settings = context.constant(values);
      const shared = { p: p[i]!, g: gradients[i]!, m: m[i]!, control, settings, e: e[i] ?? idle };
      if (algorithm === 'sgd') run(sgd, shared, attributes);
      else run(adamw, { ...shared, v: v[i]!, corrections }, attributes);
    });
  },
});

/**
 * The average of a set's parameters over the steps, if an optimiser keeps one; it starts where they
 * start.
 */
export const averageOf = (set: VariableSet): VariableSet =>
  set.companion('average', ({ initial }) => initial);

/** Bias corrections of the moments, 1 - betaᵗ, as variables: a resumed run needs them. */
function correctionsOf(set: VariableSet): Variable {
  return set.state('optimiser', (own) => own.add('corrections', [2], zeros)).variables[0]!;
}

/**
 * What an optimiser with a loss scale remembers of it: variables `scale`, `goodSteps`, those since it
 * changed, and `skippedSteps`, those whose gradient was not finite. Read them by `readVariables`.
 */
export const lossScaleOf = (set: VariableSet): VariableSet => scaleState(set, {});

const scaleState = (set: VariableSet, { initial = 2 ** 16 }: LossScale): VariableSet =>
  set.state('lossScale', (own) => {
    own.add('scale', [], () => [initial]);
    own.add('goodSteps', [], zeros);
    own.add('skippedSteps', [], zeros);
  });

const intervalOf = ({ lossScale }: OptimiserOptions): number | undefined =>
  lossScale && (lossScale.interval ?? 2000);

/** Where the scale of the loss, the good steps and the skipped ones are; scratch if there is none. */
const scaling = ({ variable, scratch }: Lowering, { set, options }: UpdateCall) =>
  options.lossScale
    ? lossScaleOf(set).variables.map(variable)
    : ['scale', 'good', 'skipped'].map((name) => scratch(`no loss ${name}`, []));

/** The loss that is differentiated. */
function scaledLoss(loss: Tensor, set: VariableSet, { lossScale }: OptimiserOptions): Tensor {
  if (!lossScale) return loss;
  const { initial = 1, interval = 1 } = lossScale;
  if (!(initial >= 2 ** -24 && initial <= 2 ** 24 && interval >= 1))
    throw new Error(
      `lossScale: initial must be between 2⁻²⁴ and 2²⁴ and interval at least 1 step, got ${initial} and ${interval}`,
    );
  return mul(loss, scaleState(set, lossScale).variables[0]!.tensor);
}

/** Slabs of gradients, or of their mean over micro-batches. */
function averageGradients(context: Lowering, count: number): readonly Operand[] {
  const { gradients, run, slot } = context;
  if (count === 1) return gradients;
  const keep = slot((_, microBatch) => (microBatch === 0 ? 0 : 1));
  const means = gradients.map((x) => context.lasting(MEANS, x.shape));
  gradients.forEach((x, i) => run(accumulate, { x, y: means[i]! }, { keep, count }));
  context.accumulate(count);
  return means;
}

/**
 * Rate factor and decay of each block of 64 elements of each slab, and where the run of blocks ends
 * that have the same: see `lib/slab.wgsl`.
 */
function settingsOf(
  set: VariableSet,
  { decay = 0, groups = [] }: OptimiserOptions,
): Float32Array[] {
  const settings = set.slabs.map((size) => new Float32Array((3 * size) / ALIGNMENT));
  for (const variable of set.variables) {
    const group = groups.find(({ match }) => match(variable));
    const values = [group?.rate ?? 1, group?.decay ?? (variable.decays ? decay : 0)];
    const first = variable.offset / ALIGNMENT;
    const blocks = Math.ceil(variable.size / ALIGNMENT);
    for (let i = first; i < first + blocks; i++) settings[variable.slab]!.set(values, 3 * i);
  }
  for (const of of settings) {
    const ends = new Uint32Array(of.buffer);
    for (let i = of.length - 3, end = of.length / 3; i >= 0; i -= 3) {
      if (of[i] !== of[i + 3] || of[i + 1] !== of[i + 4]) end = i / 3 + 1;
      ends[i + 2] = end;
    }
  }
  return settings;
}

const constantRate =
  (rate: number): Schedule =>
  () =>
    rate;

/**
 * The decay grows to its value over the first steps, so that the average forgets the initial
 * values.
 */
const averageDecay =
  (decay: number): Schedule =>
  (step) =>
    Math.min(decay, (1 + step) / (10 + step));

function update(
  loss: Tensor,
  set: VariableSet,
  a: Omit<UpdateCall, 'set'>,
): { gradientNorm: Tensor } {
  const gradients = grad(
    scaledLoss(loss, set, a.options),
    set.variables.map((v) => v.tensor),
  );
  const [gradientNorm] = call(updateOp, gradients, { set, ...a });
  return { gradientNorm: gradientNorm! };
}

const adamDefaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * Differentiates the loss and updates the parameters by AdamW (Loshchilov and Hutter 2019). The
 * result is the norm of the gradient before clipping. A step with a gradient that is not finite
 * changes nothing.
 */
export const adamW = (loss: Tensor, parameters: VariableSet, options: AdamOptions) =>
  update(loss, parameters, { algorithm: 'adamw', options, ...betas(options) });

/** As {@link adamW}, with the decay as an L2 penalty on the loss (Kingma and Ba 2015). */
export const adam = (loss: Tensor, parameters: VariableSet, options: AdamOptions) =>
  update(loss, parameters, { algorithm: 'adam', options, ...betas(options) });

/** Stochastic gradient descent with momentum; weight decay is an L2 penalty. */
export const sgdMomentum = (
  loss: Tensor,
  parameters: VariableSet,
  options: OptimiserOptions & { momentum?: number },
) =>
  update(loss, parameters, {
    algorithm: 'sgd',
    options,
    beta1: options.momentum ?? 0.9,
    beta2: 0,
    epsilon: 0,
  });

const betas = ({ beta1, beta2, epsilon }: AdamOptions) => ({
  beta1: beta1 ?? adamDefaults.beta1,
  beta2: beta2 ?? adamDefaults.beta2,
  epsilon: epsilon ?? adamDefaults.epsilon,
});
