/** Where variables lie in the memory of a plan. */

import type { Memory, Operand } from '../kernels/tensor.ts';
import type { Variable, VariableSet } from './variables.ts';

/** Sets that stand for others of the same layout, such as averages for parameters. */
export type Stead = ReadonlyMap<VariableSet, VariableSet>;

/** The slabs of the sets that a plan reads or writes, as they turn out to be needed. */
export function planSlabs(stead?: Stead) {
  const memories = new Map<VariableSet, Memory[]>();
  const slabs = new Map<Memory, { set: VariableSet; slab: number }>();
  const of = (asked: VariableSet): readonly Memory[] => {
    const set = stead?.get(asked) ?? asked;
    let found = memories.get(set);
    if (!found) {
      found = set.slabs.map((size, slab) => ({ name: `${set.name} slab ${slab}`, size }));
      found.forEach((made, slab) => slabs.set(made, { set, slab }));
      memories.set(set, found);
    }
    return found;
  };
  return {
    slabs,
    sets: () => [...memories.keys()],
    of,
    operand: ({ set, slab, offset, shape }: Variable): Operand => ({
      memory: of(set)[slab]!,
      offset,
      shape,
    }),
  };
}
