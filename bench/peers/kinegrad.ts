/**
 * Kinegrad: the lifter of the package, as `kinegrad train` trains it and `kinegrad lift` runs it.
 */

import { openGpu } from '../../src/gpu/gpu.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import { type Values, writeVariables } from '../../src/graph/store.ts';
import type { Network } from '../../src/models/layers.ts';
import { martinez } from '../../src/models/martinez.ts';
import { mse } from '../../src/train/losses.ts';
import type { Engine } from './engine.ts';
import { type Hidden, INPUTS, OUTPUTS, type Weights } from './problem.ts';

export const engine: Engine = {
  title: 'Kinegrad',

  async open() {
    const gpu = await openGpu();
    const network = async (weights: Weights, dropout: number): Promise<Network> => {
      const { width } = weights;
      const made = martinez({ width, dropout, inputs: INPUTS, outputs: OUTPUTS });
      await writeVariables(gpu, made.parameters, parametersOf(weights));
      await writeVariables(gpu, made.statistics, statisticsOf(weights));
      return made;
    };
    return {
      adapter: gpu.adapter.name,
      notes: [],
      async lifter(weights, batch) {
        const model = await network(weights, 0);
        const program = await compile(gpu, ({ poses }) => ({ lifted: model(poses) }), {
          poses: [batch, INPUTS],
        });
        return {
          run: async (poses) => (await program.run({ poses }, { read: ['lifted'] })).lifted,
          close: () => program.dispose(),
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
          close: () => program.dispose(),
        };
      },
      close: () => gpu.close(),
    };
  },
};

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
