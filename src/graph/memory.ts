/** Which buffer holds what: memory that is never alive at the same time shares a block. */

import type { Dispatch } from '../kernels/kernel.ts';
import { elementBytes, type Memory, type Operand, sizeOf } from '../kernels/tensor.ts';

/** A buffer of a plan, and what lies in it over the course of a step. */
export interface Block {
  /** Words of 4 bytes. */
  size: number;
  readonly holds: Memory[];
}

/**
 * Assigns the scratch memory of a list of dispatches to blocks, each of which becomes a buffer.
 * Inputs and outputs of one dispatch are alive together and so never share a buffer, which WebGPU
 * would refuse.
 */
export function assignBlocks(
  dispatches: readonly Dispatch[],
  scratch: ReadonlySet<Memory>,
): Block[] {
  const last = new Map<Memory, number>();
  // Memory that is first used, and used for the last time, by each dispatch.
  const starting: Memory[][] = dispatches.map(() => []);
  const ending: Memory[][] = dispatches.map(() => []);
  dispatches.forEach(({ operands }, i) => {
    for (const { memory } of Object.values(operands)) {
      if (!scratch.has(memory)) continue;
      if (!last.has(memory)) starting[i]!.push(memory);
      last.set(memory, i);
    }
  });
  for (const [memory, i] of last) ending[i]!.push(memory);

  const blocks: Block[] = [];
  const free = new Set<Block>();
  const busy = new Map<Memory, Block>();
  dispatches.forEach((_, i) => {
    for (const memory of starting[i]!.sort((a, b) => b.size - a.size)) {
      const block = bestFit(free, memory.size) ?? grow(free, memory.size) ?? newBlock(blocks);
      free.delete(block);
      block.size = Math.max(block.size, memory.size);
      block.holds.push(memory);
      busy.set(memory, block);
    }
    for (const memory of ending[i]!) free.add(busy.get(memory)!);
  });
  return blocks;
}

/** The smallest free block that is large enough. */
function bestFit(free: ReadonlySet<Block>, size: number): Block | undefined {
  const fits = [...free].filter((block) => block.size >= size);
  return fits.length ? fits.reduce((a, b) => (b.size < a.size ? b : a)) : undefined;
}

/** The largest free block, to be made larger: that adds less than a new one. */
function grow(free: ReadonlySet<Block>, size: number): Block | undefined {
  const fits = [...free].filter((block) => block.size < size);
  return fits.length ? fits.reduce((a, b) => (b.size > a.size ? b : a)) : undefined;
}

function newBlock(blocks: Block[]): Block {
  const block: Block = { size: 0, holds: [] };
  blocks.push(block);
  return block;
}

/** Bytes that are bound for an operand: a whole number of quads, so that kernels may read the last one. */
export const rangeBytes = (operand: Operand): number =>
  4 * elementBytes(operand) * Math.max(1, Math.ceil(sizeOf(operand.shape) / 4));
