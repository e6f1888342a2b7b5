/** Keeps what one dispatch reads apart from what it writes. */

import type { Dispatch, Target } from '../kernels/kernel.ts';
import { copy, stridesOf } from '../kernels/layout.ts';
import { type Memory, sizeOf } from '../kernels/tensor.ts';
import type { PlannedDispatch } from './plan.ts';

/**
 * One dispatch may not read and write one buffer: what it reads from there is copied away first.
 */
export function apart(
  target: Target,
  dispatch: Dispatch,
  about: Pick<PlannedDispatch, 'op' | 'update' | 'again'>,
  scratch: (name: string, size: number) => Memory,
): PlannedDispatch[] {
  const { kernel } = dispatch;
  const written = new Set(
    kernel.storage.filter((s) => s.writes).map(({ name }) => dispatch.operands[name]!.memory),
  );
  const before: PlannedDispatch[] = [];
  const moved = { ...dispatch.operands };
  for (const { name, writes } of kernel.storage) {
    const x = moved[name]!;
    if (writes || !written.has(x.memory)) continue;
    const { shape } = x;
    const y = { memory: scratch(`copy of ${x.memory.name}`, sizeOf(shape)), offset: 0, shape };
    const lies = { first: 0, strides: stridesOf(shape) };
    for (const made of copy(target, { x, y }, { shape, x: lies, y: lies }))
      before.push({ ...made, ...about, op: 'copy' });
    moved[name] = y;
  }
  return [...before, { ...dispatch, operands: moved, ...about }];
}
