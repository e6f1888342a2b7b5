/** `kinegrad eval`: the errors of a lifter on a benchmark. */

import { stat } from 'node:fs/promises';
import { type Benchmark, readBenchmark } from '../data/benchmark.ts';
import { readHuman36mCameras } from '../data/human36m/cameras.ts';
import { splitNamed } from '../data/human36m/joints.ts';
import { human36mViews, readHuman36mPixels, readHuman36mPoses } from '../data/human36m/npz.ts';
import { openGpu } from '../gpu/gpu.ts';
import { loadLifter } from '../lift/load.ts';
import { martinez } from '../models/martinez.ts';
import { readWeights } from '../models/weights.ts';
import { type Evaluation, evaluate, type Metric } from '../pose/metrics.ts';
import { JOINTS } from '../pose/skeleton.ts';
import type { ViewErrors } from '../train/view_errors.ts';
import type { ViewFlags } from './evaluate_views.ts';
import { parsed } from './parsed.ts';
import { modelPath } from './run_folder.ts';

export interface EvaluateOptions extends Omit<ViewFlags, 'split'> {
  data: string;
  /** For Human3.6M, whose 2D joints are the data: its 3D poses, its cameras, and which of them. */
  poses?: string | undefined;
  cameras?: string | undefined;
  split?: string | undefined;
  every?: number | undefined;
}

/** Lifts all views of a benchmark, or people that are rendered or in shards, and compares. */
export async function evaluateModel(options: EvaluateOptions): Promise<Evaluation | ViewErrors> {
  const { model, adapter, data } = options;
  const isFolder = (await stat(data).catch(() => undefined))?.isDirectory() ?? false;
  if (data === 'rendered' || isFolder)
    refuse(options, ['poses', 'cameras', 'every'], "Human3.6M's 2D joints");
  else refuse(options, ['count', 'seed', 'depthError'], 'people with pictures');
  if (data === 'rendered') {
    const { evaluateRendered } = await import('./evaluate_views.ts');
    return evaluateRendered(options);
  }
  if (isFolder) {
    const { evaluateShards } = await import('./evaluate_views.ts');
    return evaluateShards(options);
  }
  const benchmark = await loadBenchmark(options);
  const weights = await parsed(modelPath(model), readWeights);
  const gpu = await openGpu({ adapter });
  try {
    const lifter = await loadLifter(martinez, weights, { gpu });
    return evaluate(await lifter.liftRays(benchmark.pose2d), benchmark.pose3d);
  } finally {
    gpu.close();
  }
}

/** @throws where an option is given that other data take */
function refuse(
  options: EvaluateOptions,
  names: readonly (keyof EvaluateOptions)[],
  whose: string,
) {
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  const flag = given.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
  throw new Error(`--${flag} is for ${whose}; leave it out for ${options.data}`);
}

async function loadBenchmark(options: EvaluateOptions): Promise<Benchmark> {
  const { data, poses, cameras, split = 'standard', every = 1 } = options;
  if (!data.endsWith('.npz')) return parsed(data, readBenchmark);
  if (!poses || !cameras)
    throw new Error(
      `${data} has 2D joints only. Give the 3D poses, as in --poses data_3d_h36m.npz, and --cameras, a JSON file with the four cameras of each subject`,
    );
  if (!(Number.isInteger(every) && every > 0))
    throw new Error(`--every must be a whole number above zero, got ${every}`);
  return human36mViews({
    poses: await parsed(poses, readHuman36mPoses),
    pixels: await parsed(data, readHuman36mPixels),
    cameras: await parsed(cameras, (b) => readHuman36mCameras(new TextDecoder().decode(b))),
    split: splitNamed(split),
    part: 'test',
    every,
  });
}

/** The evaluation as a table. */
export function describeEvaluation(evaluation: Evaluation | ViewErrors): string {
  const { frames, mpjpe, paMpjpe, nMpjpe, pck, auc } = evaluation;
  const metrics = [mpjpe, paMpjpe, nMpjpe, pck, auc];
  const summary = metrics.map(
    ({ name, value, unit, alignment }) =>
      `${name.padEnd(15)} ${value.toFixed(1).padStart(6)} ${unit.padEnd(3)} ${alignment}`,
  );
  const joint = (metric: Metric, name: (typeof JOINTS)[number]) =>
    (metric.perJoint[name] ?? 0).toFixed(1).padStart(9);
  const rows = JOINTS.map(
    (name) => `${name.padEnd(15)}${joint(mpjpe, name)}${joint(paMpjpe, name)}${joint(pck, name)}`,
  );
  return [
    `${frames} poses, ${mpjpe.joints.length} joints, ${mpjpe.averaging}`,
    '',
    ...summary,
    ...('root' in evaluation
      ? [
          `${'root error'.padEnd(15)} ${evaluation.root.toFixed(1).padStart(6)} mm  median distance from its place`,
        ]
      : []),
    '',
    `${'joint'.padEnd(15)}${'MPJPE'.padStart(9)}${'PA-MPJPE'.padStart(9)}${'PCK'.padStart(9)}`,
    ...rows,
  ].join('\n');
}
