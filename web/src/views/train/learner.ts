/** What differs between lifters of joints and lifters of pictures: their data, and how they are judged. */

import {
  bodySource,
  cnn,
  evaluate,
  forecastTraining,
  forecastViews,
  type Gpu,
  isViewConfig,
  openTraining,
  openViewTraining,
  outOfViews,
  type RunConfig,
  renderedViews,
  renderPeople,
  type Training,
  type TrainingForecast,
  type ViewConfig,
  viewErrors,
} from 'kinegrad';
import type { Judgement } from '../../shell/run_store.ts';
import { drawPeople, fromPelvis, PEOPLE, type People } from './people.ts';

/** Poses of an epoch, and poses that judge: other people, and fewer than the command line takes. */
const TRAINED = 50_000;
const JUDGED = 128;
/** Rendered people of an epoch. */
const RENDERED = 100_000;
const SHOWN = Array.from({ length: PEOPLE }, (_, i) => i);

/** How many people judge a run of this configuration. */
export const judgedOf = (config: RunConfig): number =>
  isViewConfig(config) ? config.judged : JUDGED;

export interface Learner {
  readonly training: Training;
  /** Judges the network as it is now, and lifts those who are shown. */
  judge(): Promise<Omit<Judgement, 'step'>>;
}

const posesOf = (seed: number) => ({
  train: bodySource({ seed, count: TRAINED }),
  validation: bodySource({ seed: seed + 1, count: JUDGED }),
});

function viewsOf({ seed, size, depthError, judged }: ViewConfig) {
  const about = { seed, size, depthError };
  return {
    train: renderedViews({ ...about, split: 'train', count: RENDERED }),
    validation: renderedViews({ ...about, split: 'validation', count: judged }),
  };
}

/** The people that the page shows, whom no network learns from: with pictures, if those are learned from. */
export async function peopleOf(gpu: Gpu, config: RunConfig): Promise<People> {
  if (!isViewConfig(config)) return drawPeople(posesOf(config.seed).validation, config);
  const { size } = config;
  const batch = await viewsOf(config).validation.draw(SHOWN);
  const scenes = {
    shape: [PEOPLE, batch.inputs.scenes!.length / PEOPLE],
    values: batch.inputs.scenes!,
  };
  const { pictures } = await evaluate(
    gpu,
    (given) => ({ pictures: renderPeople(given.scenes, { size }).pictures }),
    { scenes },
  );
  const seen = { size, pictures, joints: batch.inputs.joints! };
  return { rays: batch.rays, truth: fromPelvis(outOfViews(batch, batch.poses)), seen };
}

/** What a training will take of the device's memory, from its plan. */
export const forecastOf = (gpu: Gpu, config: RunConfig): TrainingForecast =>
  isViewConfig(config)
    ? forecastViews(gpu, cnn, config, viewsOf(config).train)
    : forecastTraining(gpu, config);

export async function openLearner(
  gpu: Gpu,
  config: RunConfig,
  people: People,
  onProgress: (done: number, total: number) => void,
): Promise<Learner> {
  const rounded = (poses: Float32Array) =>
    Array.from(poses.subarray(0, PEOPLE * 51), (v) => Math.round(1000 * v));
  if (!isViewConfig(config)) {
    const training = await openTraining(gpu, config, posesOf(config.seed), onProgress);
    return {
      training,
      async judge() {
        const judged = await training.validate();
        return { ...judged, people: rounded(await training.liftRays(people.rays)) };
      },
    };
  }
  const data = viewsOf(config);
  const training = await openViewTraining(gpu, cnn, config, data, onProgress);
  return {
    training,
    async judge() {
      const judged = await training.validate();
      const blind = await viewErrors(data.validation, config.judged, (batch) =>
        training.guess(batch, { depth: false }),
      );
      const shown = await data.validation.draw(SHOWN);
      const lifted = async (depth: boolean) =>
        rounded(fromPelvis((await training.guess(shown, { depth })).poses));
      return {
        ...judged,
        withoutDepth: blind.mpjpe.value,
        people: await lifted(true),
        peopleWithoutDepth: await lifted(false),
      };
    },
  };
}
