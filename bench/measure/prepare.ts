/** A case made ready to be timed: compiled, run, and its output held against f64. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { pipelineName } from '../../src/gpu/pipeline.ts';
import type { KernelFile, ShaderFile } from '../../src/gpu/shader.ts';
import { compile, type Program } from '../../src/graph/program.ts';
import { releaseVariables } from '../../src/graph/store.ts';
import type { Case, Family } from '../family.ts';
import type { Subject } from './sampler.ts';

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
  const { inputs, build, error: errorOf } = what.make();
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = 'f32' }]) => [name, { shape, dtype }]),
  );
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [name, given.values]),
  );
  const told = variant !== undefined && family.tunable ? { [family.tunable.family]: variant } : {};
  const start = performance.now();
  const program = await compile(gpu, build, specs, { variants: told });
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
    const timed = timedDispatches(program, what);
    const compile_ms = compileTime(gpu, program, compiled - start);
    const name = variant ?? chosenVariant(program, family);
    return {
      family,
      what,
      variant: name,
      error,
      compile_ms,
      first_ms: compile_ms + first,
      files: filesOf(timed.map(({ kernel }) => kernel)),
      dispatches: timed.map(({ recorded }) => recorded),
      dispose: () => dispose(program),
    };
  } catch (error) {
    await dispose(program);
    throw error;
  }
}

type AnyProgram = Pick<Program<unknown, unknown>, 'gpu' | 'plan' | 'dispatches' | 'dispose'>;

function timedDispatches({ plan, dispatches }: AnyProgram, { ops }: Case) {
  const all = plan.dispatches.map(({ op, kernel }, i) => ({
    op,
    kernel,
    recorded: dispatches[i]!,
  }));
  const timed = all.filter(({ op }) => !ops || ops.includes(op));
  if (timed.length === 0)
    throw new Error(
      `no dispatch serves ${ops!.join(' or ')}; there are ${[...new Set(all.map(({ op }) => op))].join(', ')}. Mend \`ops\` of the case`,
    );
  return timed;
}

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

function filesOf(kernels: readonly KernelFile[]): string[] {
  const files = new Set<string>();
  const visit = ({ file, uses }: ShaderFile) => {
    if (files.has(file)) return;
    files.add(file);
    uses.forEach(visit);
  };
  kernels.forEach(visit);
  return [...files];
}

async function dispose(program: AnyProgram) {
  const { gpu, plan } = program;
  program.dispose();
  for (const set of plan.sets) await releaseVariables(gpu, set);
}
