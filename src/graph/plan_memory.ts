/** What a program takes of a device's memory, told from its plan: before anything is allocated. */

import { bytes, LimitError } from '../gpu/faults.ts';
import type { Plan } from './plan.ts';
import { bytesOfSet } from './store.ts';

/** Bytes by what they are for. */
export interface PlanMemory {
  /** Results between ops, and scratch. */
  readonly activations: number;
  /** Gradients of parameters, and their mean over micro-batches. */
  readonly gradients: number;
  /** Inputs, outputs, constants, and what else lasts from step to step. */
  readonly held: number;
  /** Through which the host reads outputs, and writes scalars and shapes. */
  readonly staging: number;
  /** Parameters, their moments and averages, running statistics: each set by its name. */
  readonly variables: Readonly<Record<string, number>>;
  readonly total: number;
}

/** The memory of a program with all variables that it reads or writes. */
export function memoryOf({ bytes, parts, sets }: Plan): PlanMemory {
  const variables = Object.fromEntries(sets.map((set) => [set.name, bytesOfSet(set)]));
  const total = sets.reduce((sum, set) => sum + bytesOfSet(set), bytes);
  return { ...parts, variables, total };
}

/** The same in words: `activations 1.2 GiB, gradients 96.0 MiB, ...`; what takes nothing is left out. */
export function describeMemory({ variables, total: _, ...parts }: PlanMemory): string {
  return [...Object.entries(parts), ...Object.entries(variables)]
    .filter(([, size]) => size > 0)
    .map(([name, size]) => `${name} ${bytes(size)}`)
    .join(', ');
}

/**
 * Refuses a plan that needs more than `cap` bytes.
 * @throws LimitError with what needs how much, and what has not been tried yet
 */
export function checkCap(
  plan: Plan,
  cap: number,
  used: { readonly storage?: unknown; readonly recompute?: boolean | undefined },
): void {
  const memory = memoryOf(plan);
  if (memory.total <= cap) return;
  const remedies = [
    ...(plan.segments > 0 && !used.recompute ? ['compile it with recompute: true'] : []),
    ...(used.storage ? [] : ['store results in halves by storage: f16']),
    ...(plan.writes ? ['use a smaller batch and more micro-batches'] : ['use a smaller batch']),
    'use a narrower model',
    'raise the cap',
  ];
  throw new LimitError(
    `this program (${describeMemory(memory)})`,
    memory.total,
    cap,
    `${remedies.slice(0, -1).join(', ')}, or ${remedies.at(-1)}`,
    'the cap',
  );
}
