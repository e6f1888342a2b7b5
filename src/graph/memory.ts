/** Which buffer holds what: memory that is never alive at the same time shares a block. */

import type { Dispatch } from '../kernels/kernel.ts';
import { elementBytes, type Memory, type Operand, sizeOf } from '../kernels/tensor.ts';
import { ALIGNMENT } from './variables.ts';

/** A buffer of a plan, and what lies in it over the course of a step. */
export interface Block {
  /** Words of 4 bytes. */
  readonly size: number;
  readonly holds: Memory[];
}

/** When memory is in use: from its first dispatch to its last. */
interface Life {
  readonly memory: Memory;
  readonly first: number;
  last: number;
}

/**
 * Assigns the scratch memory of a list of dispatches to blocks, each of which becomes a buffer. The
 * largest come first, each to the smallest block that is free for as long as it lives ("greedy by
 * size" of Pisarchyk and Lee 2020): so what is small and lives long does not sit in a large block.
 * Inputs and outputs of one dispatch are alive together and so never share a buffer, which WebGPU
 * would refuse.
 */
export function assignBlocks(
  dispatches: readonly Dispatch[],
  scratch: ReadonlySet<Memory>,
): Block[] {
  const lives = new Map<Memory, Life>();
  dispatches.forEach(({ operands }, i) => {
    for (const { memory } of Object.values(operands)) {
      const life = lives.get(memory);
      if (life) life.last = i;
      else if (scratch.has(memory)) lives.set(memory, { memory, first: i, last: i });
    }
  });
  // Blocks are made in the order of their sizes, so the last that is free is the smallest.
  const blocks: (Block & { readonly lives: Life[] })[] = [];
  for (const life of [...lives.values()].sort((a, b) => b.memory.size - a.memory.size)) {
    const free = blocks.findLast(({ lives }) =>
      lives.every(({ first, last }) => last < life.first || life.last < first),
    );
    const { memory } = life;
    if (!free) blocks.push({ size: memory.size, holds: [memory], lives: [life] });
    free?.holds.push(memory);
    free?.lives.push(life);
  }
  return blocks;
}

/** Bytes that are bound for an operand: a whole number of quads, so that kernels may read the last one. */
export const rangeBytes = (operand: Operand): number =>
  4 * elementBytes(operand) * Math.max(1, Math.ceil(sizeOf(operand.shape) / 4));

/** Bytes of the buffer that holds it. */
export const bytesOf = ({ size }: Pick<Memory, 'size'>): number =>
  4 * ALIGNMENT * Math.max(1, Math.ceil(size / ALIGNMENT));
