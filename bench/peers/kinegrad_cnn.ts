/** Kinegrad's convolutional lifter, as `kinegrad train cnn` trains it. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import { releaseVariables, writeVariables } from '../../src/graph/store.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import type { ViewInputs } from '../../src/models/two_stage.ts';
import { independentLoss } from '../../src/train/losses.ts';
import { type NamedValues, networkOf } from './cnn_problem.ts';
import type { ViewTrainer } from './engine.ts';
import { joined } from './layouts.ts';
import type { ViewJob } from './work.ts';

export async function kinegradViewTrainer(gpu: Gpu, job: ViewJob): Promise<ViewTrainer> {
  const { parameters, statistics, views, target, training } = job;
  const network = networkOf(job);
  const { rate, decay, beta1, beta2, epsilon } = training;
  const given = (values: readonly NamedValues[]) =>
    new Map(values.map(({ name, values }) => [name, values]));
  await writeVariables(gpu, network.parameters, given(parameters));
  await writeVariables(gpu, network.statistics, given(statistics));
  const inputs = { ...views, target };
  const names = Object.keys(inputs) as (keyof typeof inputs)[];
  const shapes = Object.fromEntries(names.map((name) => [name, inputs[name].shape]));
  const batch = Object.fromEntries(names.map((name) => [name, inputs[name].values]));
  const lossOf = ({ target, ...views }: Readonly<Record<string, Tensor>>) =>
    independentLoss(network(views as unknown as ViewInputs, { training: true }), target!);
  const compiled = job.judged
    ? undefined
    : await compile(
        gpu,
        (inputs) => {
          const loss = lossOf(inputs);
          const options = { rate, decay, beta1, beta2, epsilon };
          return { loss, ...adamW(loss, network.parameters, options) };
        },
        shapes,
      );
  return {
    step: () => compiled!.run(batch),
    loss: async () => (await compiled!.read('loss'))[0]!,
    async gradients() {
      const program = await compile(
        gpu,
        (inputs): Readonly<Record<string, Tensor>> => {
          const loss = lossOf(inputs);
          const wrt = network.parameters.variables.map(({ tensor }) => tensor);
          const slopes = grad(loss, wrt).map((slope, i) => [`slope${i}`, slope] as const);
          return { loss, ...Object.fromEntries(slopes) };
        },
        shapes,
      );
      const read = Object.keys(program.plan.outputs);
      const values = await program.run(batch, { read });
      program.dispose();
      return joined(read.map((name) => values[name]!));
    },
    async close() {
      compiled?.dispose();
      await releaseVariables(gpu, network.parameters);
      await releaseVariables(gpu, network.statistics);
    },
  };
}
