/** What a program takes of a device's memory, told from its plan: before anything is allocated. */

import { bytes, LimitError } from '../gpu/faults.ts';
import type { Memory } from '../kernels/tensor.ts';
import { bytesOf } from './memory.ts';
import type { CompileOptions } from './options.ts';
import type { Plan } from './plan.ts';
import type { Tape } from './trace.ts';
import { bytesOfSet } from './variables.ts';

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

/** What optimisers name the mean of gradients over micro-batches. */
export const MEANS = 'mean gradients';

/** The memory of a program with all variables that it reads or writes. */
export function memoryOf({ blocks, lasting, areas, bytes, sets }: Plan): PlanMemory {
  const sum = (memories: Iterable<Pick<Memory, 'size'>>) =>
    [...memories].reduce((s, memory) => s + bytesOf(memory), 0);
  const slabs = [...areas.values()].flat().map(({ memory }) => memory);
  const gradients = [...slabs, ...lasting.filter(({ name }) => name === MEANS)];
  const parts = {
    activations: sum(blocks),
    gradients: sum(gradients),
    held: sum(lasting) - sum(gradients),
  };
  const staging = bytes - parts.activations - parts.gradients - parts.held;
  const variables = Object.fromEntries(sets.map((set) => [set.name, bytesOfSet(set)]));
  const total = sets.reduce((s, set) => s + bytesOfSet(set), bytes);
  return { ...parts, staging, variables, total };
}

/** The same in words: `activations 1.2 GiB, gradients 96.0 MiB, ...`; what takes nothing is left out. */
export const describeMemory = ({ variables, total: _, ...parts }: PlanMemory): string =>
  Object.entries({ ...parts, ...variables })
    .filter(([, size]) => size)
    .map(([name, size]) => `${name} ${bytes(size)}`)
    .join(', ');

/**
 * Refuses a plan that needs more than `cap` bytes.
 * @throws LimitError with what needs how much, and what is left to try
 */
export function checkCap(
  plan: Plan,
  { segments }: Tape,
  cap = Infinity,
  { storage, recompute }: CompileOptions = {},
): void {
  const memory = memoryOf(plan);
  if (memory.total <= cap) return;
  const remedies = [
    segments && !recompute ? 'recompute, ' : '',
    storage ? '' : 'storage f16, ',
    'a smaller batch, more micro-batches or a narrower model, or raise cap',
  ];
  const what = `this program (${describeMemory(memory)})`;
  throw new LimitError(what, memory.total, cap, `use ${remedies.join('')}`, 'cap');
}
