/** A case made ready to be timed: compiled, run, and its output held against f64. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { pipelineName } from '../../src/gpu/pipeline.ts';
import { compile, type Program } from '../../src/graph/program.ts';
import { releaseVariables } from '../../src/graph/store.ts';
import type { Case, Family } from '../family.ts';
import type { Subject } from './sampler.ts';
import { closure, specsOf, timedDispatches, toldOf } from './variants.ts';

export interface Prepared extends Subject {
  readonly family: Family;
  readonly what: Case;
  /** The variant that ran: the one asked for, or what the engine chose. */
  readonly variant: string;
  readonly error: number;
  readonly compile_ms: number;
  readonly first_ms: number;
  readonly files: readonly string[];
  dispose(): Promise<void>;
}

/** The output of a kernel is wrong: it is not timed. */
export class WrongOutput extends Error {
  override readonly name = 'WrongOutput';
}

/** When each pipeline of the device was first compiled, it took this long with its program, in ms. */
const compileTimes = new WeakMap<Gpu, Map<string, number>>();

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
  const start = performance.now();
  const program = await compile(gpu, build, specsOf(problem), {
    variants: toldOf(family, variant),
  });
  const compiled = performance.now();
  try {
    const read = Object.keys(program.plan.outputs);
    const outputs = await program.run(values, { read: read as never[] });
    const first = performance.now() - compiled;
    const error = errorOf(outputs);
    if (!(error <= family.tolerance))
      throw new WrongOutput(
        `its output differs from f64 by ${error.toExponential(1)} of the largest value, and ` +
          `${family.tolerance} is rounding: it is not timed`,
      );
    const timed = timedDispatches(program.plan, what);
    const compile_ms = compileTime(gpu, program, compiled - start);
    const name = variant ?? chosenVariant(program, family);
    return {
      family,
      what,
      variant: name,
      error,
      compile_ms,
      first_ms: compile_ms + first,
      files: closure(timed.map((i) => program.plan.dispatches[i]!)),
      dispatches: timed.map((i) => program.dispatches[i]!),
      dispose: () => dispose(program),
    };
  } catch (error) {
    await dispose(program);
    throw error;
  }
}

type AnyProgram = Pick<Program<unknown, unknown>, 'gpu' | 'plan' | 'dispose'>;

/** Pipelines that an earlier case compiled took what they took then. */
function compileTime(gpu: Gpu, { plan }: AnyProgram, ms: number): number {
  const known = compileTimes.get(gpu) ?? new Map<string, number>();
  compileTimes.set(gpu, known);
  const names = [...new Set(plan.dispatches.map(pipelineName))];
  for (const name of names) if (!known.has(name)) known.set(name, ms);
  return Math.max(...names.map((name) => known.get(name)!));
}

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
