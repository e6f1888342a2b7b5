/**
 * How kernels that move much and compute little are laid over threads: how many to a workgroup, and
 * how many steps each makes. A GPU wants many threads of one step. Software adapters run a workgroup
 * on one core, a vector of lanes after another: there a workgroup of one vector is best, and many
 * steps, while every core still gets its workgroups.
 */

import type { Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { chosen, type Tunable } from './tuning.ts';

/** Threads of a workgroup, steps of a thread, and how far apart they are: see `lib/walk.wgsl`. */
export interface Walk {
  readonly width: number;
  readonly stride: number;
  readonly steps: number;
}

/** Lanes of a CPU's vector; workgroups that keep its cores busy; steps that hide a thread's cost. */
const LANES = 8;
const LEAST_GROUPS = 32;
const MOST_STEPS = 1024;

/** A size of workgroups and steps of a thread; or workgroups of one vector that share the steps. */
type Threads =
  | { readonly width: number; readonly steps: number }
  | { readonly width: number; readonly groups: number };

/** How a line of [count] Ts is walked. */
export const walkTunable = {
  family: 'walk',
  variants: {
    threads64: { width: 64, steps: 1 },
    threads64steps4: { width: 64, steps: 4 },
    threads256: { width: 256, steps: 1 },
    threads256steps4: { width: 256, steps: 4 },
    groups8: { width: LANES, groups: 8 },
    groups32: { width: LANES, groups: LEAST_GROUPS },
    groups128: { width: LANES, groups: 128 },
  },
  fits: () => true,
  usual: ({ kind }) => (kind === 'hardware' ? 'threads64' : 'groups32'),
} as const satisfies Tunable<string, Threads>;

/** The walk over `count` Ts that follow one another. */
export function lineWalk(target: Target, count: number): Walk {
  const threads: Threads = chosen(walkTunable, target, [count]);
  const { width } = threads;
  if ('steps' in threads) return { width, stride: width, steps: threads.steps };
  const steps = Math.max(1, Math.min(Math.ceil(count / width / threads.groups), MOST_STEPS));
  return { width, stride: width, steps };
}

/** The walk down the columns of `count` Ts in rows of `columns`: each thread stays in its column. */
export function columnWalk(target: Target, count: number, columns: number): Walk {
  const { width, steps } = lineWalk(target, count);
  if (steps === 1) return { width, stride: width, steps };
  const stride = leastCommonMultiple(width, columns);
  return { width, stride, steps: Math.min(steps, Math.ceil(count / stride)) };
}

/** The walk of a fixed number of threads over `count` Ts. */
export function sharedWalk({ kind }: Target, count: number, threads: number): Walk {
  const steps = Math.ceil(count / threads);
  if (kind === 'hardware') return { width: 64, stride: threads, steps };
  return { width: LANES, stride: LANES, steps };
}

/** Rows that each thread reduces one after another, where a thread reduces whole rows. */
export function rowWalk({ kind }: Target, rows: number): Walk {
  if (kind === 'hardware') return { width: 64, stride: 64, steps: 1 };
  const steps = Math.max(1, Math.min(Math.floor(rows / LANES / LEAST_GROUPS), MOST_ROWS));
  return { width: LANES, stride: LANES, steps };
}
const MOST_ROWS = 64;

/** Threads of a workgroup where each thread has a column of its own, or a block of one. */
export const columnThreads = ({ kind }: Target, usual: number): number =>
  kind === 'hardware' ? usual : LANES;

/** Values that one thread reduces, where there are few columns of many values and blocks are added. */
export function blockSize({ kind }: Target, reduced: number, columns: number): number {
  if (kind === 'hardware') return BLOCK;
  const most = Math.floor((reduced * columns) / LANES / LEAST_GROUPS);
  return Math.max(BLOCK, Math.min(most, MOST_STEPS));
}
const BLOCK = 256;

/** Workgroups of a walk over `count` Ts. */
export const walkGroups = ({ width, stride, steps }: Walk, count: number): number =>
  Math.ceil((stride * Math.ceil(count / (stride * steps))) / width);

/** Values of the WGSL `Params` of a walk whose stride is not the width. */
export const walkParams = ({ stride, steps }: Walk) => ({ stride, steps });

/** Ts of an operand whose rows are filled by quads or taken one by one. */
export const lanesOf = ({ shape }: Operand): 1 | 4 => (shape.at(-1)! % 4 === 0 ? 4 : 1);
export const countOf = (operand: Operand): number => sizeOf(operand.shape) / lanesOf(operand);

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);
const leastCommonMultiple = (a: number, b: number) => (a / greatestCommonDivisor(a, b)) * b;

/** Threads of kernels that move lines: `threads` share each, as `walk` of `lib/walk.wgsl` lays them. */
export interface Lines {
  readonly lines: number;
  readonly threads: number;
  readonly width: number;
  readonly stride: number;
  readonly steps: number;
  readonly groups: number;
}

/**
 * How threads share lines of `length`. Where a thread makes many steps, a workgroup shares a line, or
 * each thread takes lines of its own that would not keep the workgroup busy.
 */
export function shareLines(target: Target, lines: number, length: number): Lines {
  const { width, steps: most } = lineWalk(target, lines * length);
  const short = length < 4 * width && lines > 8 * width;
  const stride = short || most === 1 ? 1 : width;
  const steps = most === 1 ? 1 : short ? length : Math.min(most, Math.ceil(length / width));
  const threads = stride * Math.ceil(length / (stride * steps));
  return { lines, threads, width, stride, steps, groups: Math.ceil((lines * threads) / width) };
}
