/**
 * A small lifter in training, for tests of programs: dropout, running statistics, moments and an
 * average all have a state.
 */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { dropout as drop } from '../../src/graph/ops/elementwise.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { type AdamOptions, adamW, sgdMomentum } from '../../src/graph/ops/optimiser.ts';
import { type CompileOptions, compile, type Snapshot } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { heNormal, VariableSet } from '../../src/graph/variables.ts';
import { martinez } from '../../src/models/martinez.ts';
import { mse } from '../../src/train/losses.ts';
import { normal } from '../reference.ts';

export const INPUTS = 20;
export const OUTPUTS = 12;

export interface TrainerOptions extends CompileOptions {
  batch?: number;
  width?: number;
  dropout?: number;
  optimiser?: Partial<AdamOptions>;
}

/** The batch of a step, a function of the step alone. */
export function batchOf(step: number, batch = 8) {
  const z = normal(`batch ${step}`);
  return {
    x: Float32Array.from({ length: batch * INPUTS }, z),
    t: Float32Array.from({ length: batch * OUTPUTS }, z),
  };
}

export async function openTrainer(
  gpu: Gpu,
  { batch = 8, width = 32, dropout = 0.5, optimiser, ...options }: TrainerOptions = {},
) {
  const model = martinez({ width, blocks: 1, dropout, inputs: INPUTS, outputs: OUTPUTS });
  const update = (loss: Tensor) =>
    adamW(loss, model.parameters, {
      rate: (step) => 1e-2 / (1 + step),
      decay: 1e-2,
      clip: 1,
      average: 0.9,
      ...optimiser,
    });
  return train(gpu, model, update, batch, options);
}

/** The least that has dropout and momentum, for tests that compile it again and again. */
export async function openSmall(gpu: Gpu, options: CompileOptions = {}) {
  const parameters = new VariableSet('small');
  const w = parameters.add('w', [INPUTS, OUTPUTS], heNormal(INPUTS));
  const model = (x: Tensor, { training = false } = {}) => matmul(training ? drop(x, 0.5) : x, w);
  const update = (loss: Tensor) => sgdMomentum(loss, parameters, { rate: 0.1 });
  return train(gpu, Object.assign(model, { parameters }), update, 8, options);
}

async function train<M extends (x: Tensor, mode: { training: boolean }) => Tensor>(
  gpu: Gpu,
  model: M,
  update: (loss: Tensor) => { gradientNorm: Tensor },
  batch: number,
  options: CompileOptions,
) {
  const program = await compile(
    gpu,
    ({ x, t }) => {
      const loss = mse(model(x, { training: true }), t);
      return { loss, ...update(loss) };
    },
    { x: [batch, INPUTS], t: [batch, OUTPUTS] },
    { seed: 1, ...options },
  );
  /** Runs steps one after another and gives their losses. */
  const train = async (steps: number) => {
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const read = await program.run(batchOf(program.count, batch), { read: ['loss'] });
      losses.push(read.loss[0]!);
    }
    return losses;
  };
  return { model, program, train };
}

/** All that a snapshot holds, as plain data whose floats are bits. */
export function bitsOf({ step, sets }: Snapshot) {
  const values = [...sets].flatMap(([set, variables]) =>
    [...variables].map(([name, values]) => [
      `${set} ${name}`,
      Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
    ]),
  );
  return { step, values: Object.fromEntries(values) as Record<string, string> };
}
