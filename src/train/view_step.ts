/** The step of a two-stage lifter's training as a program. */

import type { Gpu } from '../gpu/gpu.ts';
import type { CompileOptions } from '../graph/options.ts';
import type { HalfStorage } from '../graph/plan.ts';
import { recomputationOf } from '../graph/recomputation.ts';
import type { Schedule, Tensor } from '../graph/trace.ts';
import { planViews } from '../lift/view_program.ts';
import type { TwoStageNetwork, ViewArchitecture } from '../models/two_stage.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';
import { dependentLoss, fromRoot, independentLoss, meanJointDistance } from './losses.ts';
import { oneCycle } from './schedules.ts';
import {
  forecastStep,
  type StepOutputs,
  storageOf,
  type TrainingForecast,
  updated,
} from './step.ts';
import type { ViewConfig } from './view_config.ts';
import type { ViewSource } from './view_data.ts';
import { PEOPLE_AT_ONCE } from './view_errors.ts';

type Inputs = Readonly<Record<string, Tensor>>;

/** A step as `compile` and `planOf` take it. */
export interface ViewStep {
  readonly step: (inputs: Inputs) => StepOutputs;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly schedule: Schedule;
  readonly options: Pick<CompileOptions, 'storage' | 'recompute' | 'seed'>;
}

/** Options that build the network of a configuration. */
export const viewOptions = ({ size, options, loss }: ViewConfig) => ({
  ...options,
  size,
  root: loss === 'dep-p' ? ('absolute' as const) : ('relative' as const),
});

/**
 * The network of a configuration.
 * @throws where the architecture is another than the configuration's
 */
export function viewNetwork(architecture: ViewArchitecture, config: ViewConfig): TwoStageNetwork {
  if (architecture.architecture !== config.architecture)
    throw new Error(
      `viewNetwork: the configuration is of ${config.architecture}, the network ${architecture.architecture}. Give the one that it is of`,
    );
  return architecture(viewOptions(config) as never);
}

/** The step that a configuration asks for: pictures, forward, backward, and the update. */
export function viewStep(
  network: TwoStageNetwork,
  config: ViewConfig,
  source: ViewSource,
  halves?: HalfStorage,
): ViewStep {
  const { batch, steps, rate, storage, recompute, seed } = config;
  const schedule = oneCycle(rate, steps);
  const lossOf = LOSSES[config.loss];
  return {
    step: (inputs) => {
      const lifted = network(source.views(inputs, { colours: network.seesColours }), {
        training: true,
      });
      const loss = lossOf(lifted, inputs.poses!);
      return { loss, ...updated(loss, network.parameters, config, schedule) };
    },
    inputs: { ...source.inputs(batch), poses: [batch, JOINT_COUNT, 3] },
    schedule,
    options: { seed, storage: storageOf({ storage }, halves), recompute },
  };
}

/** People that are lifted at once where they judge: no more than a step learns from, whose memory there is. */
export const judgedAtOnce = (
  { judged, batch }: ViewConfig,
  { count }: Pick<ViewSource, 'count'>,
): number => Math.min(PEOPLE_AT_ONCE, batch, judged, count);

/**
 * What a training of this configuration will allocate, from its plans alone; see `forecastTraining`. What
 * judges is counted, too: it has buffers of its own.
 * @param validation the people who judge; those of the source, if they are like them
 */
export function forecastViews(
  gpu: Gpu,
  architecture: ViewArchitecture,
  config: ViewConfig,
  source: ViewSource,
  halves?: HalfStorage,
  validation: ViewSource = source,
): TrainingForecast {
  const network = viewNetwork(architecture, config);
  const { step, inputs, options } = viewStep(network, config, source, halves);
  const { storage } = options;
  const size = judgedAtOnce(config, validation);
  const judging = planViews(gpu, network, validation, size, { storage }).bytes;
  const forecast = forecastStep(gpu, { step, inputs, options });
  return {
    ...forecast,
    judging,
    total: forecast.total + judging,
    ...(config.recompute && { recomputation: recomputationOf(gpu, step, inputs, options) }),
  };
}

/** Losses of poses [n, 17, 3] in metres, true ones in the view's frame. */
const LOSSES = {
  'ind-p': (poses: Tensor, truth: Tensor) => independentLoss(poses, truth),
  'dep-p': (poses: Tensor, truth: Tensor) => dependentLoss(poses, truth),
  joints: (poses: Tensor, truth: Tensor) => meanJointDistance(poses, fromRoot(truth)),
} as const;
