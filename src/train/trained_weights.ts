/** The weights that a training has come to, out of its checkpoint: no device is needed for them. */

import type { Snapshot } from '../graph/program.ts';
import type { ModelVariables } from '../models/layers.ts';
import type { Weights } from '../models/weights.ts';
import { isViewConfig, type RunConfig } from './run_config.ts';
import { judgedParameters, lifterOptions } from './step.ts';
import { viewOptions } from './view_step.ts';

/**
 * Weights as lifters load them, equal to those that the training would write at this step.
 * @param build the architecture of the configuration, such as `martinez` or `cnn`
 * @throws where the snapshot is of another network
 */
export function trainedWeights(
  build: { (options: never): ModelVariables; readonly architecture: string },
  config: RunConfig,
  { sets }: Pick<Snapshot, 'sets'>,
): Weights {
  const { architecture } = build;
  if (architecture !== config.architecture)
    throw new Error(
      `trainedWeights: the configuration is of ${config.architecture}, the network ${architecture}. Give the one that it is of`,
    );
  const options = isViewConfig(config) ? viewOptions(config) : lifterOptions(config);
  const network = build(options as never);
  const judged = judgedParameters(network.parameters, config);
  const values = new Map<string, Float32Array>();
  const shapes = new Map<string, readonly number[]>();
  for (const { name: set, variables } of [judged, network.statistics])
    for (const { name, shape } of variables) {
      const own = sets.get(set)?.get(name);
      if (!own)
        throw new Error(
          `trainedWeights: the snapshot has no ${name} of ${set}. Was it saved from another network?`,
        );
      values.set(name, own);
      shapes.set(name, shape);
    }
  return { architecture, options, values, shapes };
}
