/**
 * What this device can do at most: bandwidth of memory at several working sets, multiply-adds in
 * registers, and the cost of a dispatch. Measured in turn with the rows that are held against it.
 */

import { median } from 'simple-statistics';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { slice } from '../../src/graph/ops/layout.ts';
import { compile, type Program } from '../../src/graph/program.ts';
import { size } from '../report/figures.ts';
import type { Bandwidth } from '../rows.ts';
import {
  type FmaForm,
  fmaChains,
  nothing,
  STREAM,
  type StreamForm,
  stream,
} from './roof_kernels.ts';
import type { Sampler, Subject } from './sampler.ts';

/** A roof: the kernels that came nearest to it, and their samples in milliseconds. */
export interface Roof {
  /** Such as `memory at 4 MiB`. */
  readonly name: string;
  readonly subjects: readonly Subject[];
  /** Adds samples, a list for each subject. */
  add(samples: readonly (readonly number[])[]): void;
  /**
   * Tries all kernels once more, for when a row beats the roof: a busy moment may have hit it. The
   * better of both times counts from then on.
   * @returns what this time showed, as `best` has it
   */
  again(): Promise<number>;
  /**
   * Work in a second of the best subject, 1e9 bytes or 1e9 flops; with a prefix, of the best whose
   * name begins so.
   */
  best(prefix?: string): { rate: number; kernel: string };
}

export interface Roofs {
  /** The roof of memory for kernels that touch about this many bytes. */
  memory(bytes: number): Promise<Roof>;
  /** The roof of arithmetic; undefined where the device lacks the type. */
  arithmetic(dtype: 'f32' | 'f16'): Promise<Roof | undefined>;
  /** 1e9 bytes a second of the best copy kernel at a working set of 64 MiB. */
  copy(): Promise<number>;
  /** All roofs of memory that were asked for, smallest working set first. */
  bandwidths(): Bandwidth[];
  dispose(): void;
}

const OPS = ['copy', 'scale', 'triad'] as const;
/** Threads a group, quads a thread, by hand. What wins on one device is hopeless on another. */
const SHAPES = [
  [64, 1, false],
  [256, 1, false],
  [64, 4, true],
  [256, 4, true],
  [8, 4, false],
  [8, 16, false],
  [8, 64, false],
  [8, 256, false],
  [8, 1024, false],
] as const;
/** Working sets that are told apart, in bytes: powers of two from the first to the last. */
const SETS = [2 ** 14, 2 ** 28] as const;
/** The working set by which a device is described, whatever rows there are: more than its caches. */
const COPIED = 2 ** 26;
/** Samples by which the forms are chosen, and how many of the best are kept. */
const TRIALS = 3;
const KEPT = 3;
/** Samples of those kept when a roof is measured again: there are no rows to take turns with. */
const AGAIN = 12;

/** The power of two nearest to a working set. */
export const workingSet = (bytes: number): number =>
  Math.min(SETS[1], Math.max(SETS[0], 2 ** Math.round(Math.log2(Math.max(1, bytes)))));

export function openRoofs(gpu: Gpu, sampler: Sampler): Roofs {
  const programs: Program<never, never>[] = [];
  const memory = new Map<number, Promise<Roof>>();
  const arithmetic = new Map<string, Promise<Roof | undefined>>();
  const made = new Map<number, Roof>();

  /** Compiles and runs once what is to be timed. */
  const ready = async (f: Parameters<typeof compile>[1], inputs: Record<string, number[]>) => {
    const program = await compile(gpu, f, inputs);
    const zeros = Object.entries(inputs).map(([name, [size]]) => [name, new Float32Array(size!)]);
    await program.run(Object.fromEntries(zeros));
    programs.push(program as unknown as Program<never, never>);
    return program;
  };

  const openMemory = async (bytes: number): Promise<Roof> => {
    const candidates: Candidate[] = [];
    for (const op of OPS) {
      const moved = op === 'triad' ? 48 : 32;
      const quads = Math.floor(bytes / moved);
      // Fewer groups than this leave a device idle.
      const forms = SHAPES.filter(([width, steps]) => quads >= 8 * width * steps).map(
        ([width, steps, four]): StreamForm => ({ op, width, steps, four }),
      );
      // Whole groups only: no form is to guard.
      const group = Math.max(...forms.map(({ width, steps }) => width * steps));
      const whole = Math.floor(quads / group) * group;
      const shape = [4 * whole];
      const { dispatches, plan } = await ready(
        // Of each result a quad is kept, so that all take turns in the same memory.
        ({ x, z }) =>
          Object.fromEntries(
            forms.map((form, i) => [`y${i}`, slice(stream(x!, z!, form), [0], [4])]),
          ),
        { x: shape, z: op === 'triad' ? shape : [4] },
      );
      const streams = dispatches.filter((_, i) => plan.dispatches[i]!.op === STREAM);
      forms.forEach(({ width, steps }, i) => {
        const name = `${op}, ${width} threads x ${steps} quads`;
        candidates.push({ dispatches: [streams[i]!], name, work: moved * whole });
      });
    }
    return roofOf(sampler, `memory at ${size(bytes)}`, candidates);
  };

  const openArithmetic = async (dtype: 'f32' | 'f16'): Promise<Roof | undefined> => {
    if (dtype === 'f16' && !gpu.device.features.has('shader-f16')) return undefined;
    const hardware = gpu.adapter.kind === 'hardware';
    const candidates: Candidate[] = [];
    for (const width of hardware ? [64, 256] : [8, 64])
      for (const chains of [2, 4, 8]) {
        const threads = hardware ? 1 << 18 : 1 << 10;
        const form: FmaForm = { dtype, width, chains, threads, steps: 1024 };
        const { dispatches, plan } = await ready(() => ({ y: fmaChains(form) }), {});
        const name = `${chains} chains of quads, ${width} threads`;
        candidates.push({ dispatches, name, work: plan.dispatches[0]!.cost.flops });
      }
    return roofOf(sampler, `arithmetic in ${dtype}`, candidates);
  };

  const remember = <K, V>(map: Map<K, Promise<V>>, key: K, open: () => Promise<V>) => {
    let known = map.get(key);
    if (!known) map.set(key, (known = open()));
    return known;
  };

  const openedMemory = (bytes: number) => {
    const set = workingSet(bytes);
    return remember(memory, set, async () => {
      const roof = await openMemory(set);
      made.set(set, roof);
      return roof;
    });
  };

  return {
    memory: openedMemory,
    async copy() {
      const turns = made.has(COPIED);
      const roof = await openedMemory(COPIED);
      // The trials choose, but are too few to be quoted.
      if (!turns) roof.add(await sampler.sample(roof.subjects, AGAIN));
      return roof.best('copy').rate;
    },
    arithmetic: (dtype) => remember(arithmetic, dtype, () => openArithmetic(dtype)),
    bandwidths: () =>
      [...made]
        .sort(([a], [b]) => a - b)
        .map(([bytes, roof]) => {
          const { rate, kernel } = roof.best();
          return { bytes, gbps: rate, kernel };
        }),
    dispose: () => programs.forEach((program) => program.dispose()),
  };
}

