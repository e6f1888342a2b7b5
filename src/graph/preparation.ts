/**
 * What of a program depends on variables and constants alone, such as the factors of a norm that has
 * learned: it is computed once, and again when variables have changed.
 */

import type { StageSpec } from './ops/elementwise.ts';
import type { Graph } from './prune.ts';
import type { OpCall, Tensor } from './trace.ts';

export interface Preparation {
  /** Calls that need not run with each step. */
  readonly calls: ReadonlySet<OpCall>;
  /** Their results that the steps read, or that are outputs. */
  readonly results: ReadonlySet<Tensor>;
}

/**
 * None in a program that writes variables: they change with each step. A call without inputs is
 * there for what it does.
 */
export function preparationOf({ calls, outputs }: Graph): Preparation {
  const prepared = new Set<OpCall>();
  const results = new Set<Tensor>();
  if (calls.some(({ op, attributes }) => op.writes?.(attributes).length))
    return { calls: prepared, results };
  const made = new Set<Tensor>();
  for (const call of calls) {
    const still = (t: Tensor) =>
      t.source.kind === 'variable' || t.source.kind === 'constant' || made.has(t);
    if (call.inputs.length > 0 && call.inputs.every(still) && !variesOf(call) && keeps(call)) {
      prepared.add(call);
      for (const t of call.outputs) made.add(t);
    } else for (const t of call.inputs) if (made.has(t)) results.add(t);
  }
  for (const t of outputs) if (made.has(t)) results.add(t);
  return { calls: prepared, results };
}

/** Elements that are worth keeping, whatever they are made of. */
const FEW = 4096;
/** Whether to keep the results: what is spread out of little costs more memory than it saves time. */
function keeps({ inputs, outputs }: OpCall): boolean {
  const sizeOf = (tensors: readonly Tensor[]) => tensors.reduce((sum, { size }) => sum + size, 0);
  return sizeOf(outputs) <= sizeOf(inputs) + FEW;
}

/** Whether a call follows the step: by a schedule, or by random numbers. */
function variesOf({ attributes }: OpCall): boolean {
  const { stages = [] } = (attributes ?? {}) as { stages?: readonly StageSpec[] };
  return stages.some(({ schedule, number }) => schedule !== undefined || number !== undefined);
}

/** Tensors that outlive the step, and those that they are views of. */
export function keptTensors(tensors: Iterable<Tensor>): Set<Tensor> {
  const kept = new Set<Tensor>();
  for (let t of tensors) {
    kept.add(t);
    while (t.source.kind === 'call' && t.source.call.op.isView) {
      t = t.source.call.inputs[0]!;
      kept.add(t);
    }
  }
  return kept;
}
