/** How rows of a matrix are reduced: by a workgroup for each, or a thread for each. */

import { singles } from './chain.ts';
import type { KernelSpec, Target } from './kernel.ts';
import type { Operand } from './tensor.ts';
import { chosen, type Tunable } from './tuning.ts';
import { lanesOf, rowWalk, walkGroups } from './walk.ts';

/** Rows that fill the lanes and cores of a CPU, when each is a thread's. */
const LEAST_ROWS = 64;
/** Values of a row that would leave a workgroup of a GPU idle. */
const SHORT_ROW = 64;

/**
 * How [rows, columns] are reduced: by workgroups of so many threads, or by a thread for each row,
 * which is better where barriers are dear, as on a CPU, and rows are many.
 */
export const rowsTunable = {
  family: 'rows',
  variants: {
    threads: { thread: true, width: 0 },
    groups8: { thread: false, width: 8 },
    groups64: { thread: false, width: 64 },
    groups256: { thread: false, width: 256 },
  },
  fits: () => true,
  usual({ kind }, [rows, columns]) {
    if (kind === 'hardware') return columns! < SHORT_ROW ? 'threads' : 'groups64';
    return rows! >= LEAST_ROWS ? 'threads' : 'groups8';
  },
} as const satisfies Tunable<string, { thread: boolean; width: number }>;

/** Whether each row of a matrix is reduced by one thread. */
export const threadForRow = (target: Target, { shape }: Operand): boolean =>
  chosen(rowsTunable, target, shape).thread;

/** A family whose variants say how rows are reduced. */
type RowsTunable = Tunable<string, { thread: boolean; width: number }>;

/**
 * Threads of a workgroup that reduces a row. A CPU runs one group of lanes after another and stops
 * each at every barrier: there, one group is best.
 */
export function rowThreads(
  target: Target,
  { shape }: Operand,
  tunable: RowsTunable = rowsTunable,
): { WIDTH: number } {
  const usual = target.kind === 'hardware' ? 64 : 8;
  return { WIDTH: chosen(tunable, target, shape).width || usual };
}

/**
 * What bindings of kernels share in which each thread takes whole rows: `of` names an operand that has the rows [rows, columns], `more` what
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
