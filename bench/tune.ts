/** Tuning: finds the fastest variant at every shape of the shipped models on one adapter. */

import { median } from 'simple-statistics';
import type { Gpu } from '../src/gpu/gpu.ts';
import {
  TUNING_FORMAT,
  TUNING_VERSION,
  type TuningDatabase,
  type TuningEntry,
} from '../src/gpu/tuning.ts';
import { compile, targetOf } from '../src/graph/program.ts';
import { choiceKey, choiceOf } from '../src/kernels/tuning.ts';
import { uniform } from './family.ts';
import { type Tuned, tunedFamilies } from './tune/problems.ts';
import { shippedChoices } from './tune/shapes.ts';

/** Something to time: dispatches that are run in order. */
type Timed = Pick<Candidate['program'], 'dispatches'>;

/**
 * Milliseconds of one run of each program, `count` samples taken in turn; `sample` of a sampler is
 * one.
 */
export type Measure = (programs: readonly Timed[], count: number) => Promise<number[][]>;

export interface TuneProgress {
  /** Choices that are done, of how many. */
  readonly done: number;
  readonly total: number;
  readonly entry: TuningEntry;
}

/** A variant that was left out, and why. */
export interface TuneFailure {
  readonly family: string;
  readonly shape: readonly number[];
  readonly variant: string;
  readonly why: string;
}

export interface TuneOptions {
  readonly gpu: Gpu;
  readonly measure: Measure;
  /** By family and shape, as `choiceKey` has them; those of the shipped models if none. */
  readonly choices?: readonly string[];
  readonly onProgress?: (progress: TuneProgress) => void;
}

/** Rounds of samples; after each, variants go whose best is slower than the leader by the factor. */
const ROUNDS = [
  { samples: 1, factor: 3 },
  { samples: 3, factor: 1.3 },
  { samples: 4, factor: 1.15 },
  { samples: 6, factor: 1 },
];
/** Differences between variants that are rounding, in parts of the largest value. */
const ROUNDING = 1e-4;

/**
 * Times the variants that fit at each shape, in turn, and gives the fastest of them as the
 * adapter's database. A variant whose output is not that of the family's first, or that does not
 * compile, is left out.
 */
export async function tune({
  gpu,
  measure,
  choices = shippedChoices(gpu),
  onProgress,
}: TuneOptions): Promise<{ database: TuningDatabase; failures: TuneFailure[] }> {
  const entries: TuningEntry[] = [];
  const failures: TuneFailure[] = [];
  for (const [done, key] of choices.entries()) {
    const { family, shape } = choiceOf(key);
    const tuned = tunedFamilies.find(({ tunable }) => tunable.family === family);
    if (!tuned) throw new Error(`tune: no op runs ${family}. Add one to bench/tune/problems.ts`);
    const left = (variant: string, why: string) => failures.push({ family, shape, variant, why });
    const entry = await tuneShape(gpu, tuned, shape, measure, left);
    if (!entry) continue;
    entries.push(entry);
    onProgress?.({ done: done + 1, total: choices.length, entry });
  }
  const { kind, name, driver } = gpu.adapter;
  const database = {
    format: TUNING_FORMAT,
    version: TUNING_VERSION,
    adapter: { kind, name, driver },
    date: new Date().toISOString(),
    entries,
  } as const;
  return { database, failures };
}

interface Candidate {
  readonly variant: string;
  readonly program: Awaited<ReturnType<typeof compileVariant>>;
  /** Milliseconds. */
  readonly samples: number[];
}

/** The entry of one shape; none where all variants failed. */
async function tuneShape(
  gpu: Gpu,
  tuned: Tuned,
  shape: readonly number[],
  measure: Measure,
  left: (variant: string, why: string) => void,
): Promise<TuningEntry | undefined> {
  const { tunable } = tuned;
  const names = Object.keys(tunable.variants);
  const candidates: Candidate[] = [];
  try {
    let first: Float32Array | undefined;
    for (const variant of names.filter((name) => tunable.fits(name, targetOf(gpu), shape))) {
      try {
        const program = await compileVariant(gpu, tuned, shape, variant);
        const y = await outputOf(program);
        const error = difference(y, first ?? y);
        if (error <= ROUNDING) {
          first ??= y;
          candidates.push({ variant, program, samples: [] });
        } else {
          program.dispose();
          left(variant, `its output differs by ${error.toExponential(1)} from that of ${names[0]}`);
        }
      } catch (error) {
        left(variant, (error as Error).message);
      }
    }
    if (candidates.length === 0) return undefined;
    return entryOf(tunable.family, shape, await race(candidates, measure), candidates);
  } finally {
    for (const { program } of candidates) program.dispose();
  }
}

/** The op at one shape with one variant. */
async function compileVariant(
  gpu: Gpu,
  { tunable, problem }: Tuned,
  shape: readonly number[],
  variant: string,
) {
  const { inputs, build } = problem(shape);
  const key = choiceKey(tunable.family, shape);
  const program = await compile(gpu, build, inputs, { variants: { [key]: variant } });
  const used = program.plan.variants[key];
  if (used === variant) return program;
  program.dispose();
  throw new Error(`its op ran ${used ?? 'no variant'} instead. Mend bench/tune/problems.ts`);
}

/** The output for inputs that are the same for every variant. */
async function outputOf(program: Candidate['program']): Promise<Float32Array> {
  const batch = Object.entries(program.plan.inputs).map(([name, { operand }], i) => [
    name,
    uniform(operand.shape, i).values,
  ]);
  const { y } = await program.run(Object.fromEntries(batch), { read: ['y'] });
  return y;
}

/** The largest difference, in parts of the largest value; infinite where one is not a number. */
function difference(y: Float32Array, expected: Float32Array): number {
  let [worst, largest] = [0, 0];
  expected.forEach((value, i) => {
    const apart = Math.abs(y[i]! - value);
    worst = Number.isNaN(apart) ? Infinity : Math.max(worst, apart);
    largest = Math.max(largest, Math.abs(value));
  });
  return worst === 0 ? 0 : worst / largest;
}

/** Samples the candidates in turn until one is left or the rounds are over, and gives the fastest. */
async function race(candidates: readonly Candidate[], measure: Measure): Promise<Candidate> {
  let running = [...candidates];
  for (const { samples, factor } of ROUNDS) {
    const times = await measure(
      running.map(({ program }) => program),
      samples,
    );
    running.forEach((candidate, i) => candidate.samples.push(...times[i]!));
    running.sort((a, b) => median(a.samples) - median(b.samples));
    const bound = factor * median(running[0]!.samples);
    running = running.filter((each, i) => i === 0 || Math.min(...each.samples) <= bound);
    if (running.length === 1) break;
  }
  return running[0]!;
}

function entryOf(
  family: string,
  shape: readonly number[],
  best: Candidate,
  candidates: readonly Candidate[],
): TuningEntry {
  const us = ({ samples }: Candidate) => Math.max(1, Math.round(1e5 * median(samples))) / 100;
  const others = candidates.filter((candidate) => candidate !== best);
  const beat = Object.fromEntries(others.map((other) => [other.variant, us(other)]));
  return {
    family,
    shape,
    variant: best.variant,
    us: us(best),
    ...(others.length > 0 && { beat }),
  };
}
