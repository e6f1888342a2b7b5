/**
 * A process that measures one engine. `run.ts` starts it, sends a `Job`, and gets `Figures` back.
 */

import type { Engine, OpenEngine, Training } from './engine.ts';
import { makePoses, makeWeights, relativeError } from './problem.ts';

export interface Job {
  /** The engine's file. */
  readonly file: string;
  readonly width: number;
  readonly training: Training;
  readonly inference: readonly { readonly batch: number; readonly reference: Float64Array }[];
}

/** All times in seconds. */
export interface Figures {
  readonly title: string;
  readonly adapter: string;
  readonly notes: readonly string[];
  readonly training?: TrainingFigures;
  readonly inference: readonly InferenceFigures[];
}

export interface TrainingFigures {
  /** From opening the device to the loss of the first step, all compilation included. */
  readonly first: number;
  /** Of a step; each is the mean of several steps in a row that end with the loss read back. */
  readonly steps: readonly number[];
  /** At the first step and at the last of the warm-up, of a batch that is always the same. */
  readonly losses: readonly [number, number];
}

export interface InferenceFigures {
  readonly batch: number;
  /** From the call to the output on the host, with nothing else in flight. */
  readonly latencies: readonly number[];
  /** Of a run where IN_FLIGHT runs are asked for at once; each is the mean of such a group. */
  readonly streamed: readonly number[];
  /** The largest difference to the reference, in parts of its largest value. */
  readonly error: number;
}

/** Runs that the measurement of throughput asks for at once. */
export const IN_FLIGHT = 16;

/**
 * How long a series is sampled, seconds, how many samples it has at least and at most, and after
 * how many seconds it has to do with fewer.
 */
const SERIES = { duration: 1.5, least: 3, most: 50, patience: 15 };
/** Steps in a row take this long at least, seconds, so that reading the loss weighs little. */
const STEPS_DURATION = 0.4;
const WARM_UP_STEPS = 4;
const WARM_UP_RUNS = 4;

const now = () => performance.now() / 1000;

async function measure(job: Job): Promise<Figures> {
  const { engine } = (await import(job.file)) as { engine: Engine };
  const weights = makeWeights(job.width);
  const start = now();
  const open = await engine.open();
  const { trainer } = open;
  const training = trainer && (await measureTraining(trainer, weights, job.training, start));
  const inference: InferenceFigures[] = [];
  for (const { batch, reference } of job.inference) {
    inference.push(await measureInference(open, weights, batch, reference));
  }
  const { adapter, notes } = open;
  await open.close();
  return { title: engine.title, adapter, notes, ...(training && { training }), inference };
}

async function measureTraining(
  build: NonNullable<OpenEngine['trainer']>,
  weights: ReturnType<typeof makeWeights>,
  training: Training,
  start: number,
): Promise<TrainingFigures> {
  const { poses, targets } = makePoses(training.batch);
  const trainer = await build(weights, training);
  const steps = async (count: number) => {
    for (let i = 0; i < count; i++) await trainer.step(poses, targets);
    return trainer.loss();
  };
  const firstLoss = await steps(1);
  const first = now() - start;
  const [warm, warmLoss] = await timed(() => steps(WARM_UP_STEPS));
  const count = Math.min(Math.max(Math.ceil((STEPS_DURATION * WARM_UP_STEPS) / warm), 1), 50);
  const times = await series(() => steps(count));
  await trainer.close();
  return { first, steps: times.map((time) => time / count), losses: [firstLoss, warmLoss] };
}

async function measureInference(
  open: OpenEngine,
  weights: ReturnType<typeof makeWeights>,
  batch: number,
  reference: Float64Array,
): Promise<InferenceFigures> {
  const { poses } = makePoses(batch);
  const lifter = await open.lifter(weights, batch);
  const error = relativeError(await lifter.run(poses), reference);
  for (let i = 0; i < WARM_UP_RUNS; i++) await lifter.run(poses);
  const latencies = await series(() => lifter.run(poses));
  const group = Array.from({ length: IN_FLIGHT });
  const streamed = await series(() => Promise.all(group.map(() => lifter.run(poses))));
  await lifter.close();
  return { batch, latencies, streamed: streamed.map((time) => time / IN_FLIGHT), error };
}

/** Times of a call, repeated as SERIES says. */
async function series(call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const start = now();
  do {
    const [time] = await timed(call);
    times.push(time);
  } while (
    times.length < SERIES.most &&
    now() - start < (times.length < SERIES.least ? SERIES.patience : SERIES.duration)
  );
  return times;
}

async function timed<T>(call: () => Promise<T>): Promise<[seconds: number, result: T]> {
  const start = now();
  const result = await call();
  return [now() - start, result];
}

process.once('message', async (job: Job) => {
  // An exception ends the process with its message, which `run.ts` passes on.
  const figures = await measure(job);
  process.send!(figures, () => process.disconnect?.());
});
