/** Whole steps of a model: where their time goes, and what profiling them costs. */

import { interquartileRange, median } from 'simple-statistics';
import type { Gpu } from '../src/gpu/gpu.ts';
import { openProfiler } from '../src/graph/profile.ts';
import type { DispatchSpan, Part, Timeline } from '../src/graph/timeline.ts';
import { type ModelStep, modelNamed } from './models/index.ts';
import { plainTable } from './report/plain_table.ts';
import { traceOf, writeTrace } from './report/trace.ts';

export interface ProfileOptions {
  readonly gpu: Gpu;
  /** Its name in `models/index.ts`. */
  readonly model: string;
  readonly mode: 'train' | 'infer';
  readonly batch?: number | undefined;
  readonly width?: number | undefined;
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
  readonly overhead_percent: number;
  readonly count: number;
  /** Of the timeline, whose `wall` they should add up to. */
  readonly sum_ms: number;
  readonly sum_percent: number;
  /** The parts without the profile's own, against plain steps, which know nothing of them. */
  readonly own_ms: number;
  readonly own_percent: number;
  readonly kernels: readonly KernelShare[];
  /** The longest first. */
  readonly gaps: readonly Gap[];
  readonly timeline: Timeline;
}

/**
 * How long steps are repeated, seconds, if their number is not given; how often every dispatch is
 * timed, unless that takes longer than patience, and how many steps of each kind there are at least.
 */
const DURATION = 4;
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
  const { gpu, model, mode, batch, width, trace, print = console.log } = options;
  const step = await modelNamed(model)[mode](gpu, { batch, width });
  try {
    const measured = await measure(step, options.steps);
    const profile = judge({ model, mode, sizes: step.sizes }, measured);
    const title = `${model}, ${mode === 'train' ? 'training step' : 'inference'}, ${step.sizes}`;
    const { name, driver } = gpu.adapter;
    print(report(title, `${name}, ${driver}`, profile));
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

/** Each kind goes first every other time: what the first leaves in caches helps the second. */
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
    for (let i = 0; more(i); i++) for (const kind of [i % 2, 1 - (i % 2)]) await timed(kind);
    return { plain, profiled, timeline: await profiler.timeline() };
  } finally {
    profiler.dispose();
  }
}

function judge(
  about: Pick<ModelProfile, 'model' | 'mode' | 'sizes'>,
  { plain, profiled, timeline }: Measured,
): ModelProfile {
  const plain_ms = median([...plain]);
  const profiled_ms = median([...profiled]);
  const sum_ms = timeline.parts.reduce((sum, { ms }) => sum + ms, 0);
  const timing = timeline.parts.find(({ name }) => name === 'timing')?.ms ?? 0;
  const own_ms = sum_ms - timing;
  return {
    ...about,
    plain_ms,
    profiled_ms,
    plain_spread_ms: interquartileRange([...plain]),
    profiled_spread_ms: interquartileRange([...profiled]),
    overhead_percent: 100 * (profiled_ms / plain_ms - 1),
    count: plain.length,
    sum_ms,
    sum_percent: (100 * sum_ms) / timeline.wall,
    own_ms,
    own_percent: (100 * own_ms) / plain_ms,
    kernels: sharesOf(timeline.dispatches),
    gaps: gapsOf(timeline.dispatches),
    timeline,
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

const MEANING: Readonly<Record<Part['name'], string>> = {
  start: 'waiting for its turn',
  write: 'writing inputs and scalars',
  encode: 'encoding on the host',
  submit: 'finishing the commands and submitting them',
  queue: 'in the queue, until the GPU begins',
  dispatches: 'GPU at work',
  gaps: 'GPU between dispatches',
  timing: "reading the GPU's clock, for the profile alone",
  notice: 'until the host knows, outputs read',
  device: 'queue, GPU, and until the host knows',
};

function report(title: string, adapter: string, profile: ModelProfile): string {
  const { overhead_percent, count, sum_ms, sum_percent, own_ms, own_percent } = profile;
  const { timeline, kernels, gaps } = profile;
  const { parts, wall, steps, dispatches, uncertainty, note } = timeline;
  const ms = (value: number) => value.toFixed(3);
  const plain = `${ms(profile.plain_ms)} ms (spread ${ms(profile.plain_spread_ms)})`;
  const profiled = `${ms(profile.profiled_ms)} ms (spread ${ms(profile.profiled_spread_ms)})`;
  const lines = [
    title,
    adapter,
    '',
    `A step takes ${plain}, a profiled one ${profiled}:`,
    `profiling costs ${overhead_percent.toFixed(1)} % (medians of ${count} each, run in turns)`,
    '',
    plainTable(
      ['part', 'what it is', 'ms', '% of wall'],
      [
        ...parts.map(({ name, ms: time }) => [
          name,
          MEANING[name],
          ms(time),
          ((100 * time) / wall).toFixed(1),
        ]),
        ['sum', `wall time is ${ms(wall)} ms, ${steps} steps`, ms(sum_ms), sum_percent.toFixed(1)],
      ],
      2,
    ),
    `Without its own cost the profile has ${ms(own_ms)} ms, ${own_percent.toFixed(1)} % of a plain step.`,
  ];
  if (note) lines.push(note);
  if (dispatches.length === 0) return lines.join('\n');
  return [
    ...lines,
    `Where the queue ends and the notice begins is known to ${(1e3 * uncertainty).toFixed(0)} us.`,
    '',
    plainTable(
      ['kernel', 'calls', 'ms', '% of GPU', 'GFLOP/s', 'GB/s'],
      kernels.map((k) => [
        k.file,
        String(k.calls),
        ms(k.ms),
        k.percent.toFixed(1),
        k.gflops.toFixed(2),
        k.gbps.toFixed(2),
      ]),
    ),
    '',
    plainTable(
      ['largest gaps: after', 'before', 'ms'],
      gaps.map((gap) => [gap.after, gap.before, ms(gap.ms)]),
      2,
    ),
  ].join('\n');
}
