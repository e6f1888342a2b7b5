/** Tuning: finds the fastest variant at every shape of the shipped models on one adapter. */

import { median } from 'simple-statistics';
import type { Gpu } from '../src/gpu/gpu.ts';
import { compile, targetOf } from '../src/graph/program.ts';
import { choiceKey, choiceOf } from '../src/kernels/tuning.ts';
import {
  TUNING_FORMAT,
  TUNING_VERSION,
  type TuningDatabase,
  type TuningEntry,
} from '../src/platform/tuning.ts';
import type { Problem } from './family.ts';
import { specsOf } from './measure/variants.ts';
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
/** Differences to f64 that are rounding, in parts of the largest value. */
const ROUNDING = 1e-4;
/** The usual variant stays where none is faster by more than that. */
const TIE = 1.03;

/**
 * Times the variants that fit at each shape, in turn, and gives the fastest of them as the
 * adapter's database. A variant whose output is not that of f64, or that does not compile, is left
 * out.
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
  { tunable, problem }: Tuned,
  shape: readonly number[],
  measure: Measure,
  left: (variant: string, why: string) => void,
): Promise<TuningEntry | undefined> {
  const candidates: Candidate[] = [];
  const target = targetOf(gpu);
  const fitting = Object.keys(tunable.variants).filter((name) => tunable.fits(name, target, shape));
  const whole = problem(shape);
  try {
    for (const variant of fitting) {
      try {
        const program = await compileVariant(gpu, whole, choiceKey(tunable.family, shape), variant);
        const error = whole.error({ y: await outputOf(program, whole) });
        if (error <= ROUNDING) candidates.push({ variant, program, samples: [] });
        else {
          program.dispose();
          left(variant, `its output is off by ${error.toExponential(1)} of its largest value`);
        }
      } catch (error) {
        left(variant, (error as Error).message);
      }
    }
    if (candidates.length === 0) return undefined;
    const fastest = await race(candidates, measure);
    const usual = candidates.find(({ variant }) => variant === tunable.usual(target, shape));
    const best = usual && time(usual) <= TIE * time(fastest) ? usual : fastest;
    return entryOf(tunable.family, shape, best, candidates);
  } finally {
    for (const { program } of candidates) program.dispose();
  }
}

/** The op of a problem with one variant. */
async function compileVariant(gpu: Gpu, problem: Problem, key: string, variant: string) {
  const variants = { [key]: variant };
  const program = await compile(gpu, problem.build, specsOf(problem), { variants });
  const used = program.plan.variants[key];
  if (used === variant) return program;
  program.dispose();
  throw new Error(`its op ran ${used ?? 'no variant'} instead. Mend bench/tune/problems.ts`);
}

async function outputOf(program: Candidate['program'], { inputs }: Problem): Promise<Float32Array> {
  const batch = Object.entries(inputs).map(([name, { values }]) => [name, values]);
  const { y } = await program.run(Object.fromEntries(batch), { read: ['y'] });
  return y!;
}

const time = ({ samples }: Candidate) => median(samples);

/** Samples the candidates in turn until one is left or the rounds are over, and gives the fastest. */
async function race(candidates: readonly Candidate[], measure: Measure): Promise<Candidate> {
  let running = [...candidates];
  for (const { samples, factor } of ROUNDS) {
    const times = await measure(
      running.map(({ program }) => program),
      samples,
    );
    running.forEach((candidate, i) => candidate.samples.push(...times[i]!));
    running.sort((a, b) => time(a) - time(b));
    const bound = factor * time(running[0]!);
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
  const us = (candidate: Candidate) => Math.max(1, Math.round(1e5 * time(candidate))) / 100;
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
