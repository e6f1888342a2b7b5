/** Statistics of samples: what a row says of its own, and what two rows say of each other. */

import Benchmark from 'benchmark';
import { interquartileRange, median, quantile, sampleWithReplacement } from 'simple-statistics';
import { randomAt } from '../src/data/random.ts';

/** Samples of one case, by the rounds in which they were taken; in any one unit of time. */
export type Rounds = readonly (readonly number[])[];

export type Verdict = 'faster' | 'slower' | 'no difference shown' | 'too few samples';

/** What became of a time: a ratio of 1.1 says that it takes 10 % longer. */
export interface Change {
  /** Ratio of the medians, after / before. */
  readonly ratio: number;
  /** Ends of its 95 % confidence interval. */
  readonly low: number;
  readonly high: number;
  readonly verdict: Verdict;
}

/**
 * Practical equivalence: changes smaller than this are never called one. A new process lays its
 * memory out anew, which can move a row for a whole run: all of its samples share the shift, so no
 * interval made from them can contain it. The margin costs sensitivity: of two runs of one code on
 * lavapipe, eight rounds of four samples, 96 of 100 rows differ by less with it and 91 with 2 %; made
 * 10 % slower, 78 and 82 are found.
 */
export const MARGIN = 0.03;

/**
 * The same of host code, where also what the compiler of JavaScript makes of it differs between
 * processes.
 */
export const HOST_MARGIN = 0.1;

/** With fewer, no order of the samples is rare enough to show anything. */
const LEAST_SAMPLES = 5;
/** So few rounds tell too little of how much rounds differ. */
const FEW_ROUNDS = 8;
const REPLICATES = 1000;
const SEED = 1;

/** Median, interquartile range and number of the samples of all rounds. */
export function summary(rounds: Rounds) {
  const samples = rounds.flat();
  return {
    median: median(samples),
    spread: interquartileRange(samples),
    count: samples.length,
  };
}

/**
 * The 95 % confidence interval of the median, whatever the distribution: order statistics, by the
 * normal approximation of the binomial (Conover, "Practical Nonparametric Statistics", 3.2).
 */
export function medianInterval(samples: readonly number[]): [number, number] {
  const sorted = [...samples].sort((a, b) => a - b);
  const half = (1.96 * Math.sqrt(sorted.length)) / 2;
  const low = Math.max(0, Math.floor(sorted.length / 2 - half) - 1);
  return [sorted[low]!, sorted[sorted.length - 1 - low]!];
}

/**
 * Judges what became of a time. It is `slower` or `faster` only where two tests agree:
 *
 * - The Mann-Whitney U test of the package `benchmark` rejects at 5 % that the samples are of one
 *   population. It asks nothing of their distribution, and outliers count by rank alone; but it
 *   takes samples for independent, and a noisy minute hits all samples of a round.
 * - The confidence interval, from a bootstrap that knows of rounds, lies beyond the margin.
 *
 * Both are the same when before and after change places, with `faster` for `slower`. Of fewer than
 * LEAST_SAMPLES on either side the verdict is that they are too few.
 */
export function judge(before: Rounds, after: Rounds, margin = MARGIN): Change {
  const ratio = median(after.flat()) / median(before.flat());
  // The random numbers go to the faster side first, whichever it is: it makes the interval of b/a
  // exactly the inverse of that of a/b.
  const interval = (slow: Rounds, fast: Rounds) => quantile(bootstrap(slow, fast), [0.025, 0.975]);
  const [low, high] = (
    ratio < 1
      ? interval(before, after)
          .map((end) => 1 / end)
          .reverse()
      : interval(after, before)
  ) as [number, number];
  const tested = compareSamples(before.flat(), after.flat());
  const within =
    (tested === 'slower' && low <= 1 + margin) || (tested === 'faster' && high >= 1 / (1 + margin));
  return { ratio, low, high, verdict: within ? 'no difference shown' : tested };
}

/** Mann-Whitney U by the package `benchmark`, of samples after to samples before. */
function compareSamples(before: readonly number[], after: readonly number[]): Verdict {
  // Of too few samples the package says that one is slower, whatever they are.
  if (Math.min(before.length, after.length) < LEAST_SAMPLES) return 'too few samples';
  const [a, b] = [before, after].map((sample) => {
    const benchmark = new Benchmark({ fn: () => undefined });
    benchmark.stats = { ...benchmark.stats, sample: [...sample] };
    return benchmark;
  });
  // 1 where b has the shorter times, -1 where it has the longer ones.
  const order = b!.compare(a!);
  return order > 0 ? 'faster' : order < 0 ? 'slower' : 'no difference shown';
}

/**
 * Ratios of medians, slow / fast, of rounds drawn with replacement and, where they are few, of
 * samples drawn with replacement within each (Davison and Hinkley, "Bootstrap methods and their
 * application", 3.8): samples of a round are alike, so that the number of rounds decides how much is
 * known. Drawing within rounds again adds variance, which makes up for that of few rounds being too
 * small; of eight rounds and more it only hides: of 162 rows on lavapipe that were all made 10 %
 * slower it left 114 to be found, and 127 are without it.
 */
function bootstrap(slow: Rounds, fast: Rounds): number[] {
  const random = randomAt(SEED);
  const draw = <T>(items: readonly T[]) =>
    sampleWithReplacement(items as T[], items.length, () => random.uniform());
  const replicate = (rounds: Rounds) => {
    const drawn = draw(rounds);
    return median(rounds.length < FEW_ROUNDS ? drawn.flatMap(draw) : drawn.flat());
  };
  return Array.from({ length: REPLICATES }, () => {
    const low = replicate(fast);
    return replicate(slow) / low;
  });
}
