/** The step of a training as a program, and what it will take of a device's memory. */

import { LimitError } from '../gpu/faults.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { InputSpec, Traced } from '../graph/inputs.ts';
import { reshape } from '../graph/ops/layout.ts';
import { adamW, averageOf, lossScaleOf } from '../graph/ops/optimiser.ts';
import type { HalfStorage } from '../graph/plan.ts';
import { type CompileOptions, planOf } from '../graph/program.ts';
import type { Recomputation } from '../graph/recomputation.ts';
import type { Schedule, Tensor } from '../graph/trace.ts';
import { bytesOfSet, type VariableSet } from '../graph/variables.ts';
import type { Network } from '../models/layers.ts';
import { martinez } from '../models/martinez.ts';
import { INPUT_SIZE, OUTPUT_SIZE } from '../models/representation.ts';
import type { LifterConfig } from './config.ts';
import { meanJointDistance, mse } from './losses.ts';
import { oneCycle } from './schedules.ts';

/** A step as `compile` and `planOf` take it. */
export interface TrainingStep {
  readonly step: (inputs: { readonly poses: Tensor; readonly targets: Tensor }) => StepOutputs;
  /** Encoded poses [batch, INPUT_SIZE], and encoded targets [batch, OUTPUT_SIZE]. */
  readonly inputs: {
    readonly poses: readonly [number, number];
    readonly targets: readonly [number, number];
  };
  readonly options: Pick<CompileOptions, 'storage' | 'recompute'>;
  /** The learning rate of each step. */
  readonly schedule: Schedule;
}

/** What a step gives; with a scale of the loss, that and the steps that were skipped so far. */
export type StepOutputs = Readonly<Record<'loss' | 'gradientNorm', Tensor>> &
  Partial<Readonly<Record<'lossScale' | 'skippedSteps', Tensor>>>;

/** Options that build the network of a configuration, normalisation left to the weights. */
export const lifterOptions = ({ width, blocks, dropout }: LifterConfig) => ({
  width,
  blocks,
  dropout,
});

/** The step that a configuration asks for: forward, backward, and the update. */
export function trainingStep(
  network: Network,
  config: LifterConfig,
  halves?: HalfStorage,
): TrainingStep {
  const { batch, rate, steps } = config;
  const schedule = oneCycle(rate, steps);
  return {
    step: ({ poses, targets }) => {
      const lifted = network(poses, { training: true });
      const loss =
        config.loss === 'mse'
          ? mse(lifted, targets)
          : meanJointDistance(joints(lifted), joints(targets));
      return { loss, ...updated(loss, network.parameters, config, schedule) };
    },
    inputs: { poses: [batch, INPUT_SIZE], targets: [batch, OUTPUT_SIZE] },
    options: { storage: storageOf(config, halves) },
    schedule,
  };
}

/**
 * How results are stored. Halves are handed in, so that a page that stores none does not carry them.
 * @throws where a configuration wants halves that were not given
 */
export function storageOf(
  { storage }: Pick<LifterConfig, 'storage'>,
  halves: HalfStorage | undefined,
): HalfStorage | undefined {
  if (storage === 'f32' || halves) return storage === 'f32' ? undefined : halves;
  throw new Error(
    "config: storage f16 needs the storage itself: give kinegrad's f16 as the last argument",
  );
}

/** The update of the parameters as a configuration has it, and what it tells of itself. */
export function updated(
  loss: Tensor,
  parameters: VariableSet,
  {
    decay,
    clip,
    lossScale,
    average,
  }: Pick<LifterConfig, 'decay' | 'clip' | 'lossScale' | 'average'>,
  rate: Schedule,
): Omit<StepOutputs, 'loss'> {
  const { gradientNorm } = adamW(loss, parameters, {
    rate,
    decay,
    ...(clip > 0 && { clip }),
    ...(average > 0 && { average }),
    ...(lossScale > 0 && { lossScale: { initial: lossScale } }),
  });
  if (lossScale === 0) return { gradientNorm };
  const [scale, , skipped] = lossScaleOf(parameters).variables;
  return { gradientNorm, lossScale: scale!.tensor, skippedSteps: skipped!.tensor };
}

/** The parameters that are judged and shipped: the average, where there is one. */
export const judgedParameters = (
  parameters: VariableSet,
  { average }: Pick<LifterConfig, 'average'>,
): VariableSet => (average > 0 ? averageOf(parameters) : parameters);

const joints = (t: Tensor) => reshape(t, [-1, OUTPUT_SIZE / 3, 3]);

/** Bytes on the device that a training will take. */
export interface TrainingForecast {
  /** Activations, gradients, inputs and outputs of the step. */
  readonly program: number;
  /** Parameters, running statistics, and the moments of the optimiser. */
  readonly variables: number;
  /** Activations of the program that judges, where that is no small one. */
  readonly judging?: number;
  readonly total: number;
  /** What recomputation saves and costs, where the configuration asks for it. */
  readonly recomputation?: Recomputation;
}

/**
 * What a training of this configuration will allocate, from its plan alone: nothing is compiled or
 * allocated. A residual lifter that judges comes on top, with far less.
 * @throws LimitError where a single tensor is larger than the device takes
 */
export function forecastTraining(
  gpu: Gpu,
  config: LifterConfig,
  halves?: HalfStorage,
): TrainingForecast {
  return forecastStep(gpu, trainingStep(martinez(lifterOptions(config)), config, halves));
}

/** What a step and its variables will allocate, as `forecastTraining` tells. */
export function forecastStep<const I extends Readonly<Record<string, InputSpec>>>(
  gpu: Gpu,
  { step, inputs, options }: ForecastStep<I>,
): TrainingForecast {
  const plan = planOf(gpu, step, inputs, options);
  const { maxBufferSize } = gpu.device.limits;
  const largest = Math.max(
    ...plan.blocks.map(({ size }) => 4 * size),
    ...plan.lasting.map(({ size }) => 4 * size),
    ...plan.sets.flatMap(({ slabs }) => slabs.map((size) => 4 * size)),
  );
  if (largest > maxBufferSize)
    throw new LimitError(
      'the largest buffer of this training',
      largest,
      maxBufferSize,
      'use a smaller batch or a narrower model',
    );
  const variables = plan.sets.reduce((sum, set) => sum + bytesOfSet(set), 0);
  return {
    program: plan.bytes,
    variables,
    total: plan.bytes + variables,
  };
}

interface ForecastStep<I extends Readonly<Record<string, InputSpec>>> {
  readonly step: (inputs: Traced<I>) => StepOutputs;
  readonly inputs: I;
  readonly options: Pick<CompileOptions, 'storage' | 'recompute'>;
}
