/** What the engine would run for a case, before anything is compiled: its variants, its files. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import type { KernelFile, ShaderFile } from '../../src/gpu/shader.ts';
import { f16 } from '../../src/graph/halves.ts';
import type { Plan, PlannedDispatch } from '../../src/graph/plan.ts';
import { type CompileOptions, type InputSpec, planOf, targetOf } from '../../src/graph/program.ts';
import { choiceOf } from '../../src/kernels/tuning.ts';
import type { Case, Family, Problem } from '../family.ts';

/** The inputs of a problem, as a program declares them. */
export const specsOf = ({ inputs }: Problem): Record<string, InputSpec> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = 'f32' }]) => [name, { shape, dtype }]),
  );

/** How the program of a case stores its results. */
export const storageOf = ({ dtype }: Case): Pick<CompileOptions, 'storage'> =>
  dtype === 'f16' ? { storage: f16 } : {};

/** What tells a program to use a variant of a family, or nothing where none is asked for. */
export const toldOf = ({ tunable }: Family, variant?: string): Record<string, string> =>
  tunable && variant !== undefined ? { [tunable.family]: variant } : {};

/**
 * The names of all variants that are right for a case, in the order of the family's table; none
 * where the family has but one kernel.
 */
export function variantsOf(gpu: Gpu, { tunable }: Family, what: Case): string[] {
  if (!tunable) return [];
  const problem = what.make();
  const plan = planOf(gpu, problem.build, specsOf(problem), storageOf(what));
  const shapes = Object.keys(plan.variants)
    .map(choiceOf)
    .filter(({ family }) => family === tunable.family)
    .map(({ shape }) => shape);
  if (shapes.length === 0) return [];
  const target = targetOf(gpu);
  return Object.keys(tunable.variants).filter((name) =>
    shapes.every((shape) => tunable.fits(name, target, shape)),
  );
}

/** Whether a case has what it is called by: cases in f16 store halves, which some ops never do. */
export function isReal(gpu: Gpu, what: Case): boolean {
  if (what.dtype !== 'f16') return true;
  const problem = what.make();
  const plan = planOf(gpu, problem.build, specsOf(problem), storageOf(what));
  return timedDispatches(plan, what).some((i) => plan.dispatches[i]!.storage);
}

/** Where the dispatches that a case times stand in its plan. */
export function timedDispatches({ dispatches }: Plan, { ops }: Case): number[] {
  // Copies in halves are what is around a case in f16.
  const timed = dispatches.flatMap(({ op }, i) =>
    ops ? (ops.includes(op) ? i : []) : op === 'halved' ? [] : i,
  );
  if (timed.length > 0) return timed;
  const there = [...new Set(dispatches.map(({ op }) => op))].join(', ');
  throw new Error(`no dispatch serves ${ops?.join(' or ')}; there are ${there}. Mend its \`ops\``);
}

/** The shader files that a case runs, and the files they use. */
export function filesOf(
  gpu: Gpu,
  { family, what, variant }: { family: Family; what: Case; variant?: string },
): string[] {
  const problem = what.make();
  const variants = toldOf(family, variant);
  const options = { variants, ...storageOf(what) };
  const plan = planOf(gpu, problem.build, specsOf(problem), options);
  return closure(timedDispatches(plan, what).map((i) => plan.dispatches[i]!));
}

/** The files of some dispatches, editions of libraries among them. */
export function closure(dispatches: readonly PlannedDispatch[]): string[] {
  const files = new Set<string>();
  for (const { kernel, editions } of dispatches) {
    const visit = (wanted: ShaderFile | KernelFile) => {
      const { file, uses } = editions[wanted.file] ?? wanted;
      if (files.has(file)) return;
      files.add(file);
      uses.forEach(visit);
    };
    visit(kernel);
  }
  return [...files];
}
