/** What a profile says: where the time of a step goes, on one axis for host and GPU. */

import type { GpuClock } from '../gpu/clock.ts';
import type { Cost } from '../kernels/kernel.ts';
import type { Shape } from '../kernels/tensor.ts';
import { type Due, type Pass, TOGETHER } from './passes.ts';
import type { HostPart } from './recording.ts';

/** All times are milliseconds since the step was asked for, unless they say otherwise. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/**
 * The parts of a step, one after another:
 * `start`, waiting for its turn; `write`, inputs and scalars; `encode`; `submit`; `queue`, until the
 * GPU begins; `dispatches`, while it works; `gaps`, between dispatches; `timing`, reading the GPU's
 * clock, which steps that are not profiled do without; `notice`, until the host knows that the GPU
 * is done, outputs that are read included. Where the GPU has no timestamps, `device` stands for the
 * last five. With micro-batches, the host's parts are those of the first: it prepares the others
 * while the GPU works, or in the gaps.
 */
export type PartName =
  | 'start'
  | 'write'
  | 'encode'
  | 'submit'
  | 'queue'
  | 'dispatches'
  | 'gaps'
  | 'timing'
  | 'notice'
  | 'device';

export interface Part {
  readonly name: PartName;
  readonly ms: number;
}

export interface HostSpan extends Span {
  readonly name: HostPart;
  /** The submit that it belongs to: one a micro-batch. */
  readonly submit: number;
}

export interface DispatchSpan extends Span {
  readonly op: string;
  /** The WGSL file. */
  readonly file: string;
  /** Shapes of what it reads and writes, by WGSL name. */
  readonly operands: Readonly<Record<string, Shape>>;
  readonly workgroups: readonly [number, number, number];
  readonly cost: Cost;
  readonly submit: number;
}

/**
 * A step as several steps show it: each time is the mean over the middle half of the steps by their
 * wall time. Dispatches follow one another here without `timing`.
 */
export interface Timeline {
  readonly steps: number;
  /** From the call to the host's notice of its end. */
  readonly wall: number;
  readonly parts: readonly Part[];
  readonly host: readonly HostSpan[];
  /** In the order of the GPU; empty where it has no timestamps. */
  readonly dispatches: readonly DispatchSpan[];
  /** How far the GPU's times may be off from the host's: `queue` may be longer, `notice` shorter. */
  readonly uncertainty: number;
  /** What the profile does not show, and why. */
  readonly note?: string;
}

/** One step as it was measured, in milliseconds of `performance.now()`. */
export interface Sample extends Span {
  /** The first of the dispatches that were timed alone, or {@link TOGETHER}. */
  readonly window: number;
  /** When each part began, by submit. */
  readonly marks: readonly Readonly<Record<HostPart, number>>[];
  /** Those that were timed, in order; the first begins and the last ends the work of the GPU. */
  readonly passes: readonly (Pass & Span)[];
}

/**
 * Merges steps. Each of `due` must have been timed alone in one of them, if the device has a clock.
 */
export function timelineOf(
  all: readonly Sample[],
  due: readonly Due[],
  clock: GpuClock | undefined,
): Timeline {
  const known = clock !== undefined && due.length > 0;
  const samples = calm(known ? all.filter(({ window }) => window !== TOGETHER) : all);
  const wall = mean(samples.map(({ begin, end }) => end - begin));
  const common = { steps: all.length, wall, host: hostSpans(samples) };
  if (!known) {
    const parts = meanParts(samples.map((sample) => hostParts(sample, sample.end)));
    const note =
      due.length === 0
        ? 'The program has no dispatches.'
        : 'The device has no timestamp-query: times of dispatches are not known.';
    return { ...common, parts, dispatches: [], uncertainty: 0, note };
  }
  const around = meanParts(samples.map(partsAround));
  const before = around.filter(({ name }) => name !== 'notice');
  const { times, gaps, timing } = dispatchTimes(samples, due.length, clock);
  let at = total(before.map(({ ms }) => ms));
  const dispatches = due.map(({ dispatch, submit }, i): DispatchSpan => {
    const { op, kernel, operands, groups: workgroups, cost } = dispatch;
    const begin = at + (gaps[i - 1] ?? 0);
    at = begin + times[i]!;
    const shapes = Object.entries(operands).map(([name, { shape }]) => [name, shape]);
    return {
      begin,
      end: at,
      op,
      file: kernel.file,
      operands: Object.fromEntries(shapes),
      workgroups,
      cost,
      submit,
    };
  });
  const parts: Part[] = [
    ...before,
    { name: 'dispatches', ms: total(times) },
    { name: 'gaps', ms: total(gaps) },
    { name: 'timing', ms: timing },
    ...around.slice(before.length),
  ];
  return { ...common, parts, dispatches, uncertainty: clock.uncertainty };
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0);
const mean = (numbers: readonly number[]) => total(numbers) / numbers.length;

