/** What a profile says: where the time of a step goes, on one axis for host and GPU. */

import { type GpuClock, median } from '../gpu/clock.ts';
import type { Cost } from '../kernels/kernel.ts';
import type { Shape } from '../kernels/tensor.ts';
import type { Due, Focus, Pass } from './passes.ts';
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
 * A step as several steps show it. Each time is a median over the fastest quarter of the steps, as
 * nothing else on the machine disturbed them; of the steps that timed a dispatch, if it is one. The
 * parts are put one after another as they were measured, and not made to fit: they add up to `wall`
 * as far as the profile is right.
 */
export interface Timeline {
  readonly steps: number;
  /** From the call to the host's notice of its end, by the host's clock. */
  readonly wall: number;
  readonly parts: readonly Part[];
  readonly host: readonly HostSpan[];
  /** In the order of the GPU; empty where it has no timestamps. */
  readonly dispatches: readonly DispatchSpan[];
  /** How far the GPU's times may be off from the host's: `queue` may be longer, `notice` shorter. */
  readonly uncertainty: number;
  /** What timing a dispatch cost, which its time does not have in it. */
  readonly passCost: number;
  /** What the profile does not show, and why. */
  readonly note?: string;
}

/** One step as it was measured, in milliseconds of `performance.now()`. */
export interface Sample extends Span {
  readonly focus: Focus;
  /** When each part began, by submit. */
  readonly marks: readonly Readonly<Record<HostPart, number>>[];
  /** Those that were timed, in order. In whole steps, the first begins and the last ends the work. */
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
  const samples = undisturbed(all);
  const whole = known ? samples.filter(({ focus }) => focus === 'whole') : samples;
  const wall = median(whole.map(({ begin, end }) => end - begin));
  const common = { steps: all.length, wall, host: hostSpans(whole) };
  if (!known) {
    const parts = medianParts(whole.map((sample) => hostParts(sample, sample.end)));
    const note =
      due.length === 0
        ? 'The program has no dispatches.'
        : 'The device has no timestamp-query: times of dispatches are not known.';
    return { ...common, parts, dispatches: [], uncertainty: 0, passCost: 0, note };
  }
  const around = medianParts(whole.map(partsAround));
  const before = around.filter(({ name }) => name !== 'notice');
  const parted = samples.filter(({ focus }) => focus !== 'whole');
  const { times, gaps, passCost } = dispatchTimes(parted, due.length, clock);
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
    { name: 'timing', ms: passCost * whole[0]!.passes.length },
    ...around.slice(before.length),
  ];
  return { ...common, parts, dispatches, uncertainty: clock.uncertainty, passCost };
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0);

/** Of the steps that timed the same dispatches, the fastest quarter. */
function undisturbed(samples: readonly Sample[]): Sample[] {
  return [...groups(samples, ({ focus }) => JSON.stringify(focus)).values()].flatMap((same) =>
    same.sort((a, b) => a.end - a.begin - (b.end - b.begin)).slice(0, Math.ceil(same.length / 4)),
  );
}

function groups<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const found = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    found.set(key, [...(found.get(key) ?? []), item]);
  }
  return found;
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

const medianParts = (all: readonly (readonly Part[])[]): Part[] =>
  all[0]!.map(({ name }, i) => ({ name, ms: median(all.map((parts) => parts[i]!.ms)) }));

/**
 * Each dispatch, the gap after each but the last, and what timing a pass costs, which is taken off
 * each.
 */
function dispatchTimes(samples: readonly Sample[], count: number, clock: GpuClock) {
  const passes = samples.flatMap(({ passes }) =>
    passes.map((pass, i) => ({ ...pass, gap: (passes[i + 1]?.begin ?? pass.end) - pass.end })),
  );
  const timed = groups(
    passes.filter(({ times }) => times === 'both'),
    ({ count }) => count,
  );
  const alone = groups(timed.get(1) ?? [], ({ first }) => first);
  const pairs = groups(timed.get(2) ?? [], ({ first }) => first);
  const time = (same: readonly Span[] | undefined) =>
    median(same!.map(({ begin, end }) => end - begin));
  const all = Array.from({ length: count }, (_, i) => time(alone.get(i)));
  const gaps = Array.from({ length: count - 1 }, (_, i) =>
    Math.max(0, median(alone.get(i)!.map(({ gap }) => gap))),
  );
  const excess = [...pairs].map(([i, same]) => {
    const together = time(same);
    return { together, ms: all[i]! + gaps[i]! + all[i + 1]! - together };
  });
  excess.sort((a, b) => a.together - b.together);
  // The shorter half: of long ones, the noise would be longer than what timing costs.
  const shown = excess.slice(0, Math.ceil(excess.length / 2)).map(({ ms }) => ms);
  const passCost = shown.length > 0 ? Math.max(0, median(shown)) : clock.passCost;
  return { times: all.map((ms) => Math.max(0, ms - passCost)), gaps, passCost };
}

function hostSpans(samples: readonly Sample[]): HostSpan[] {
  const at = (pick: (sample: Sample) => number) =>
    median(samples.map((sample) => pick(sample) - sample.begin));
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
