/** What a run trains, from its configuration. */

import type { Gpu } from '../gpu/gpu.ts';
import { f16 } from '../graph/halves.ts';
import { describeBeginning } from '../models/beginning.ts';
import { readWeights } from '../models/weights.ts';
import { isViewConfig, type RunConfig } from '../train/run_config.ts';
import { forecastTraining, type TrainingForecast } from '../train/step.ts';
import { openTraining, type Training } from '../train/training.ts';
import type { ViewConfig } from '../train/view_config.ts';
import { renderedViews } from '../train/view_data.ts';
import { VIEW_NETWORKS } from '../train/view_networks.ts';
import { forecastViews, viewNetwork } from '../train/view_step.ts';
import { openViewTraining } from '../train/view_training.ts';
import { loadTrainingData, RENDERED_PEOPLE } from './data.ts';
import { parsed } from './parsed.ts';
import { modelPath } from './run_folder.ts';
import { loadShardViews, type ShardViewData } from './shard_data.ts';

export interface LoadedRun {
  /** One line on the data, for the log. */
  readonly description: string;
  /** Whether nothing is learned from the people that judge, so that they may choose the weights. */
  readonly heldOut: boolean;
  /** People of an epoch. */
  readonly count: number;
  /** What it will take of a device's memory. */
  forecast(gpu: Gpu): TrainingForecast;
  open(gpu: Gpu): Promise<Training>;
}

/**
 * Loads what `data` of a configuration names.
 * @param begins whether it is a new run, which begins with the values that `from` names
 */
export async function loadRun(
  config: RunConfig,
  { begins = true }: { begins?: boolean } = {},
): Promise<LoadedRun> {
  if (!isViewConfig(config)) {
    const data = await loadTrainingData(config);
    const { description, heldOut, train } = data;
    return {
      ...{ description, heldOut, count: train.count },
      forecast: (gpu) => forecastTraining(gpu, config, f16),
      open: (gpu) => openTraining(gpu, config, data, undefined, f16),
    };
  }
  if (begins && config.options.guess && !config.from)
    throw new Error(
      `--guess ${config.options.guess} takes a guess that has learned before. Give the run of a martinez of that width by --from`,
    );
  const network = VIEW_NETWORKS[config.architecture];
  const from =
    begins && config.from ? await parsed(modelPath(config.from), readWeights) : undefined;
  const { description, ...views } = await loadViewData(config);
  const data = { ...views, ...(from && { from }) };
  return {
    description: from
      ? `${description}\n${describeBeginning(viewNetwork(network, config), from)}`
      : description,
    heldOut: true,
    count: data.train.count,
    forecast: (gpu) => forecastViews(gpu, network, config, data.train, f16, data.validation),
    open: (gpu) => openViewTraining(gpu, network, config, data, undefined, f16),
  };
}

async function loadViewData(config: ViewConfig): Promise<ShardViewData> {
  const { data, seed, size, depthError, judged, validation } = config;
  if (data !== 'rendered') return loadShardViews(config);
  if (validation !== null)
    throw new Error(
      `--validation ${validation} names a subject or shards, and rendered people have none. Leave it out: other people judge`,
    );
  const about = { seed, size, depthError };
  return {
    train: renderedViews({ ...about, split: 'train', count: RENDERED_PEOPLE }),
    validation: renderedViews({ ...about, split: 'validation', count: judged }),
    description: `${RENDERED_PEOPLE} people an epoch, rendered in the step at ${size} pixels`,
  };
}