/**
 * Of the steps that timed the same dispatches, the middle half by wall time. Outliers go as whole
 * steps, and plain means are taken of the others, so that means of parts add up to that of the
 * whole.
 */
function calm(samples: readonly Sample[]): Sample[] {
  const windows = new Map<number, Sample[]>();
  for (const sample of samples)
    windows.set(sample.window, [...(windows.get(sample.window) ?? []), sample]);
  return [...windows.values()].flatMap((same) => {
    const cut = Math.floor(same.length / 4);
    const sorted = same.sort((a, b) => a.end - a.begin - (b.end - b.begin));
    return sorted.slice(cut, sorted.length - cut);
  });
}

/** The parts of the host until the device takes over, and the device until `end`. */
function hostParts({ begin, marks }: Sample, end: number): Part[] {
  const first = marks[0]!;
  const submitted = Math.min(first.wait, end);
  return [
    { name: 'start', ms: first.write - begin },
    { name: 'write', ms: first.encode - first.write },
    { name: 'encode', ms: first.submit - first.encode },
    { name: 'submit', ms: Math.max(0, submitted - first.submit) },
    { name: 'device', ms: Math.max(0, end - submitted) },
  ];
}

/** What is before the GPU's work and after it. The GPU may begin before the host has submitted. */
function partsAround(sample: Sample): Part[] {
  const begin = sample.passes[0]!.begin;
  const ended = sample.passes.at(-1)!.end;
  const host = hostParts(sample, begin).map(({ name, ms }) => ({
    name: name === 'device' ? ('queue' as const) : name,
    ms,
  }));
  return [...host, { name: 'notice', ms: Math.max(0, sample.end - ended) }];
}

const meanParts = (all: readonly (readonly Part[])[]): Part[] =>
  all[0]!.map(({ name }, i) => ({ name, ms: mean(all.map((parts) => parts[i]!.ms)) }));

/** What timing a pass costs amid work, in what it costs when there is none: at most. */
const AMID_WORK = 4;

/**
 * Each dispatch, the gap after each but the last, and what timing takes: together, what the GPU
 * takes from its begin to its end in the mean. Alone, a dispatch takes longer by what timing its
 * pass costs, which is found by comparing them all with steps in which most went together; what
 * that leaves is shared out in proportion.
 */
function dispatchTimes(samples: readonly Sample[], count: number, clock: GpuClock) {
  const found = Array.from({ length: count }, (): number[] => []);
  const seen = Array.from({ length: count - 1 }, (): number[] => []);
  for (const { passes } of samples)
    passes.forEach((pass, i) => {
      if (pass.count === 1) found[pass.first]!.push(pass.end - pass.begin);
      const next = passes[i + 1];
      const last = pass.first + pass.count - 1;
      if (next?.first === last + 1) seen[last]!.push(next.begin - pass.end);
    });
  const alone = found.map(mean);
  const gaps = seen.map((between) => Math.max(0, mean(between)));
  const span = mean(samples.map(({ passes }) => passes.at(-1)!.end - passes[0]!.begin));
  const timed = mean(samples.map(({ passes }) => passes.length));
  const most = AMID_WORK * clock.passCost;
  const excess = (total(alone) + total(gaps) - span) / (count - timed);
  // Where each step times all of its dispatches, there is nothing to compare them with.
  const passCost = timed < count ? Math.max(0, Math.min(excess, most)) : clock.passCost;
  const times = alone.map((time) => Math.max(0, time - passCost));
  const timing = timed * passCost;
  const scale = Math.max(0, span - timing - total(gaps)) / Math.max(total(times), Number.MIN_VALUE);
  return { times: times.map((time) => scale * time), gaps, timing };
}

function hostSpans(samples: readonly Sample[]): HostSpan[] {
  const at = (pick: (sample: Sample) => number) =>
    mean(samples.map((sample) => pick(sample) - sample.begin));
  return samples[0]!.marks.flatMap((_, submit, { length }) => {
    const mark = (name: HostPart) => at(({ marks }) => marks[submit]![name]);
    const times = { write: mark('write'), encode: mark('encode'), submit: mark('submit') };
    const wait = mark('wait');
    const spans: HostSpan[] = [
      { name: 'write', submit, begin: times.write, end: times.encode },
      { name: 'encode', submit, begin: times.encode, end: times.submit },
      { name: 'submit', submit, begin: times.submit, end: wait },
    ];
    const end = at(({ end }) => end);
    return submit < length - 1 ? spans : [...spans, { name: 'wait', submit, begin: wait, end }];
  });
}
