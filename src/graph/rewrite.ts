/**
 * Rewrites of a traced graph, before it is lowered: ops said in other ops are expanded, dead calls
 * go, gradients of activations join those of norms, chains of elementwise calls become one, and the
 * stages after a product move into its store.
 */

import { sizeOf } from '../kernels/tensor.ts';
import {
  type ElementwiseAttributes,
  elementwiseOp,
  exchanged,
  kindOf,
  type StageSpec,
} from './ops/elementwise.ts';
import { type MatmulCall, matmulOp } from './ops/matmul.ts';
import type { PlanOptions } from './plan.ts';
import { type Graph, prune } from './prune.ts';
import { call, type Gradients, type OpCall, Tape, type Tensor, trace } from './trace.ts';
import type { Variable } from './variables.ts';

/** The graph that is lowered: expanded, without dead calls, and fused unless told not to. */
export function rewrite(
  graph: Graph,
  { gradients, recompute: again }: Tape,
  { fuse: fused = true, recompute }: PlanOptions = {},
): Graph {
  const expanded = prune(expand(graph, gradients));
  const once = fused ? fuse(gradients?.joinActivations(expanded) ?? expanded) : expanded;
  return (recompute && gradients && again?.(once)) || once;
}

/** Replaces calls of ops that are said in terms of others, until none is left. */
function expand({ calls, outputs }: Graph, gradients: Gradients | undefined): Graph {
  if (!calls.some(({ op }) => op.expand)) return { calls, outputs };
  const now = new Map<Tensor, Tensor>();
  const today = (t: Tensor) => now.get(t) ?? t;
  const tape = new Tape();
  trace(() => {
    for (const { op, inputs, outputs, attributes, part } of calls) {
      tape.part = part;
      const made = (op.expand ?? ((x, a) => call(op, x, a)))(
        inputs.map(today),
        attributes,
        gradients,
      );
      outputs.forEach((y, i) => now.set(y, made[i]!));
    }
  }, tape);
  return expand({ calls: tape.calls, outputs: outputs.map(today) }, gradients);
}

interface Chain {
  readonly inputs: readonly Tensor[];
  readonly stages: readonly StageSpec[];
}

/** Merges each elementwise call into what made its running value, where nothing else reads that. */
function fuse({ calls, outputs }: Graph): Graph {
  const uses = new Map<Tensor, number>();
  const use = (t: Tensor) => uses.set(t, (uses.get(t) ?? 0) + 1);
  for (const { inputs } of calls) inputs.forEach(use);
  outputs.forEach(use);

  const made = new Map<Tensor, OpCall>();
  const result = new Set<OpCall>();
  const written = new Map<Variable, number>();
  /** Results that have been read, and variables that have been since they were written. */
  const read = new Set<Tensor | Variable | undefined>();
  const trains = calls.some(({ op }) => op.gradientsOf);

  for (const original of calls) {
    let merged: OpCall | undefined;
    for (const candidate of orders(original)) {
      const [x] = candidate.inputs as [Tensor];
      const before = made.get(x);
      if (before?.outputs[0] !== x || uses.get(x) !== 1) continue;
      if (overtaken(before, written) || awaited(before, read, written)) continue;
      if (before.op === matmulOp && !pays(before, trains)) continue;
      merged = merge(before, { ...candidate, call: original });
      if (merged) {
        result.delete(before);
        break;
      }
    }
    const kept = merged ?? original;
    result.add(kept);
    for (const y of kept.outputs) made.set(y, kept);
    for (const t of original.inputs) read.add(t).add(variableOf(t));
    for (const v of kept.op.writes?.(kept.attributes) ?? []) {
      read.delete(v);
      written.set(v, kept.index);
    }
  }
  return { calls: [...result], outputs };
}

/** A call reads a variable that has been written since: it must stay where it is. */
const overtaken = ({ inputs, index }: OpCall, written: ReadonlyMap<Variable, number>) =>
  inputs.map(variableOf).some((v) => v && (written.get(v) ?? -1) > index);

