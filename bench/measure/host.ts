/** Host-side code, timed by the package `benchmark`: what a program costs before the GPU has a say. */

import Benchmark from 'benchmark';
import type { Gpu } from '../../src/gpu/gpu.ts';
import type { Traced } from '../../src/graph/inputs.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile, planOf } from '../../src/graph/program.ts';
import { martinez } from '../../src/models/martinez.ts';
import { mse } from '../../src/train/losses.ts';
import type { HostRow } from '../rows.ts';
import { summary } from '../statistics.ts';

/** Seconds that each is run for, and samples it takes at least. */
const MAX_TIME = 0.5;
const LEAST_SAMPLES = 10;

/** Small, because what the host does for a step does not depend on the width. */
const WIDTH = 64;
const SPECS = { poses: [64, 36], targets: [64, 48] } as const;

/** Planning and encoding the training step of the residual lifter. */
export async function hostRows(gpu: Gpu): Promise<HostRow[]> {
  const lifter = martinez({ width: WIDTH });
  const step = ({ poses, targets }: Traced<typeof SPECS>) => {
    const loss = mse(lifter(poses, { training: true }), targets);
    return { loss, ...adamW(loss, lifter.parameters, { rate: 1e-3 }) };
  };
  const program = await compile(gpu, step, SPECS);
  const { dispatches } = program;
  const encode = () => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const dispatch of dispatches) dispatch.run(pass);
    pass.end();
    encoder.finish();
  };
  const rows = [
    time('trace and plan a training step', () => planOf(gpu, step, SPECS)),
    time(`encode its ${dispatches.length} dispatches`, encode),
  ];
  program.dispose();
  return rows;
}

function time(name: string, fn: () => void): HostRow {
  const { stats } = new Benchmark(name, fn, {
    maxTime: MAX_TIME,
    minSamples: LEAST_SAMPLES,
  }).run();
  const { median, spread, count } = summary([stats.sample.map((seconds) => 1000 * seconds)]);
  return { name, median_ms: median, spread_ms: spread, count };
}
