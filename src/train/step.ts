/** The step of a training as a program, and what it will take of a device's memory. */

import { LimitError } from '../gpu/faults.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { reshape } from '../graph/ops/layout.ts';
import { adamW } from '../graph/ops/optimiser.ts';
import { planOf } from '../graph/program.ts';
import type { Schedule, Tensor } from '../graph/trace.ts';
import { bytesOfSet } from '../graph/variables.ts';
import type { Network } from '../models/layers.ts';
import { martinez } from '../models/martinez.ts';
import { INPUT_SIZE, OUTPUT_SIZE } from '../models/representation.ts';
import type { LifterConfig } from './config.ts';
import { meanJointDistance, mse } from './losses.ts';
import { oneCycle } from './schedules.ts';

/** A step as `compile` and `planOf` take it. */
export interface TrainingStep {
  readonly step: (inputs: { readonly poses: Tensor; readonly targets: Tensor }) => {
    readonly loss: Tensor;
    readonly gradientNorm: Tensor;
  };
  /** Encoded poses [batch, INPUT_SIZE], and encoded targets [batch, OUTPUT_SIZE]. */
  readonly inputs: {
    readonly poses: readonly [number, number];
    readonly targets: readonly [number, number];
  };
  /** The learning rate of each step. */
  readonly schedule: Schedule;
}

/** The step that a configuration asks for: forward, backward, and the update. */
export function trainingStep(network: Network, config: LifterConfig): TrainingStep {
  const { batch, rate, steps, decay, clip } = config;
  const schedule = oneCycle(rate, steps);
  return {
    step: ({ poses, targets }) => {
      const lifted = network(poses, { training: true });
      const loss =
        config.loss === 'mse'
          ? mse(lifted, targets)
          : meanJointDistance(joints(lifted), joints(targets));
      const { gradientNorm } = adamW(loss, network.parameters, {
        rate: schedule,
        decay,
        ...(clip > 0 && { clip }),
      });
      return { loss, gradientNorm };
    },
    inputs: { poses: [batch, INPUT_SIZE], targets: [batch, OUTPUT_SIZE] },
    schedule,
  };
}

const joints = (t: Tensor) => reshape(t, [-1, OUTPUT_SIZE / 3, 3]);

/** Bytes on the device that a training will take. */
export interface TrainingForecast {
  /** Activations, gradients, inputs and outputs of the step. */
  readonly program: number;
  /** Parameters, running statistics, and the moments of the optimiser. */
  readonly variables: number;
  readonly total: number;
}

/**
 * What a training of this configuration will allocate, from its plan alone: nothing is compiled or
 * allocated. The lifter that judges comes on top, with far less.
 * @throws LimitError where a single tensor is larger than the device takes
 */
export function forecastTraining(gpu: Gpu, config: LifterConfig): TrainingForecast {
  const { width, blocks, dropout } = config;
  const { step, inputs } = trainingStep(martinez({ width, blocks, dropout }), config);
  const plan = planOf(gpu, step, inputs);
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
  return { program: plan.bytes, variables, total: plan.bytes + variables };
}
