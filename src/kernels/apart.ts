/** Keeps what one dispatch reads apart from what it writes. */

import type { Dispatch, Target } from './kernel.ts';
import { copy, stridesOf } from './layout.ts';
import { type Memory, sizeOf } from './tensor.ts';

/**
 * One dispatch may not read and write one buffer: what it reads from there is copied away first, by
 * the dispatches before the last.
 */
export function apart(
  target: Target,
  dispatch: Dispatch,
  scratch: (name: string, size: number) => Memory,
): Dispatch[] {
  const { kernel } = dispatch;
  const written = new Set(
    kernel.storage.filter((s) => s.writes).map(({ name }) => dispatch.operands[name]!.memory),
  );
  const copies: Dispatch[] = [];
  const moved = { ...dispatch.operands };
  for (const { name, writes } of kernel.storage) {
    const x = moved[name]!;
    if (writes || !written.has(x.memory)) continue;
    const { shape } = x;
    const y = { memory: scratch(`copy of ${x.memory.name}`, sizeOf(shape)), offset: 0, shape };
    const lies = { first: 0, strides: stridesOf(shape) };
    copies.push(...copy(target, { x, y }, { shape, x: lies, y: lies }));
    moved[name] = y;
  }
  return [...copies, { ...dispatch, operands: moved }];
}
