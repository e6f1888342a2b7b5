/** Kernels in which each thread takes whole rows of a matrix, and when they are the better choice. */

import { singles } from './chain.ts';
import type { KernelSpec, Target } from './kernel.ts';
import type { Operand } from './tensor.ts';
import { lanesOf, rowWalk, walkGroups } from './walk.ts';

/**
 * Whether a thread for each row beats a workgroup for each: where barriers are dear, as on a CPU,
 * and where rows are enough to fill its lanes and cores.
 */
export const rowsFillThreads = ({ kind }: Target, rows: number): boolean =>
  kind !== 'hardware' && rows >= LEAST_ROWS;
const LEAST_ROWS = 64;

/**
 * What such bindings share: `of` names an operand that has the rows [rows, columns], `more` what
 * the WGSL `Params` hold beside their sizes.
 */
export function threadRows<In extends string, Out extends string, Attributes>(
  of: (t: Readonly<Record<In | Out, Operand>>) => Operand,
  more: (a: Attributes) => Readonly<Record<string, number>> = () => ({}),
): Pick<KernelSpec<In, Out, Attributes>, 'editions' | 'overrides' | 'params' | 'groups'> {
  const walkOf = (x: Operand, target: Target) => rowWalk(target, x.shape[0]!);
  return {
    editions: (t) => (lanesOf(of(t)) === 4 ? {} : singles),
    overrides: (t, _, target) => ({ WIDTH: walkOf(of(t), target).width }),
    params: (t, a, target) => ({
      rows: of(t).shape[0]!,
      columns: of(t).shape[1]! / lanesOf(of(t)),
      steps: walkOf(of(t), target).steps,
      ...more(a),
    }),
    groups: (t, _, target) => walkGroups(walkOf(of(t), target), of(t).shape[0]!),
  };
}
