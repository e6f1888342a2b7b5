/** `kinegrad eval`: the errors of a lifter on a benchmark. */

import { readBenchmark } from '../data/benchmark.ts';
import { openGpu } from '../gpu/gpu.ts';
import { loadLifter } from '../lift/load.ts';
import { martinez } from '../models/martinez.ts';
import { readWeights } from '../models/weights.ts';
import type { AdapterKind } from '../platform/types.ts';
import { type Evaluation, evaluate, type Metric } from '../pose/metrics.ts';
import { JOINTS } from '../pose/skeleton.ts';
import { parsed } from './parsed.ts';
import { modelPath } from './run_folder.ts';

export interface EvaluateOptions {
  model: string;
  data: string;
  adapter?: AdapterKind | undefined;
}

/** Lifts all views of a benchmark and compares. */
export async function evaluateModel({
  model,
  data,
  adapter,
}: EvaluateOptions): Promise<Evaluation> {
  const benchmark = await parsed(data, readBenchmark);
  const weights = await parsed(modelPath(model), readWeights);
  const gpu = await openGpu({ adapter });
  try {
    const lifter = await loadLifter(martinez, weights, { gpu });
    return evaluate(await lifter.liftRays(benchmark.pose2d), benchmark.pose3d);
  } finally {
    gpu.close();
  }
}

/** The evaluation as a table. */
export function describeEvaluation(evaluation: Evaluation): string {
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
    '',
    `${'joint'.padEnd(15)}${'MPJPE'.padStart(9)}${'PA-MPJPE'.padStart(9)}${'PCK'.padStart(9)}`,
    ...rows,
  ].join('\n');
}
