/** Training of a lifter: batches, the step that learns from them, and validation. */

import { type Batch, type BatchPlan, drawBatch, type PoseSource } from '../data/batches.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { reshape } from '../graph/ops/layout.ts';
import { adamW } from '../graph/ops/optimiser.ts';
import { compile, type Snapshot } from '../graph/program.ts';
import { variantsOf } from '../graph/snapshot.ts';
import { readVariables, type Values } from '../graph/store.ts';
import { type Lifter, lifterOf, liftVariants } from '../lift/lifter.ts';
import type { Network } from '../models/layers.ts';
import { martinez } from '../models/martinez.ts';
import { measure, type Statistics } from '../models/normalise.ts';
import { encode, encodeTargets, INPUT_SIZE, OUTPUT_SIZE } from '../models/representation.ts';
import { evaluate } from '../pose/metrics.ts';
import type { LifterConfig } from './config.ts';
import { meanJointDistance, mse } from './losses.ts';
import { oneCycle } from './schedules.ts';

/** What a step reports. */
export interface StepReport {
  /** Steps that are done, this one included. */
  readonly step: number;
  /** Mean joint distance in millimetres, or the mean squared error in square metres. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly rate: number;
}

/** Errors on poses that the network has not learned from, in millimetres, over all 17 joints. */
export interface Validation {
  readonly mpjpe: number;
  readonly paMpjpe: number;
}

export interface Training {
  readonly network: Network;
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
  snapshot(): Promise<Snapshot>;
  restore(snapshot: Snapshot): Promise<void>;
  /** Values of the network's variables. */
  values(): Promise<Values>;
  dispose(): Promise<void>;
}

/** Poses to learn from, and poses to judge by. */
export interface TrainingData {
  readonly train: PoseSource;
  readonly validation: PoseSource;
}

/** Poses that normalisation is measured on, and that validation lifts, at most. */
const MEASURED = 8192;
const VALIDATED = 2048;
/** Seeds of draws that are not the training's. */
const MEASURING = 0x6e6f726d;
const VALIDATING = 0x76616c69;

/** Builds the network and compiles the step. */
export async function openTraining(
  gpu: Gpu,
  config: LifterConfig,
  data: TrainingData,
  onProgress?: (done: number, total: number) => void,
): Promise<Training> {
  const { width, blocks, dropout, batch: size, steps, seed } = config;
  const plan = batchPlan(config, data.train);
  const options = { width, blocks, dropout };
  const network = martinez({ ...options, normalisation: measureData(plan) });
  const schedule = oneCycle(config.rate, steps);

  const program = await compile(
    gpu,
    ({ poses, targets }) => {
      const lifted = network(poses, { training: true });
      const loss =
        config.loss === 'mse'
          ? mse(lifted, targets)
          : meanJointDistance(joints(lifted), joints(targets));
      const { gradientNorm } = adamW(loss, network.parameters, {
        rate: schedule,
        decay: config.decay,
        ...(config.clip > 0 && { clip: config.clip }),
      });
      return { loss, gradientNorm };
    },
    { poses: [size, INPUT_SIZE], targets: [size, OUTPUT_SIZE] },
    { seed, ...(onProgress && { onProgress }) },
  );

  const weights = {
    architecture: config.architecture,
    options,
    values: new Map(),
    shapes: new Map(),
  };
  // What judges is kept with the snapshot too: validation chooses the weights.
  let judging = liftVariants(gpu, network);
  let lifter = lifterOf(gpu, network, weights, { variants: judging });
  const judged = drawBatch(
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
  return {
    network,
    options,
    bytes: program.plan.bytes,
    get step() {
      return program.count;
    },
    async next() {
      const step = queued++;
      const { inputs, targets } = encoded(drawBatch(plan, step));
      const read = await program.run(
        { poses: inputs, targets },
        { read: ['loss', 'gradientNorm'] },
      );
      const scale = config.loss === 'mse' ? 1 : 1000;
      return {
        step: step + 1,
        loss: scale * read.loss[0]!,
        gradientNorm: read.gradientNorm[0]!,
        rate: schedule(step, 0),
      };
    },
    validate: () => validateOn(lifter, judged),
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
      lifter = lifterOf(gpu, network, weights, { variants: judging });
    },
    async values() {
      const parameters = await readVariables(gpu, network.parameters);
      return new Map([...parameters, ...(await readVariables(gpu, network.statistics))]);
    },
    async dispose() {
      program.dispose();
      await lifter.dispose();
    },
  };
}

const joints = (t: Parameters<typeof reshape>[0]) => reshape(t, [-1, OUTPUT_SIZE / 3, 3]);

function batchPlan(config: LifterConfig, source: PoseSource): BatchPlan {
  const { batch: size, seed, cameras, mirror, bodyVariation, noise, augmented } = config;
  return { source, size, seed, cameras, mirror, bodyVariation, noise, augmented };
}

function encoded({ pose2d, pose3d }: Batch) {
  const { inputs, rotations } = encode(pose2d);
  return { inputs, targets: encodeTargets(pose3d, rotations) };
}

/**
 * Statistics of what batches hold. The coordinates of the output share one deviation: none of them
 * matters more than another.
 */
function measureData(plan: BatchPlan): { input: Statistics; output: Statistics } {
  const sample = encoded(drawBatch({ ...plan, size: MEASURED, seed: MEASURING }, 0));
  const input = measure(sample.inputs, INPUT_SIZE);
  const output = measure(sample.targets, OUTPUT_SIZE);
  const shared = output.std.reduce((sum, s) => sum + s, 0) / OUTPUT_SIZE;
  return { input, output: { mean: output.mean, std: output.std.map(() => shared) } };
}

async function validateOn(lifter: Lifter, { pose2d, pose3d }: Batch): Promise<Validation> {
  const lifted = await lifter.liftRays(pose2d);
  const { mpjpe, paMpjpe } = evaluate(lifted, pose3d);
  return { mpjpe: mpjpe.value, paMpjpe: paMpjpe.value };
}
