/** The measurement of one work on one engine: first agreement, then samples, a turn at a time. */

import type { Connection } from './connection.ts';
import type { Problem } from './problems.ts';

/** Outputs further from f64 than this, in parts of the largest value, are wrong; see also `Problem`. */
const TOLERANCE = 1e-4;
/**
 * Calls in the short and in the long chain of a sample; the first pair that takes less than LONGEST
 * milliseconds is taken. The last is for calls so slow that upload and readback do not count.
 */
const CHAINS = [
  [4, 20],
  [2, 8],
  [1, 3],
  [0, 1],
] as const;
const LONGEST = 700;
/** Steps of training in a row: about so many milliseconds, but no more steps than that. */
const STEPS = 400;
const MOST_STEPS = 50;
/**
 * Milliseconds that an engine may sample a work, in all its turns together; the samples that a turn
 * may have; and the turns that the slowest calls have all the same.
 */
const SAMPLING = 1200;
const MOST_SAMPLES = 15;
const LEAST_TURNS = 2;
/** Of whole steps that take seconds there is one work, which can have more. */
const LEAST_STEPS = 4;

/** An engine that is ready to be timed. */
export interface Ready {
  readonly error: number;
  readonly agrees: boolean;
  /** From asking for the job to its first output, on a device that is open; milliseconds. */
  readonly first_ms: number;
  readonly notes: readonly string[];
  /** How many turns it has: one in each round, or in the first of them where calls are slow. */
  readonly turns: number;
  /** A few samples: milliseconds of one call, step or inference each. */
  turn(): Promise<number[]>;
  finish(): Promise<void>;
}

/**
 * Builds a job in an engine's process, compares its outputs and gets ready to time it, in so many
 * rounds.
 * @throws as the connection does
 */
export async function getReady(
  connection: Connection,
  problem: Problem,
  rounds: number,
): Promise<Ready> {
  const { job } = problem;
  const run = async (name: string, length: number) => {
    const once = { lengths: [length], repeats: 1, warm: false, output: true };
    const { times_ms, output } = await connection.ask(
      { ask: 'run', name, ...once },
      problem.patience_s,
    );
    return { time: times_ms[0]![0]!, output: output! };
  };
  const prepared = await connection.ask({ ask: 'prepare', name: 'job', job });
  const first = await run('job', 1);
  const again = await run('job', 1);
  const lengths = chooseLengths(problem, again.time);

  let error = 0;
  // NaN is further off than anything.
  const judge = (each: number) => (error = error >= each ? error : each);
  if (problem.trial) {
    await connection.ask({ ask: 'prepare', name: 'trial', job: problem.trial.job });
    let step = 0;
    for (const length of problem.trial.lengths) {
      step += length;
      judge(problem.error((await run('trial', length)).output, step));
    }
    await connection.ask({ ask: 'finish', name: 'trial' });
  } else {
    judge(problem.error(first.output, 1));
    for (const length of lengths)
      if (length > 1) judge(problem.error((await run('job', length)).output, length));
  }

  const timed = lengths.filter((length) => length > 0);
  const [short, long] = lengths;
  const turn_ms = SAMPLING / rounds;
  // A run at this length has been timed, where it is no chain.
  let sample_ms = problem.job.kind === 'op' && !short ? again.time : 0;
  const turn = async () => {
    const known = sample_ms > 0;
    const repeats = known
      ? Math.min(Math.max(Math.floor(turn_ms / sample_ms), 1), MOST_SAMPLES)
      : 1;
    const request = { ask: 'run', name: 'job', lengths: timed, repeats, output: false } as const;
    const { times_ms } = await connection.ask({ ...request, warm: sample_ms < turn_ms });
    sample_ms = Math.min(...times_ms.map((times) => times.reduce((a, b) => a + b)));
    return times_ms.map((times) => (times.at(-1)! - (short ? times[0]! : 0)) / (long - short));
  };
  // Compiles what has not run yet, and tells how long a sample takes.
  if (!sample_ms) await turn();
  const least = job.kind === 'views' ? LEAST_STEPS : LEAST_TURNS;
  const turns = Math.min(rounds, Math.max(least, Math.ceil(SAMPLING / sample_ms)));
  return {
    error,
    agrees: error <= (problem.tolerance ?? TOLERANCE),
    first_ms: prepared.ms + first.time,
    notes: [...prepared.notes, describeLengths(problem, lengths)],
    turns,
    turn,
    finish: async () => void (await connection.ask({ ask: 'finish', name: 'job' })),
  };
}

/**
 * Why times say nothing, if they do not: the time of a call is the difference of two chains, which is lost
 * where either varies by more. A quarter of the times is not above 0 there.
 */
export function unclear(rounds_ms: readonly (readonly number[])[]): string | undefined {
  const times = rounds_ms.flat();
  const lost = times.filter((time) => time <= 0).length;
  return lost > 0 && 4 * lost >= times.length
    ? `${lost} of ${times.length} times of a call are not above 0: chains of it vary by more than a call takes`
    : undefined;
}

/** Lengths of the two runs of a sample, whose difference counts; 0 for no run. */
type Lengths = readonly [short: number, long: number];

/** @param time milliseconds of a run of length 1 */
function chooseLengths({ job }: Problem, time: number): Lengths {
  if (job.kind === 'inference') return [0, 1];
  if (job.kind !== 'op') return [0, Math.min(Math.max(Math.ceil(STEPS / time), 1), MOST_STEPS)];
  return CHAINS.find(([short, long]) => (short + long) * time < LONGEST) ?? CHAINS.at(-1)!;
}

function describeLengths({ job }: Problem, [short, long]: Lengths): string {
  if (job.kind === 'inference') return 'from the poses on the host to the lifted poses there';
  if (job.kind !== 'op') return `steps in a row that end with the loss read back: ${long}`;
  return short
    ? `a call is (time of ${long} - time of ${short}) / ${long - short}, each a chain of calls`
    : 'one call, with upload and readback, which are short beside it';
}
