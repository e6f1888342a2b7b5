/** Host-side code, timed by the package `benchmark`: what a program costs before the GPU has a say. */

import Benchmark from 'benchmark';
import type { Gpu } from '../../src/gpu/gpu.ts';
import type { Traced } from '../../src/graph/inputs.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile, planOf } from '../../src/graph/program.ts';
import { martinez } from '../../src/models/martinez.ts';
import { mse } from '../../src/train/losses.ts';
import { type HostRow, REFERENCE } from '../rows.ts';
import { summary } from '../statistics.ts';

/** Seconds of each in a round at least, and samples. */
const ROUND_TIME = 0.15;
const ROUND_SAMPLES = 3;

/** Seconds of each before the first sample: JavaScript is compiled, and compiled better, by then. */
const WARM_UP = 2;

/** Small, because what the host does for a step does not depend on the width. */
const WIDTH = 64;
const SPECS = { poses: [64, 36], targets: [64, 48] } as const;

export interface Host {
  /** Adds a round of samples; before the first, it compiles what is to be encoded and warms up. */
  sample(): Promise<void>;
  rows(): HostRow[];
}

/** Planning and encoding the training step of the residual lifter. */
export function openHost(gpu: Gpu): Host {
  let tasks: Promise<readonly Task[]> | undefined;
  const rounds = new Map<string, number[][]>();
  return {
    async sample() {
      // Not before, so that no row finds its pipelines compiled already.
      tasks ??= tasksOf(gpu);
      for (const { name, run } of await tasks)
        rounds.set(name, [...(rounds.get(name) ?? []), time(run)]);
    },
    rows: () =>
      [...rounds].map(([name, rounds_ms]) => {
        const { median, spread, count } = summary(rounds_ms);
        return { name, median_ms: median, spread_ms: spread, count, rounds_ms };
      }),
  };
}

interface Task {
  readonly name: string;
  readonly run: () => void;
}

async function tasksOf(gpu: Gpu): Promise<readonly Task[]> {
  const lifter = martinez({ width: WIDTH });
  const step = ({ poses, targets }: Traced<typeof SPECS>) => {
    const loss = mse(lifter(poses, { training: true }), targets);
    return { loss, ...adamW(loss, lifter.parameters, { rate: 1e-3 }) };
  };
  const { dispatches } = await compile(gpu, step, SPECS);
  const encode = () => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const dispatch of dispatches) dispatch.run(pass);
    pass.end();
    encoder.finish();
  };
  const tasks = [
    { name: 'trace and plan a training step', run: () => planOf(gpu, step, SPECS) },
    { name: 'encode a training step', run: encode },
    { name: REFERENCE, run: reference },
  ];
  for (const { run } of tasks)
    for (const end = performance.now() + 1000 * WARM_UP; performance.now() < end; ) run();
  return tasks;
}

/** About as long as planning, and of the same kind: many small objects, looked up by name. */
function reference() {
  const nodes = new Map<string, { sizes: number[]; next: unknown }>();
  for (let i = 0; i < 5000; i++) {
    const name = `node ${i % 500} of ${i}`;
    const sizes = [i, i + 1, i + 2].map((size) => 2 * size);
    nodes.set(name, { sizes, next: nodes.get(`node ${i % 400} of ${i - 1}`) });
  }
  return [...nodes.keys()].sort();
}

/** Milliseconds of some runs. */
function time(run: () => void): number[] {
  const { stats } = new Benchmark(run, { maxTime: ROUND_TIME, minSamples: ROUND_SAMPLES }).run();
  return stats.sample.map((seconds) => 1000 * seconds);
}