const variableOf = ({ source }: Tensor) =>
  source.kind === 'variable' ? source.variable : undefined;

/** What a call makes beside its first result has been read or made again since: it must stay. */
const awaited = (
  { op, outputs, attributes, index }: OpCall,
  read: ReadonlySet<unknown>,
  written: ReadonlyMap<Variable, number>,
) =>
  outputs.slice(1).some((y) => read.has(y)) ||
  (op.writes?.(attributes) ?? []).some((v) => read.has(v) || written.get(v) !== index);

/** Results of fewer elements than this are a small pass. */
const SMALL_PASS = 16_384;

/**
 * Whether an epilogue is worth its kernel: each is another large one to compile. In a program that
 * trains, plain products are there anyway; those of the backward pass stay plain, and so do those
 * with small results.
 */
const pays = ({ attributes, outputs }: OpCall, trains: boolean): boolean => {
  const { transposeA, transposeB } = attributes as MatmulCall;
  return !trains || (!transposeA && !transposeB && outputs[0]!.size >= SMALL_PASS);
};

/**
 * An elementwise call as it is, and with its operand as the running value where the op allows it.
 */
function orders({ op, inputs, attributes }: OpCall): Chain[] {
  if (op !== elementwiseOp) return [];
  const { stages } = attributes as { stages: readonly StageSpec[] };
  const [x, e] = inputs as [Tensor, Tensor?];
  const other = exchanged[stages[0]!.op];
  const turn = other && stages.length === 1 && e && stages[0]!.input === 1 && sameShape(e, x);
  return [
    { inputs, stages },
    ...(turn ? [{ inputs: [e, x], stages: [{ ...stages[0]!, op: other }] }] : []),
  ];
}

const sameShape = (a: Tensor, b: Tensor) => a.shape.join() === b.shape.join();

/** `before`, with the stages of a chain on its first result, if a kernel can do that. */
function merge(before: OpCall, next: Chain & { call: OpCall }): OpCall | undefined {
  if (!before.op.epilogue) return undefined;
  const divided = before.op !== elementwiseOp;
  const { stages, ...rest } = before.attributes as ElementwiseAttributes;
  const [x, ...operands] = next.inputs;
  if (operands.includes(x!) || stages.length + next.stages.length > before.op.epilogue)
    return undefined;
  const shift = before.inputs.length - 1;
  const added = next.stages.map((stage) =>
    stage.input === undefined ? stage : { ...stage, input: stage.input + shift },
  );
  const all = [...stages, ...added];
  const inputs = [...before.inputs, ...operands];
  if (!oneMatrix(next.call.outputs[0]!, all, inputs, divided)) return undefined;
  const outputs = [next.call.outputs[0]!, ...before.outputs.slice(1)];
  // What reaches over the end of a segment belongs to none: its result is kept.
  const part = before.part === next.call.part ? before.part : undefined;
  return {
    ...next.call,
    op: before.op,
    inputs,
    outputs,
    attributes: { ...rest, stages: all },
    part,
  };
}

/**
 * Whether one division into rows and columns suits all operands. Results of other ops than
 * elementwise ones are divided before their last axis.
 */
function oneMatrix(
  y: Tensor,
  stages: readonly StageSpec[],
  inputs: readonly Tensor[],
  divided: boolean,
) {
  const sizes = (wanted: 'row' | 'column') =>
    stages
      .filter(
        ({ input }) => input !== undefined && kindOf(y.shape, inputs[input]!.shape) === wanted,
      )
      .map(({ input }) => inputs[input!]!.size);
  const columns = [...sizes('row'), ...(divided ? [y.shape.at(-1)!] : [])];
  const rows = [...sizes('column'), ...(divided ? [sizeOf(y.shape.slice(0, -1))] : [])];
  return (
    new Set(columns).size <= 1 &&
    new Set(rows).size <= 1 &&
    (columns.length === 0 || rows.length === 0 || columns[0]! * rows[0]! === y.size)
  );
}
