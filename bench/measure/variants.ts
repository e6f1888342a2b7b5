/** Which variants of a family can do a case on a device. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { planOf, targetOf } from '../../src/graph/program.ts';
import { choiceOf } from '../../src/kernels/tuning.ts';
import type { Case, Family } from '../family.ts';

/**
 * The names of all variants that are right for a case, in the order of the family's table; none
 * where the family has but one kernel.
 */
export function variantsOf(gpu: Gpu, { tunable }: Family, what: Case): string[] {
  if (!tunable) return [];
  const { inputs, build } = what.make();
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = 'f32' }]) => [name, { shape, dtype }]),
  );
  const shapes = Object.keys(planOf(gpu, build, specs).variants)
    .map(choiceOf)
    .filter(({ family }) => family === tunable.family)
    .map(({ shape }) => shape);
  if (shapes.length === 0) return [];
  const target = targetOf(gpu);
  return Object.keys(tunable.variants).filter((name) =>
    shapes.every((shape) => tunable.fits(name, target, shape)),
  );
}
