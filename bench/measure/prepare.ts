/** A case made ready to be timed: compiled, run, and its output held against f64. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { compile, type Program } from '../../src/graph/program.ts';
import { releaseVariables } from '../../src/graph/store.ts';
import { bytesOfSet } from '../../src/graph/variables.ts';
import type { Case, Family } from '../family.ts';
import type { Subject } from './sampler.ts';
import { closure, specsOf, storageOf, timedDispatches, toldOf } from './variants.ts';

export interface Prepared extends Subject {
  readonly family: Family;
  readonly what: Case;
  /** The variant that ran: the one asked for, or what the engine chose. */
  readonly variant: string;
  /** Whether it is the engine's choice. */
  readonly chosen: boolean;
  readonly error: number;
  readonly compile_ms: number;
  readonly first_ms: number;
  readonly files: readonly string[];
  /**
   * Moves to other memory, with pipelines compiled anew where they were forgotten: where they happen
   * to lie makes a difference that no repetition shows.
   * Does nothing for what is so large that filling it again would take longer than timing it.
   */
  renew(): Promise<void>;
  dispose(): Promise<void>;
}

/** Bytes of a program that is made anew for each round, at most. */
const MOST_RENEWED = 2 ** 27;

/** The output of a kernel is wrong: it is not timed. */
export class WrongOutput extends Error {
  override readonly name = 'WrongOutput';
}

/**
 * Compiles a case, with the variant asked for or the engine's own choice, and checks its output.
 * @throws WrongOutput when that is further from f64 than rounding explains
 */
export async function prepare(
  gpu: Gpu,
  family: Family,
  what: Case,
  variant?: string,
): Promise<Prepared> {
  const problem = what.make();
  const { inputs, build, error: errorOf } = problem;
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [name, given.values]),
  );
  const make = () => {
    const variants = toldOf(family, variant);
    return compile(gpu, build, specsOf(problem), { variants, ...storageOf(what) });
  };
  let program = await make();
  const compiled = performance.now();
  try {
    const read = Object.keys(program.plan.outputs);
    const outputs = await program.run(values, { read: read as never[] });
    const first = performance.now() - compiled;
    const error = errorOf(outputs);
    const { tolerance = family.tolerance } = what;
    if (!(error <= tolerance))
      throw new WrongOutput(
        `its output differs from f64 by ${error.toExponential(1)} of the largest value, and ` +
          `${tolerance} is rounding: it is not timed`,
      );
    const timed = timedDispatches(program.plan, what);
    const planned = timed.map((i) => program.plan.dispatches[i]!);
    const compile_ms = Math.max(...planned.map((key) => gpu.pipelines.compileTime(key)!));
    let dispatches = timed.map((i) => program.dispatches[i]!);
    return {
      family,
      what,
      variant: variant ?? chosenVariant(program, family),
      chosen: variant === undefined,
      error,
      compile_ms,
      first_ms: compile_ms + first,
      files: closure(planned),
      get dispatches() {
        return dispatches;
      },
      async renew() {
        const variables = program.plan.sets.reduce((sum, set) => sum + bytesOfSet(set), 0);
        if (program.plan.bytes + variables > MOST_RENEWED) return;
        const last = program;
        // The variables of both are the same; what else there is comes to lie elsewhere.
        program = await make();
        await program.run(values);
        dispatches = timed.map((i) => program.dispatches[i]!);
        last.dispose();
      },
      dispose: () => dispose(program),
    };
  } catch (error) {
    await dispose(program);
    throw error;
  }
}

type AnyProgram = Pick<Program<unknown, unknown>, 'gpu' | 'plan' | 'dispose'>;

/** What the engine chose for a family with variants. */
function chosenVariant({ plan }: AnyProgram, { tunable }: Family): string {
  const own = Object.entries(plan.variants).filter(([key]) =>
    key.startsWith(`${tunable?.family} `),
  );
  return [...new Set(own.map(([, name]) => name))].join(' + ') || 'only one';
}

async function dispose(program: AnyProgram) {
  const { gpu, plan } = program;
  program.dispose();
  for (const set of plan.sets) await releaseVariables(gpu, set);
}
