/** How many bytes the buffers of a plan take. */

import type { Dispatch } from '../kernels/kernel.ts';
import type { Memory } from '../kernels/tensor.ts';
import { type Block, bytesOf } from './memory.ts';
import { type Outputs, readingLayout } from './reading.ts';
import type { Schedule } from './trace.ts';

/** Scalars that a step can hold; `lib/step.wgsl` declares as many. */
const SLOTS = 64;

/** Where a scalar of the step is found. */
export function slotOf(schedules: Schedule[], schedule: Schedule): number {
  const at = schedules.indexOf(schedule);
  if (at >= 0) return at;
  if (schedules.length === SLOTS)
    throw new Error(`a program can follow ${SLOTS} schedules at most`);
  return schedules.push(schedule) - 1;
}

/** Offsets in a uniform buffer are multiples of this. */
export const UNIFORM_STEP = 256;
export const STEP_BYTES = 16 + 4 * SLOTS;

/** Steps that may be queued and unfinished. */
export const IN_FLIGHT = 2;
/** Staging buffers for reading outputs: one for each step in flight, and one that is being read. */
export const READING_SLOTS = IN_FLIGHT + 1;

/** Everything that a program of this plan allocates. */
export function planBytes(
  blocks: readonly Block[],
  lasting: ReadonlySet<Memory>,
  dispatches: readonly Dispatch[],
  outputs: Outputs,
) {
  const scratchBytes = blocks.reduce((sum, block) => sum + bytesOf(block), 0);
  const lastingBytes = [...lasting].reduce((sum, memory) => sum + bytesOf(memory), 0);
  const readingBytes = READING_SLOTS * readingLayout(outputs).total;
  return scratchBytes + lastingBytes + paramsBytes(dispatches) + STEP_BYTES + readingBytes;
}

export function paramsBytes(dispatches: readonly Dispatch[]): number {
  const size = dispatches.reduce(
    (sum, { kernel }) => sum + Math.ceil(kernel.paramsSize / UNIFORM_STEP) * UNIFORM_STEP,
    0,
  );
  return Math.max(size, UNIFORM_STEP);
}
