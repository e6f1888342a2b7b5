/** Whole steps of a model: where their time goes, and what profiling them costs. */

import { interquartileRange, median } from 'simple-statistics';
import { bytes } from '../src/gpu/faults.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import { memoryOf } from '../src/graph/plan_memory.ts';
import { openProfiler } from '../src/graph/profile.ts';
import type { DispatchSpan, Timeline } from '../src/graph/timeline.ts';
import { type ModelStep, modelNamed } from './models/index.ts';
import { profileText } from './report/profile.ts';
import { traceOf, writeTrace } from './report/trace.ts';
import { medianInterval } from './statistics.ts';

export interface ProfileOptions {
  readonly gpu: Gpu;
  /** Its name in `models/index.ts`. */
  readonly model: string;
  readonly mode: 'train' | 'infer';
  readonly batch?: number | undefined;
  readonly width?: number | undefined;
  readonly size?: number | undefined;
  /** Of training: blocks are computed again for the gradients. */
  readonly recompute?: boolean | undefined;
  /** Profiled steps, at least; as many plain ones are run between them. */
  readonly steps?: number | undefined;
  /** Where to write the Chrome trace. */
  readonly trace?: string | undefined;
  readonly print?: (text: string) => void;
}

/** The share of a kernel in the GPU's work of a step. */
export interface KernelShare {
  readonly file: string;
  readonly calls: number;
  readonly ms: number;
  readonly percent: number;
  readonly gflops: number;
  readonly gbps: number;
}

export interface Gap {
  readonly ms: number;
  /** WGSL files of the dispatches before and after it. */
  readonly after: string;
  readonly before: string;
}

export interface ModelProfile {
  readonly model: string;
  readonly mode: 'train' | 'infer';
  readonly sizes: string;
  /** Medians of steps as they are and of profiled ones, which were run in turns. */
  readonly plain_ms: number;
  readonly profiled_ms: number;
  /** Interquartile ranges of the same: a difference that is smaller shows little. */
  readonly plain_spread_ms: number;
  readonly profiled_spread_ms: number;
  /**
   * What profiling adds: to the median, and to the plain step beside each profiled one, in the median
   * with its 95 % confidence interval. Where other work comes and goes, the latter is steadier.
   */
  readonly overhead_percent: number;
  readonly paired_overhead_percent: number;
  readonly paired_interval_percent: readonly [number, number];
  readonly count: number;
  /** Of the timeline's parts, in percent of its `wall`. */
  readonly sum_ms: number;
  readonly sum_percent: number;
  /** Median of the fastest quarter of plain steps, as the timeline has it of profiled ones. */
  readonly undisturbed_ms: number;
  /** The parts without `timing`, in percent of undisturbed plain steps: two separate measurements. */
  readonly own_ms: number;
  readonly own_percent: number;
  /** Every step of both kinds, in turns. */
  readonly samples_ms: { readonly plain: readonly number[]; readonly profiled: readonly number[] };
  readonly kernels: readonly KernelShare[];
  /** The longest first. */
  readonly gaps: readonly Gap[];
  readonly timeline: Timeline;
}

/**
 * How long steps are repeated, seconds, if their number is not given; how often every dispatch is
 * timed, unless that takes longer than patience, and how many steps of each kind there are at least.
 */
const DURATION = 8;
const ROUNDS = 4;
const PATIENCE = 20;
const LEAST = 4;
/** Steps before the first that counts, unless they are long: seconds. */
const WARM_UP = 3;
const LONG = 1;
const GAPS = 5;

/**
 * Runs steps of a model, plain and profiled in turns, and prints where their time goes.
 * @throws when there is no such model, or the trace cannot be written
 */
export async function profileModel(options: ProfileOptions): Promise<ModelProfile> {
  const { gpu, model, mode, batch, width, size, recompute, trace, print = console.log } = options;
  const step = await modelNamed(model)[mode](gpu, { batch, width, size, recompute });
  try {
    const measured = await measure(step, options.steps);
    const profile = profileOf({ model, mode, sizes: step.sizes }, measured);
    const { total } = memoryOf(step.program.plan);
    const words = mode === 'train' ? 'training step' : 'inference';
    const again = recompute ? ', recomputed' : '';
    const title = `${model}, ${words}, ${step.sizes}${again}, ${bytes(total)} of memory`;
    const { name, driver } = gpu.adapter;
    print(profileText(title, `${name}, ${driver}`, profile));
    if (trace !== undefined) {
      writeTrace(trace, traceOf(profile.timeline, title, { adapter: name, driver }));
      print(`Timeline: ${trace} (open it in ui.perfetto.dev or chrome://tracing)`);
    }
    return profile;
  } finally {
    step.program.dispose();
  }
}

