/** Training of a two-stage lifter: views, steps that learn from them, and validation. */

import type { Gpu } from '../gpu/gpu.ts';
import type { HalfStorage } from '../graph/plan.ts';
import { compile } from '../graph/program.ts';
import { variantsOf } from '../graph/snapshot.ts';
import { readVariables, releaseVariables, writeVariables } from '../graph/store.ts';
import { compileViews, planViews } from '../lift/view_program.ts';
import { beginningOf } from '../models/beginning.ts';
import type { TwoStageNetwork, ViewArchitecture } from '../models/two_stage.ts';
import type { Weights } from '../models/weights.ts';
import { outOfView } from '../pose/view.ts';
import { judgedParameters, type StepOutputs } from './step.ts';
import type { StepReport, Training } from './training.ts';
import type { ViewConfig } from './view_config.ts';
import { streamOf, type ViewBatch, type ViewSource } from './view_data.ts';
import { type Guess, viewErrors } from './view_errors.ts';
import { judgedAtOnce, viewNetwork, viewOptions, viewStep } from './view_step.ts';

/** People to learn from, and people to judge by. */
export interface ViewTrainingData {
  readonly train: ViewSource;
  readonly validation: ViewSource;
  /** Weights that the network begins with; see `beginningOf`. */
  readonly from?: Weights;
}

export interface ViewTraining extends Training<TwoStageNetwork> {
  /** Lifts people of a source like the validation's by the network as it is now. */
  guess(batch: ViewBatch, seen?: { readonly depth?: boolean }): Promise<Guess>;
}

/**
 * Builds the network and compiles its step, and the program that judges. `halves` is what stores
 * results as halves, where the configuration asks for it: `f16`. After a loss of the device
 * `gpu.recover()` goes back to the last snapshot, and `step` with it.
 */
export async function openViewTraining(
  gpu: Gpu,
  architecture: ViewArchitecture,
  config: ViewConfig,
  { train, validation, from }: ViewTrainingData,
  onProgress?: (done: number, total: number) => void,
  halves?: HalfStorage,
): Promise<ViewTraining> {
  const network = viewNetwork(architecture, config);
  const { step, inputs, schedule, options } = viewStep(network, config, train, halves);
  const begun = from && (await beginningOf(network, from, config.seed));
  const program = await compile(gpu, step, inputs, {
    ...options,
    ...(onProgress && { onProgress }),
  });

  // The average of the parameters is what comes of a training that keeps one.
  const result = judgedParameters(network.parameters, config);
  const stead = new Map([[network.parameters, result]]);
  for (const [set, values] of begun ?? []) await writeVariables(gpu, set, values);
  if (begun && result !== network.parameters)
    await writeVariables(gpu, result, begun.get(network.parameters)!);
  const judged = Math.min(config.judged, validation.count);
  const size = judgedAtOnce(config, validation);
  const { storage } = options;
  let { variants } = planViews(gpu, network, validation, size, { storage });
  const compileJudging = () =>
    compileViews(gpu, network, validation, size, { stead, variants, storage });
  let judging = await compileJudging();

  const people = streamOf(train, config);
  let queued = 0;
  const goBack = () => {
    queued = program.count;
  };
  gpu.addEventListener('recovered', goBack);
  /** The last batch to be drawn: they follow one another, as the steps do. */
  let drawing: Promise<unknown> = Promise.resolve();

  const guess: ViewTraining['guess'] = async (batch, seen) => {
    const lifted = await judging.lift(batch.inputs, seen);
    return { poses: outOfViews(batch, lifted), absolute: config.loss === 'dep-p' };
  };
  return {
    network,
    options: viewOptions(config),
    bytes: program.plan.bytes,
    get step() {
      return program.count;
    },
    async next() {
      if (config.options.guess && !from && program.count === 0)
        throw new Error(
          `training: the guess of ${config.architecture} does not learn. Train martinez first, and begin from its run`,
        );
      const at = queued++;
      const { device } = gpu;
      const drawn = drawing.then(() => people.batch(at));
      drawing = drawn.catch(() => {});
      const { inputs, poses } = await drawn;
      gpu.checkSince(device);
      const read = await program.run(
        { ...inputs, poses },
        { read: Object.keys(program.plan.outputs) as (keyof StepOutputs)[] },
      );
      return {
        step: at + 1,
        loss: LOSS_UNITS[config.loss] * read.loss[0]!,
        gradientNorm: read.gradientNorm[0]!,
        rate: schedule(at, 0),
        ...(read.lossScale && { lossScale: read.lossScale[0]! }),
        ...(read.skippedSteps && { skippedSteps: read.skippedSteps[0]! }),
      } satisfies StepReport;
    },
    async validate() {
      const { mpjpe, paMpjpe } = await viewErrors(validation, judged, (batch) => guess(batch));
      return { mpjpe: mpjpe.value, paMpjpe: paMpjpe.value };
    },
    guess,
    async snapshot() {
      const { chosen, ...snapshot } = await program.snapshot();
      return {
        ...snapshot,
        chosen: { ...chosen!, variants: { ...variants, ...chosen!.variants } },
      };
    },
    get position() {
      return people.stateAt?.(program.count);
    },
    async restore(snapshot, position) {
      if (position) people.goOn?.(position);
      await program.restore(snapshot);
      queued = program.count;
      variants = { ...variants, ...variantsOf(snapshot, gpu) };
      judging.dispose();
      judging = await compileJudging();
    },
    async values() {
      const parameters = await readVariables(gpu, result);
      return new Map([...parameters, ...(await readVariables(gpu, network.statistics))]);
    },
    async dispose() {
      gpu.removeEventListener('recovered', goBack);
      program.dispose();
      judging.dispose();
      for (const set of program.plan.sets) await releaseVariables(gpu, set);
    },
  };
}

/** Losses are reported in millimetres where they are lengths. */
const LOSS_UNITS = { 'ind-p': 1, 'dep-p': 1, joints: 1000 } as const;

/** Poses of views [n, 17, 3] in the frames of the cameras that took the pictures. */
export function outOfViews({ views }: Pick<ViewBatch, 'views'>, poses: Float32Array): Float32Array {
  const stride = poses.length / views.length;
  const out = new Float32Array(poses.length);
  views.forEach((view, i) => {
    out.set(outOfView(view, poses.subarray(i * stride, (i + 1) * stride)), i * stride);
  });
  return out;
}
