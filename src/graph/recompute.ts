/**
 * Recomputation, as a rewrite of a graph: what gradients need of a segment (see `checkpoint.ts`) is
 * computed again right before the first of them that needs it, and so is not alive between.
 */

import { type Graph, prune } from './prune.ts';
import { type OpCall, type Tensor, tensor } from './trace.ts';
import type { Variable } from './variables.ts';

/** A result this much smaller than the largest of its segment is kept: it saves no memory. */
const SMALL = 64;

/**
 * The graph with the calls of its segments repeated for the backward pass. It runs after fusing, so
 * that both times the same kernels run.
 */
export function recompute(graph: Graph): Graph {
  const { calls, outputs } = graph;
  const makers = new Map<Tensor, OpCall>();
  for (const call of calls) for (const y of call.outputs) makers.set(y, call);
  const kept = keptOf(graph, makers);

  /** What stands for a tensor from where the walk has come to. */
  const now = new Map<Tensor, Tensor>();
  const origins = new Map<Tensor, Tensor>();
  const result: OpCall[] = [];
  const today = (t: Tensor) => now.get(t) ?? t;
  const again = (t: Tensor): Tensor => {
    const call = makers.get(t);
    if (now.has(t) || !isSegment(call?.part) || kept.has(t)) return today(t);
    const inputs = call!.inputs.map(again);
    const { op, outputs: first } = call!;
    const repeated = op.again
      ? { op: op.again, inputs: [...inputs, ...first.slice(1)], results: first.slice(0, 1) }
      : { op, inputs, results: first };
    append({ ...call!, op: repeated.op, inputs: repeated.inputs, again: true }, repeated.results);
    return today(t);
  };
  /** Appends a call that makes these tensors anew. */
  const append = (call: OpCall, made: readonly Tensor[]) => {
    const outputs: Tensor[] = [];
    const appended = { ...call, outputs };
    made.forEach((y, output) => {
      const copy = tensor(y.shape, { kind: 'call', call: appended, output }, y.dtype);
      outputs.push(copy);
      origins.set(copy, y);
      if (!kept.has(y) || !call.again) now.set(y, copy);
    });
    result.push(appended);
  };

  for (const call of calls) {
    const inputs = call.inputs.map(call.part === 'backward' ? again : today);
    if (inputs.every((t, i) => t === call.inputs[i])) result.push(call);
    // Memory of a view is found by its call.
    else if (call.op.isView) append({ ...call, inputs }, call.outputs);
    else result.push({ ...call, inputs });
  }
  return { ...prune({ calls: result, outputs: outputs.map(today) }), plain: graph, origins };
}

const isSegment = (part: OpCall['part']): part is number => typeof part === 'number';

/**
 * Results of segments that stay: outputs of the program, what is used outside the segment by more
 * than gradients, and what takes little memory beside the rest.
 */
function keptOf({ calls, outputs }: Graph, makers: ReadonlyMap<Tensor, OpCall>): Set<Tensor> {
  const kept = new Set<Tensor>();
  const keep = (t: Tensor) => {
    kept.add(t);
    const call = makers.get(t);
    if (call?.op.isView) keep(call.inputs[0]!);
  };
  outputs.forEach(keep);
  const largest = new Map<number, number>();
  const bound = bounds(calls, makers);
  calls.forEach((call, i) => {
    const { part, op, inputs, attributes } = call;
    for (const t of inputs) {
      const from = makers.get(t)?.part;
      if (isSegment(from) && part !== from && part !== 'backward') keep(t);
    }
    if (!isSegment(part)) return;
    if (op.gradientsOf || (op.writes?.(attributes).length && !op.again))
      throw new Error(
        `checkpoint: ${op.name} writes variables, and a segment may be computed twice. Keep it out of the function given to checkpoint()`,
      );
    if (op.again) call.outputs.slice(1).forEach(keep);
    if (bound(call, i)) call.outputs.forEach(keep);
    const size = Math.max(...call.outputs.map((y) => y.size));
    largest.set(part, Math.max(size, largest.get(part) ?? 0));
  });
  for (const { part, outputs: made } of calls)
    if (isSegment(part) && made.every(({ size }) => SMALL * size <= largest.get(part)!))
      made.forEach(keep);
  return kept;
}

/**
 * Tells calls that cannot be repeated: they read a variable that is written before the last gradient
 * of their segment.
 */
function bounds(calls: readonly OpCall[], makers: ReadonlyMap<Tensor, OpCall>) {
  const ends = new Map<number, number>();
  const writes = new Map<Variable, number[]>();
  calls.forEach(({ op, part, inputs, attributes }, i) => {
    if (part === 'backward')
      for (const t of inputs) {
        const from = makers.get(t)?.part;
        if (isSegment(from)) ends.set(from, i);
      }
    for (const v of op.writes?.(attributes) ?? []) writes.set(v, [...(writes.get(v) ?? []), i]);
  });
  return ({ inputs, part }: OpCall, i: number) =>
    inputs.some(
      ({ source }) =>
        source.kind === 'variable' &&
        writes.get(source.variable)?.some((at) => at > i && at < (ends.get(part as number) ?? 0)),
    );
}
