/**
 * Kinegrad: the lifter of the package, as `kinegrad train` trains it and `kinegrad lift` runs it,
 * and ops on their own.
 */

import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { adamW, sgdMomentum } from '../../src/graph/ops/optimiser.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import { releaseVariables, type Values, writeVariables } from '../../src/graph/store.ts';
import { ones, VariableSet } from '../../src/graph/variables.ts';
import type { Network } from '../../src/models/layers.ts';
import { martinez } from '../../src/models/martinez.ts';
import { mse } from '../../src/train/losses.ts';
import type { Chain, Engine } from './engine.ts';
import { kinegradViewTrainer } from './kinegrad_cnn.ts';
import { kinegradSteps } from './kinegrad_ops.ts';
import { type Hidden, INPUTS, OUTPUTS, type Weights } from './problem.ts';
import { type OpJob, opName } from './work.ts';

export const engine: Engine = {
  title: 'kinegrad',

  async open() {
    const gpu = await openGpu();
    const release = async ({ parameters, statistics }: Network) => {
      await releaseVariables(gpu, parameters);
      await releaseVariables(gpu, statistics);
    };
    const network = async (weights: Weights, dropout: number): Promise<Network> => {
      const { width } = weights;
      const made = martinez({ width, dropout, inputs: INPUTS, outputs: OUTPUTS });
      await writeVariables(gpu, made.parameters, parametersOf(weights));
      await writeVariables(gpu, made.statistics, statisticsOf(weights));
      return made;
    };
    return {
      adapter: gpu.adapter.name,
      op: (job) => chain(gpu, job),
      viewTrainer: (job) => kinegradViewTrainer(gpu, job),
      async lifter(weights, batch) {
        const model = await network(weights, 0);
        const program = await compile(gpu, ({ poses }) => ({ lifted: model(poses) }), {
          poses: [batch, INPUTS],
        });
        return {
          run: async (poses) => (await program.run({ poses }, { read: ['lifted'] })).lifted,
          close: () => {
            program.dispose();
            return release(model);
          },
        };
      },
      async trainer(weights, { batch, dropout, rate, decay, beta1, beta2, epsilon }) {
        const model = await network(weights, dropout);
        const program = await compile(
          gpu,
          ({ poses, targets }) => {
            const loss = mse(model(poses, { training: true }), targets);
            return {
              loss,
              ...adamW(loss, model.parameters, { rate, decay, beta1, beta2, epsilon }),
            };
          },
          { poses: [batch, INPUTS], targets: [batch, OUTPUTS] },
        );
        return {
          step: (poses, targets) => program.run({ poses, targets }),
          loss: async () => (await program.read('loss'))[0]!,
          close: () => {
            program.dispose();
            return release(model);
          },
        };
      },
    };
  },
};

/** What of a chain is the same in each run of inference. */
const PARAMETERS = ['w', 'scale', 'shift'];

async function chain(gpu: Gpu, { work, start, fixed }: OpJob): Promise<Chain | undefined> {
  const step = kinegradSteps[opName(work)];
  if (!step) return undefined;
  const variables = new VariableSet('fixed');
  const tensors = Object.fromEntries(
    Object.entries(fixed).map(([name, given]) => [
      name,
      given.map(({ shape, values }, i) => variables.add(`${name}${i}`, shape, () => values)),
    ]),
  );
  const inference =
    work.pass === 'forward' && Object.keys(fixed).every((name) => PARAMETERS.includes(name));
  const writes = new VariableSet('writes');
  const written = writes.add('one', [1], ones);
  const build = (length: number) =>
    compile(
      gpu,
      ({ start }) => {
        let y = start;
        for (let i = 0; i < length; i++) y = step(y, tensors, i, work);
        // What a program makes of variables alone is kept from run to run, unless it writes some, as
        // training does: else activations that are given would make the work disappear.
        return inference ? { y } : { y, ...sgdMomentum(sum(written), writes, { rate: 0 }) };
      },
      { start: start.shape },
    );
  const programs = new Map<number, Awaited<ReturnType<typeof build>>>();
  return {
    async run(length) {
      let program = programs.get(length);
      if (!program) programs.set(length, (program = await build(length)));
      return (await program.run({ start: start.values }, { read: ['y'] })).y;
    },
    async close() {
      for (const program of programs.values()) program.dispose();
      await releaseVariables(gpu, variables);
      await releaseVariables(gpu, writes);
    },
  };
}

/** The hidden layers by the names of the package. */
const layersOf = ({ first, blocks }: Weights): [linear: string, norm: string, Hidden][] => [
  ['input', 'input_norm', first],
  ...blocks.flatMap((pair, i) =>
    pair.map((hidden, j): [string, string, Hidden] => [
      `block${i + 1}.dense${j + 1}`,
      `block${i + 1}.norm${j + 1}`,
      hidden,
    ]),
  ),
];

function parametersOf(weights: Weights): Values {
  const hidden = layersOf(weights).flatMap(([linear, norm, layer]) => [
    [`${linear}.weight`, layer.weight] as const,
    [`${norm}.scale`, layer.norm.scale] as const,
    [`${norm}.shift`, layer.norm.shift] as const,
  ]);
  return new Map([
    ...hidden,
    ['output.weight', weights.weight] as const,
    ['output.bias', weights.bias] as const,
  ]);
}

function statisticsOf(weights: Weights): Values {
  const running = layersOf(weights).flatMap(([, norm, layer]) => [
    [`${norm}.mean`, layer.norm.mean] as const,
    [`${norm}.variance`, layer.norm.variance] as const,
  ]);
  const none = (size: number, value: number) => new Float32Array(size).fill(value);
  return new Map([
    ...running,
    ['input.mean', none(INPUTS, 0)] as const,
    ['input.std', none(INPUTS, 1)] as const,
    ['output.mean', none(OUTPUTS, 0)] as const,
    ['output.std', none(OUTPUTS, 1)] as const,
  ]);
}
