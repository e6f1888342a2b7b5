/**
 * Gradients are written straight to where the optimiser reads them: slabs laid out like those of
 * the parameters, so that one dispatch updates a whole slab.
 */

import type { Dispatch, Target } from '../kernels/kernel.ts';
import { copy, stridesOf } from '../kernels/layout.ts';
import type { Memory, Operand } from '../kernels/tensor.ts';
import type { Lowering, OpCall, Tensor } from './trace.ts';

export interface Placements {
  /** Where the tensors lie that have a given place. */
  readonly placed: ReadonlyMap<Tensor, Operand>;
  /** The gradient slabs of each call of an optimiser. */
  readonly areas: ReadonlyMap<OpCall, readonly Operand[]>;
}

/** Gives a place to each gradient that an op makes; `allocate` makes the slabs. */
export function placementsOf(
  calls: readonly OpCall[],
  allocate: (name: string, size: number) => Memory,
): Placements {
  const placed = new Map<Tensor, Operand>();
  const areas = new Map<OpCall, readonly Operand[]>();
  for (const call of calls) {
    const set = call.op.gradientsOf?.(call.attributes);
    if (!set) continue;
    const slabs = set.slabs.map((size, i) => ({
      memory: allocate(`${set.name} gradients ${i}`, size),
      offset: 0,
      shape: [size],
    }));
    areas.set(call, slabs);
    set.variables.forEach(({ slab, offset, shape }, i) => {
      const made = behindViews(call.inputs[i]!);
      if (made.source.kind !== 'call' || placed.has(made)) return;
      placed.set(made, { memory: slabs[slab]!.memory, offset, shape });
    });
  }
  return { placed, areas };
}

/** The tensor that a chain of reshapes starts from. */
function behindViews(t: Tensor): Tensor {
  while (t.source.kind === 'call' && t.source.call.op.isView) t = t.source.call.inputs[0]!;
  return t;
}

/**
 * Copies to their places those gradients that lie elsewhere: constants, and what has a place
 * already.
 */
export function strayGradients(
  target: Target,
  { op, attributes, inputs: tensors }: OpCall,
  { gradients, inputs }: Pick<Lowering, 'gradients' | 'inputs'>,
  placed: ReadonlyMap<Tensor, Operand>,
): Dispatch[] {
  const set = op.gradientsOf?.(attributes);
  if (!set) return [];
  return set.variables.flatMap(({ slab, offset, shape }, i) => {
    const { memory } = gradients[slab]!;
    const place = placed.get(behindViews(tensors[i]!));
    if (place?.memory === memory && place.offset === offset) return [];
    const lies = { first: 0, strides: stridesOf(shape) };
    const y = { memory, offset, shape };
    return copy(target, { x: inputs[i]!, y }, { shape, x: lies, y: lies });
  });
}
