/** `kinegrad train`: runs a training, watches over it, and keeps what it makes. */

import { basename } from 'node:path';
import { bytes } from '../gpu/faults.ts';
import { type Gpu, openGpu } from '../gpu/gpu.ts';
import { describeRecomputation } from '../graph/recomputation.ts';
import { writeWeights } from '../models/weights.ts';
import type { AdapterKind } from '../platform/types.ts';
import { trainingSteps } from '../train/loop.ts';
import type { RunConfig } from '../train/run_config.ts';
import type { TrainingForecast } from '../train/step.ts';
import type { StepReport, Training } from '../train/training.ts';
import { drawCurve } from './curve.ts';
import { type LoadedRun, loadRun } from './load_run.ts';
import { clock, type Progress, progressBar } from './progress.ts';
import { type LogEntry, newRun, type RunFolder, refuseRun, resumeRun } from './run_folder.ts';

export interface TrainOptions {
  adapter?: AdapterKind | undefined;
  /** Words on the weights' origin and terms, for their file. */
  notice?: string | undefined;
}

/** What is kept with the weights, and whether the poses that judge may choose among them. */
type Watched = TrainOptions & Pick<LoadedRun, 'heldOut'>;

/** Trains a new lifter into a folder. */
export async function train(
  folder: string,
  config: RunConfig,
  data: LoadedRun,
  options: TrainOptions,
) {
  refuseRun(folder);
  await withTraining(data, options, async (training, gpu, begin) => {
    // Not before all is open: what fails until then leaves no folder that could not be gone on with.
    const run = await newRun(folder, config);
    await watch(run, training, gpu, { ...options, heldOut: data.heldOut }, begin);
  });
}

/** Goes on with the run in a folder, from its last checkpoint. */
export async function resume(folder: string, options: TrainOptions) {
  const { run, snapshot, best, position } = await resumeRun(folder);
  const { steps } = run.config;
  if (snapshot && snapshot.step >= steps) {
    console.error(`${folder} is done: all ${steps} steps are made`);
    return;
  }
  if (!snapshot) console.error('there is no checkpoint yet: the run starts from its beginning');
  // A checkpoint holds all values: what the run began with may be gone.
  const data = await loadRun(run.config, { begins: !snapshot });
  await withTraining(data, options, async (training, gpu, begin) => {
    if (snapshot) await training.restore(snapshot, position);
    await watch(run, training, gpu, { ...options, heldOut: data.heldOut }, begin, best);
  });
}

async function withTraining(
  data: LoadedRun,
  { adapter }: TrainOptions,
  body: (training: Training, gpu: Gpu, begin: number) => Promise<void>,
) {
  const begin = performance.now();
  const gpu = await openGpu({ adapter });
  try {
    console.error(`${gpu.adapter.name}: ${gpu.adapter.why}`);
    console.error(data.description);
    console.error(describeForecast(data.forecast(gpu)));
    const training = await data.open(gpu);
    await body(training, gpu, begin);
    await training.dispose();
  } finally {
    gpu.close();
  }
}

/** Steps until the end, Ctrl-C, or a loss that is no number; saves on the way and at the end. */
async function watch(
  run: RunFolder,
  training: Training,
  gpu: Gpu,
  watched: Watched,
  begin: number,
  best = Infinity,
) {
  const { steps, validateEvery, checkpointEvery } = run.config;
  const first = training.step;
  const seconds = () => Math.round(performance.now() - begin) / 1000;
  const bar = progressBar('training', steps, first);
  let signal: NodeJS.Signals | undefined;
  const stop = (received: NodeJS.Signals) => {
    signal = received;
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const due = (step: number, every: number) => step % every === 0 || step === steps;
  let saved = first;

  const save = async () => {
    await run.checkpoint(await training.snapshot(), best, training.position);
    saved = training.step;
    await drawCurve(run);
  };
  try {
    const pauses = (step: number) => due(step, validateEvery) || due(step, checkpointEvery);
    for await (const report of trainingSteps(training, steps, pauses, () => signal !== undefined)) {
      if (report.step === first + 1)
        bar.line(`first step after ${seconds().toFixed(1)} s, compilation included`);
      bar.update(report.step, known(report, best));
      const judged = due(report.step, validateEvery)
        ? await judge(run, training, report.step, best, watched, bar)
        : undefined;
      if (judged) best = Math.min(best, judged.mpjpe);
      run.append({ ...report, ...judged, seconds: seconds() });
      if (due(report.step, checkpointEvery)) await save();
    }
    if (saved < training.step) await save();
  } catch (error) {
    const kept =
      saved > 0
        ? `The checkpoint of step ${saved} in ${run.path} is kept`
        : 'There is no checkpoint yet';
    throw new Error(`${(error as Error).message}. ${kept}`, { cause: error });
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    bar.stop();
    await run.flush();
  }
  if (signal) {
    console.error(
      `stopped at step ${training.step}; go on with 'kinegrad train --resume ${run.path}'`,
    );
    process.exitCode = 130;
  } else {
    console.error(
      `${steps - first} steps in ${clock(seconds())} on ${gpu.adapter.name}: ${run.path}${skipped(run.log.at(-1))}`,
    );
  }
}

/** How many steps overflowed, where a scale of the loss counts them. */
const skipped = (last: LogEntry | undefined) =>
  last?.skippedSteps === undefined
    ? ''
    : `; ${last.skippedSteps} overflowed and were skipped, the loss is scaled by ${last.lossScale}`;

/**
 * Validates, and writes the weights: the best so far on poses that are held out, else the last.
 */
async function judge(
  run: RunFolder,
  training: Training,
  step: number,
  best: number,
  { notice, heldOut }: Watched,
  bar: Progress,
) {
  const { config } = run;
  const { mpjpe, paMpjpe } = await training.validate();
  bar.line(`step ${step}: MPJPE ${mpjpe.toFixed(1)} mm, PA-MPJPE ${paMpjpe.toFixed(1)} mm`);
  if (!heldOut || mpjpe < best) {
    const header = {
      architecture: config.architecture,
      options: training.options,
      ...(notice && { notice }),
      training: { config: withoutFolders(config), step, mpjpe, paMpjpe },
    };
    const bytes = await writeWeights(header, training.network, await training.values());
    await run.write('model.safetensors', bytes);
  }
  return { mpjpe, paMpjpe };
}

/** Weights are for others: they tell the names of what was read, and not the folders of this machine. */
const withoutFolders = (config: RunConfig): RunConfig => ({
  ...config,
  data: basename(config.data),
  ...(config.validation !== null && { validation: basename(config.validation) }),
  ...('from' in config && { from: basename(config.from) }),
});

/** What the training takes, before it starts. */
function describeForecast(forecast: TrainingForecast): string {
  const { total, program, variables, judging, recomputation } = forecast;
  const judge = judging === undefined ? '' : `, ${bytes(judging)} to judge it`;
  const parts = `${bytes(program)} for the step, ${bytes(variables)} for what it learns${judge}`;
  const memory = `it takes ${bytes(total)} of the device: ${parts}`;
  return recomputation ? `${memory}\n${describeRecomputation(recomputation)}` : memory;
}

const known = ({ loss, rate, skippedSteps }: StepReport, best: number) => ({
  loss: loss.toFixed(2),
  rate: rate.toExponential(1),
  ...(skippedSteps && { skipped: `${skippedSteps}` }),
  ...(Number.isFinite(best) && { MPJPE: `${best.toFixed(1)} mm` }),
});