interface Measured {
  readonly plain: readonly number[];
  readonly profiled: readonly number[];
  readonly timeline: Timeline;
}

/** Plain steps and profiled ones in turns; each kind goes first in half of them. */
async function measure({ program, batch, read }: ModelStep, steps?: number): Promise<Measured> {
  const profiler = openProfiler(program);
  const plain: number[] = [];
  const profiled: number[] = [];
  const kinds: (() => Promise<unknown>)[] = [
    async () => {
      if (read.length) return program.run(batch, { read });
      await program.run(batch);
      return program.done();
    },
    () => (read.length ? profiler.step(batch, { read }) : profiler.step(batch)),
  ];
  const timed = async (kind: number) => {
    const start = performance.now();
    await kinds[kind]!();
    (kind ? profiled : plain).push(performance.now() - start);
  };
  try {
    const opened = performance.now();
    const since = (from: number) => (performance.now() - from) / 1e3;
    for (let i = 0; i < WARM_UP && since(opened) < LONG; i++) await kinds[0]!();
    // The first profiled step opens the query set and sets the clocks.
    await kinds[1]!();
    const start = performance.now();
    const more = (done: number) =>
      done < (steps ?? LEAST) ||
      profiler.rounds < (since(start) < PATIENCE ? ROUNDS : 1) ||
      (steps === undefined && since(start) < DURATION);
    for (let i = 0; more(i); i++) {
      // Profiled steps are of two kinds in turns: each should follow upon plain ones as often.
      const first = (i >> 1) % 2;
      for (const kind of [first, 1 - first]) await timed(kind);
    }
    return { plain, profiled, timeline: await profiler.timeline() };
  } finally {
    profiler.dispose();
  }
}

function profileOf(
  about: Pick<ModelProfile, 'model' | 'mode' | 'sizes'>,
  { plain, profiled, timeline }: Measured,
): ModelProfile {
  const plain_ms = median([...plain]);
  const profiled_ms = median([...profiled]);
  const ratios = plain.map((ms, i) => profiled[i]! / ms);
  const percent = (ratio: number) => 100 * (ratio - 1);
  const sum_ms = timeline.parts.reduce((sum, { ms }) => sum + ms, 0);
  const timing = timeline.parts.find(({ name }) => name === 'timing')?.ms ?? 0;
  const own_ms = sum_ms - timing;
  const fastest = [...plain].sort((a, b) => a - b).slice(0, Math.ceil(plain.length / 4));
  const undisturbed_ms = median(fastest);
  return {
    ...about,
    plain_ms,
    profiled_ms,
    plain_spread_ms: interquartileRange([...plain]),
    profiled_spread_ms: interquartileRange([...profiled]),
    overhead_percent: percent(profiled_ms / plain_ms),
    paired_overhead_percent: percent(median(ratios)),
    paired_interval_percent: medianInterval(ratios.map(percent)),
    count: plain.length,
    sum_ms,
    sum_percent: (100 * sum_ms) / timeline.wall,
    undisturbed_ms,
    own_ms,
    own_percent: (100 * own_ms) / undisturbed_ms,
    kernels: sharesOf(timeline.dispatches),
    gaps: gapsOf(timeline.dispatches),
    timeline,
    samples_ms: { plain, profiled },
  };
}

/** The share of each WGSL file, the largest first. */
export function sharesOf(dispatches: readonly DispatchSpan[]): KernelShare[] {
  const total = dispatches.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const files = [...new Set(dispatches.map(({ file }) => file))];
  const shares = files.map((file): KernelShare => {
    const calls = dispatches.filter((dispatch) => dispatch.file === file);
    const sum = (f: (dispatch: DispatchSpan) => number) => calls.reduce((s, d) => s + f(d), 0);
    const ms = sum(({ begin, end }) => end - begin);
    const rate = (count: number) => (ms > 0 ? count / (1e6 * ms) : 0);
    return {
      file,
      calls: calls.length,
      ms,
      percent: total > 0 ? (100 * ms) / total : 0,
      gflops: rate(sum(({ cost }) => cost.flops)),
      gbps: rate(sum(({ cost }) => cost.bytes)),
    };
  });
  return shares.sort((a, b) => b.ms - a.ms);
}

function gapsOf(dispatches: readonly DispatchSpan[]): Gap[] {
  const gaps = dispatches.slice(1).map(({ begin, file }, i) => {
    const { end, file: after } = dispatches[i]!;
    return { ms: begin - end, after, before: file };
  });
  return gaps.sort((a, b) => b.ms - a.ms).slice(0, GAPS);
}
