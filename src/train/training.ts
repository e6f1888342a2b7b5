/** Training of a lifter: batches, steps that learn from them, and validation. */

import type { Batch, BatchPlan, PoseSource, SeenSource } from '../data/batches.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { HalfStorage } from '../graph/plan.ts';
import { compile, type Snapshot } from '../graph/program.ts';
import { variantsOf } from '../graph/snapshot.ts';
import { readVariables, releaseVariables, type Values } from '../graph/store.ts';
import { type Lifter, lifterOf, liftVariants } from '../lift/lifter.ts';
import type { ModelVariables, Network } from '../models/layers.ts';
import { martinez } from '../models/martinez.ts';
import { measure, type Statistics } from '../models/normalise.ts';
import { INPUT_SIZE, OUTPUT_SIZE } from '../models/representation.ts';
import { pacer } from '../platform/pace.ts';
import { evaluate } from '../pose/metrics.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';
import type { LifterConfig } from './config.ts';
import { draw, drawEncoded } from './drawing.ts';
import { judgedParameters, lifterOptions, type StepOutputs, trainingStep } from './step.ts';

/** What a step reports. */
export interface StepReport {
  /** Steps that are done, this one included. */
  readonly step: number;
  /** Mean joint distance in millimetres, or the mean squared error in square metres. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly rate: number;
  /** With a scale of the loss: that, and the steps so far that were skipped as it was too large. */
  readonly lossScale?: number;
  readonly skippedSteps?: number;
}

/** Errors on poses that the network has not learned from, in millimetres, over all 17 joints. */
export interface Validation {
  readonly mpjpe: number;
  readonly paMpjpe: number;
}