/** A kernel that may come near the roof. */
export interface Candidate extends Subject {
  readonly name: string;
  /** Bytes or flops of one run. */
  readonly work: number;
}

/** Tries all candidates and keeps the best. */
export async function roofOf(
  sampler: Pick<Sampler, 'sample'>,
  name: string,
  candidates: readonly Candidate[],
): Promise<Roof> {
  let kept = await choose(sampler, candidates);
  return {
    name,
    get subjects() {
      return kept.map(({ candidate }) => candidate);
    },
    add: (more) => more.forEach((times, i) => kept[i]!.samples.push(...times)),
    async again() {
      const others = await choose(sampler, candidates);
      const subjects = others.map(({ candidate }) => candidate);
      const times = await sampler.sample(subjects, AGAIN);
      others.forEach(({ samples }, i) => samples.push(...times[i]!));
      const { rate } = bestOf(others);
      if (rate > bestOf(kept).rate) kept = others;
      return rate;
    },
    best: (prefix) => bestOf(kept, prefix),
  };
}

/** A candidate, and its samples in milliseconds. */
interface Tried {
  readonly candidate: Candidate;
  readonly samples: number[];
}

const rateOf = ({ candidate: { work }, samples }: Tried) => work / median(samples) / 1e6;

/** The fastest few, and the fastest copy, whatever beats it. */
async function choose(
  sampler: Pick<Sampler, 'sample'>,
  candidates: readonly Candidate[],
): Promise<Tried[]> {
  const trials = await sampler.sample(candidates, TRIALS);
  const tried = candidates.map((candidate, i): Tried => ({ candidate, samples: [...trials[i]!] }));
  const ranked = tried.toSorted((a, b) => rateOf(b) - rateOf(a));
  const copy = ranked.find(({ candidate }) => candidate.name.startsWith('copy'));
  return [...new Set([...ranked.slice(0, KEPT), ...(copy ? [copy] : [])])];
}

function bestOf(tried: readonly Tried[], prefix = '') {
  const named = tried.filter(({ candidate }) => candidate.name.startsWith(prefix));
  const [top] = named.toSorted((a, b) => rateOf(b) - rateOf(a)) as [Tried];
  return { rate: rateOf(top), kernel: top.candidate.name };
}

/** Microseconds of a dispatch that does next to nothing. */
export interface DispatchCost {
  /** Of the host, to encode it. */
  readonly encode_us: number;
  /** From the first submit to the last result, divided by their number. */
  readonly dispatch_us: number;
}

/** Times many dispatches of one thread each, in one submit. */
export async function dispatchCost(gpu: Gpu): Promise<DispatchCost> {
  const COUNT = 1000;
  const program = await compile(gpu, () => ({ y: nothing() }), {});
  await program.run({});
  const [dispatch] = program.dispatches;
  const once = async (count: number) => {
    const start = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < count; i++) dispatch!.run(pass);
    pass.end();
    const encoded = performance.now();
    gpu.submit(encoder);
    await gpu.settled(gpu.device.queue.onSubmittedWorkDone());
    return { encode: encoded - start, all: performance.now() - start };
  };
  const runs: { encode: number; all: number }[] = [];
  for (let i = 0; i < 12; i++) {
    const few = await once(1);
    const many = await once(1 + COUNT);
    // The first two warm up.
    if (i > 1) runs.push({ encode: many.encode - few.encode, all: many.all - few.all });
  }
  program.dispose();
  return {
    encode_us: (1000 * median(runs.map(({ encode }) => encode))) / COUNT,
    dispatch_us: (1000 * median(runs.map(({ all }) => all))) / COUNT,
  };
}
