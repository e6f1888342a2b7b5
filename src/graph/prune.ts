/** Graphs, and which of their calls matter. */

import type { OpCall, Tensor } from './trace.ts';

export interface Graph {
  readonly calls: readonly OpCall[];
  readonly outputs: readonly Tensor[];
  /** Of a graph with recomputation: what it was, and of what its copies are copies. */
  readonly plain?: Graph;
  readonly origins?: ReadonlyMap<Tensor, Tensor>;
}

/** Drops calls that no output and no written variable depends on. */
export function prune({ calls, outputs }: Graph): Graph {
  const needed = new Set(outputs);
  const kept = [...calls].reverse().filter(({ op, inputs, outputs, attributes }) => {
    const alive = op.writes?.(attributes).length || outputs.some((y) => needed.has(y));
    if (alive) for (const x of inputs) needed.add(x);
    return alive;
  });
  return { calls: kept.reverse(), outputs };
}