/** A training under way, of any network. */
export interface Training<N = ModelVariables> {
  readonly network: N;
  /** Options that build the network again, normalisation left to the weights. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Steps that are done. */
  readonly step: number;
  /** Bytes of the buffers of the step, parameters and moments apart. */
  readonly bytes: number;
  /**
   * Runs the next step. It resolves when the loss is here; call it again before that, and the next
   * batch is drawn while the device works.
   */
  next(): Promise<StepReport>;
  /** Lifts the validation poses. */
  validate(): Promise<Validation>;
  /** Where data that come as a stream are, to be kept with a snapshot; plain JSON. */
  readonly position?: object | undefined;
  snapshot(): Promise<Snapshot>;
  /** @throws Error where the data are others than those of the position */
  restore(snapshot: Snapshot, position?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Values of the network's variables. */
  values(): Promise<Values>;
  /** Gives all memory back, the network's variables with it. */
  dispose(): Promise<void>;
}

export interface LifterTraining extends Training<Network> {
  /** Lifts poses [n, 17, 2] by the network as it is now; see `Lifter.liftRays`. */
  liftRays(rays: ArrayLike<number>): Promise<Float32Array>;
}

/** Poses to learn from, and poses to judge by. */
export interface TrainingData {
  readonly train: PoseSource | SeenSource;
  readonly validation: PoseSource | SeenSource;
}

/** Poses that normalisation is measured on, and that validation lifts, at most. */
const MEASURED = 8192;
const VALIDATED = 2048;
/** Seeds of draws that are not the training's. */
const MEASURING = 0x6e6f726d;
const VALIDATING = 0x76616c69;

/**
 * Builds the network and compiles the step. What takes the host long is done in slices, so that a
 * page which trains stays alive; a Worker may train as well. After a loss, `gpu.recover()` goes
 * back to the last snapshot, and `step` with it.
 */
export async function openTraining(
  gpu: Gpu,
  config: LifterConfig,
  data: TrainingData,
  onProgress?: (done: number, total: number) => void,
  halves?: HalfStorage,
): Promise<LifterTraining> {
  const { seed } = config;
  const plan = batchPlan(config, data.train);
  const options = lifterOptions(config);
  const pause = pacer();
  const network = martinez({ ...options, normalisation: await measureData(plan) });
  await pause();
  const { step, inputs, options: storage, schedule } = trainingStep(network, config, halves);

  const program = await compile(gpu, step, inputs, {
    ...storage,
    seed,
    ...(onProgress && { onProgress }),
  });

  const weights = {
    architecture: config.architecture,
    options,
    values: new Map(),
    shapes: new Map(),
  };
  // What judges is kept with the snapshot too: validation chooses the weights.
  let judging = liftVariants(gpu, network);
  const parameters = judgedParameters(network.parameters, config);
  const stead = new Map([[network.parameters, parameters]]);
  let lifter = lifterOf(gpu, network, weights, { variants: judging, stead });
  const judged = await draw(
    {
      ...batchPlan(config, data.validation),
      size: Math.min(VALIDATED, data.validation.count),
      seed: VALIDATING,
      mirror: false,
      bodyVariation: 0,
      noise: 0,
    },
    0,
  );

  let queued = 0;
  // A recovered program goes on from its last snapshot.
  const goBack = () => {
    queued = program.count;
  };
  gpu.addEventListener('recovered', goBack);
  /** The last batch to be drawn: they follow one another, as the steps do. */
  let drawing: Promise<unknown> = Promise.resolve();
  return {
    network,
    options,
    bytes: program.plan.bytes,
    get step() {
      return program.count;
    },
    async next() {
      const step = queued++;
      const { device } = gpu;
      const drawn = drawing.then(() => drawEncoded(plan, step));
      drawing = drawn.catch(() => {});
      const { inputs, targets } = await drawn;
      gpu.checkSince(device);
      const read = await program.run(
        { poses: inputs, targets },
        { read: Object.keys(program.plan.outputs) as (keyof StepOutputs)[] },
      );
      const scale = config.loss === 'mse' ? 1 : 1000;
      return {
        step: step + 1,
        loss: scale * read.loss[0]!,
        gradientNorm: read.gradientNorm[0]!,
        rate: schedule(step, 0),
        ...(read.lossScale && { lossScale: read.lossScale[0]! }),
        ...(read.skippedSteps && { skippedSteps: read.skippedSteps[0]! }),
      };
    },
    validate: () => validateOn(lifter, judged),
    liftRays: (rays) => lifter.liftRays(rays),
    async snapshot() {
      const { chosen, ...snapshot } = await program.snapshot();
      const { adapter, variants } = chosen!;
      return { ...snapshot, chosen: { adapter, variants: { ...judging, ...variants } } };
    },
    async restore(snapshot) {
      await program.restore(snapshot);
      queued = program.count;
      judging = { ...judging, ...variantsOf(snapshot, gpu) };
      await lifter.dispose();
      lifter = lifterOf(gpu, network, weights, { variants: judging, stead });
    },
    async values() {
      const learned = await readVariables(gpu, parameters);
      return new Map([...learned, ...(await readVariables(gpu, network.statistics))]);
    },
    async dispose() {
      gpu.removeEventListener('recovered', goBack);
      program.dispose();
      await lifter.dispose();
      for (const set of program.plan.sets) await releaseVariables(gpu, set);
    },
  };
}

function batchPlan(config: LifterConfig, source: PoseSource | SeenSource): BatchPlan {
  const { batch: size, seed, cameras, mirror, bodyVariation, noise, augmented } = config;
  return { source, size, seed, cameras, mirror, bodyVariation, noise, augmented };
}

/**
 * Statistics of what batches hold. The coordinates of the output share one deviation: none of them
 * matters more than another.
 */
async function measureData(plan: BatchPlan): Promise<{ input: Statistics; output: Statistics }> {
  const sample = await drawEncoded({ ...plan, size: MEASURED, seed: MEASURING }, 0);
  const input = measure(sample.inputs, INPUT_SIZE);
  const output = measure(sample.targets, OUTPUT_SIZE);
  const shared = output.std.reduce((sum, s) => sum + s, 0) / OUTPUT_SIZE;
  return { input, output: { mean: output.mean, std: output.std.map(() => shared) } };
}

/** People that are judged in one go, within a few milliseconds. */
const JUDGED = 32;

async function validateOn(lifter: Lifter, { pose2d, pose3d }: Batch): Promise<Validation> {
  const lifted = await lifter.liftRays(pose2d);
  const stride = 3 * JOINT_COUNT;
  const count = pose3d.length / stride;
  const pause = pacer();
  let [mpjpe, paMpjpe] = [0, 0];
  for (let first = 0; first < count; first += JUDGED) {
    const some = [lifted, pose3d].map((poses) =>
      poses.subarray(first * stride, (first + JUDGED) * stride),
    );
    const errors = evaluate(some[0]!, some[1]!);
    mpjpe += (errors.mpjpe.value * errors.frames) / count;
    paMpjpe += (errors.paMpjpe.value * errors.frames) / count;
    await pause();
  }
  return { mpjpe, paMpjpe };
}
