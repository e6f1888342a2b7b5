/**
 * The plan of a program: its dispatches in order, the memory they use, and how much that is. It
 * needs no device but only knows what the device is like; `program.ts` makes buffers and bind
 * groups of it.
 */

import type { Storage } from '../gpu/pipeline.ts';
import { apart } from '../kernels/apart.ts';
import type { Dispatch, Target } from '../kernels/kernel.ts';
import type { DType, Memory, Operand, Shape } from '../kernels/tensor.ts';
import { sizeOf } from '../kernels/tensor.ts';
import { checkTold, type Variants } from '../kernels/tuning.ts';
import { assignBlocks, type Block } from './memory.ts';
import { type Placements, placementsOf, strayGradients } from './placement.ts';
import { planBytes, slotOf } from './plan_bytes.ts';
import { keptTensors, type Preparation, preparationOf } from './preparation.ts';
import type { Graph } from './prune.ts';
import type { Outputs } from './reading.ts';
import { rewrite } from './rewrite.ts';
import { planSlabs, type Stead } from './slabs.ts';
import { constant, type Lowering, type Schedule, type Tape, type Tensor } from './trace.ts';
import type { VariableSet } from './variables.ts';

export interface Plan {
  /** Run before the first step, and again when variables have changed; see `preparation.ts`. */
  readonly preparation: readonly PlannedDispatch[];
  /** Run with each step. */
  readonly dispatches: readonly PlannedDispatch[];
  /** Buffers of scratch memory. */
  readonly blocks: readonly Block[];
  /**
   * Memory with a buffer of its own: inputs, outputs, constants, and what lasts from step to step.
   */
  readonly lasting: readonly Memory[];
  /** What of it holds the gradients that each optimiser takes. */
  readonly areas: Placements['areas'];
  readonly constants: ReadonlyMap<Memory, Float32Array>;
  readonly slabs: ReadonlyMap<Memory, { set: VariableSet; slab: number }>;
  readonly inputs: Readonly<Record<string, { operand: Operand; dtype: DType }>>;
  readonly outputs: Outputs;
  /** Outputs that only the last micro-batch makes. */
  readonly late: ReadonlySet<string>;
  readonly schedules: readonly Schedule[];
  /** Bytes of all buffers of the plan; slabs of variables belong to the model. */
  readonly bytes: number;
  /** Whether steps write variables. */
  readonly writes: boolean;
  /** Sets of variables that the program reads or writes. */
  readonly sets: readonly VariableSet[];
  /** How many micro-batches are accumulated before an update. */
  readonly microBatches: number;
  /** The variants that were chosen, by family and shape. */
  readonly variants: Variants;
}

export interface PlannedDispatch extends Dispatch {
  /** How its kernel is changed for operands that are stored as halves. */
  storage?: Storage;
  /** The op that it serves. */
  readonly op: string;
  /** Runs only with the last micro-batch. */
  readonly update: boolean;
  /** Computes again what has been computed before. */
  readonly again?: boolean | undefined;
}

/** Storage of halves, which programs that ask for it bring along: see `halves.ts`. */
export interface HalfStorage {
  /** Results that may be stored so, of a graph without what is computed again. */
  results(graph: Graph, prepared: Preparation, stays: (t: Tensor) => boolean): ReadonlySet<Tensor>;
  /** Has kernels changed for what they bind as halves; gives the memory that one cannot bind so. */
  bind(dispatches: readonly PlannedDispatch[], target: Target): readonly Memory[];
}

export interface PlanOptions {
  /** Merge chains of elementwise ops, and epilogues into products. */
  fuse?: boolean;
  /** Stores results between ops as halves. */
  storage?: HalfStorage | undefined;
  /** Computes segments again for the backward pass. */
  recompute?: boolean | undefined;
  /** Variables to read instead of others. */
  stead?: Stead | undefined;
}

/** Plans the calls of a tape that the outputs need. */
export function makePlan(
  tape: Tape,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
  device: Target,
  { storage, stead, ...options }: PlanOptions = {},
): Plan {
  const traced = { calls: tape.calls, outputs: Object.values(outputs) };
  const graph = rewrite(traced, tape, options);
  // Which kernels bind a result is known only when it has been planned: what they do not take as
  // halves is f32 the next time.
  const refused = new Set<Tensor>();
  for (;;) {
    const plan = lay(graph, inputs, Object.keys(outputs), device, { storage, stead }, refused);
    if (plan) return plan;
  }
}

/** Lays a graph out; undefined where results turn out to be refused as halves. */
function lay(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  names: readonly string[],
  device: Target,
  { storage, stead }: Pick<PlanOptions, 'storage' | 'stead'>,
  refused: Set<Tensor>,
): Plan | undefined {
  const prepared = preparationOf(graph);
  const preparation: PlannedDispatch[] = [];
  const dispatches: PlannedDispatch[] = [];
  const scratch = new Set<Memory>();
  const lasting = new Set<Memory>();
  const constants = new Map<Memory, Float32Array>();
  const variables = planSlabs(stead);
  const schedules: Schedule[] = [];
  const operands = new Map<Tensor, Operand>();
  const variants: Record<string, string> = {};
  const onChoice = (key: string, variant: string) => {
    variants[key] = variant;
  };
  const target: Target = { ...device, onChoice };

  const memory = (name: string, size: number, into: Set<Memory>): Memory => {
    const made = { name, size };
    into.add(made);
    return made;
  };
  const scratchMemory = (name: string, size: number) => memory(name, size, scratch);
  const halfMemory = (name: string, t: Tensor) => {
    const made = { name, size: Math.ceil(t.size / 2), half: true };
    scratch.add(made);
    halves.set(made, originOf(t));
    return made;
  };
  const whole = (memory: Memory, shape: Shape): Operand => ({ memory, offset: 0, shape });

  const lastingMemory = (name: string, size: number) => memory(name, size, lasting);
  const { placed, areas } = placementsOf(graph.calls, lastingMemory);

  const operandOf = (t: Tensor): Operand => {
    const known = operands.get(t);
    if (known) return known;
    const made = resolve(t);
    operands.set(t, made);
    return made;
  };
  const resolve = (t: Tensor): Operand => {
    const { source } = t;
    switch (source.kind) {
      case 'variable':
        return variables.operand(source.variable);
      case 'input':
        return whole(memory(source.name, t.size, lasting), t.shape);
      case 'constant': {
        const held = memory('constant', t.size, lasting);
        constants.set(held, source.values);
        return whole(held, t.shape);
      }
      case 'scalar':
        throw new Error(
          'a scalar of the step can be an operand of elementwise ops only. Add it to 0 to make a tensor of it',
        );
      case 'call': {
        if (source.call.op.isView) return { ...operandOf(source.call.inputs[0]!), shape: t.shape };
        const place = placed.get(t);
        if (place) return { ...place, shape: t.shape };
        const { name } = source.call.op;
        if (halved?.has(originOf(t))) return whole(halfMemory(name, t), t.shape);
        return whole(memory(name, t.size, kept.has(t) ? lasting : scratch), t.shape);
      }
    }
  };
  const kept = keptTensors([...graph.outputs, ...prepared.results]);
  const halves = new Map<Memory, Tensor>();
  // What is computed again is stored as it was the first time.
  const originOf = (t: Tensor) => graph.origins?.get(t) ?? t;
  const halved = storage?.results(graph, prepared, (t) => placed.has(t) || refused.has(t));

  let microBatches = 1;
  // What is made once a step, with the last micro-batch, and all that is made of it.
  const late = new Set<Tensor>();
  const first = graph.calls.filter((call) => prepared.calls.has(call));
  const then = graph.calls.filter((call) => !prepared.calls.has(call));
  for (const call of [...first, ...then]) {
    const into = prepared.calls.has(call) ? preparation : dispatches;
    let update = call.inputs.some((t) => late.has(t));
    const markLate = () => {
      for (const t of update ? call.outputs : []) late.add(t);
    };
    markLate();
    if (call.op.isView) continue;
    const emit = (made: readonly Dispatch[]) => {
      // Tensors without elements take no workgroup.
      const some = made.filter(({ groups }) => !groups.includes(0));
      for (const dispatch of some.flatMap((d) => apart(target, d, scratchMemory)))
        into.push({ ...dispatch, op: call.op.name, update, again: call.again });
    };
    const lowering: Lowering = {
      target,
      inputs: call.inputs.map(operandOf),
      outputs: call.outputs.map(operandOf),
      scratch: (name, shape) => whole(scratchMemory(name, sizeOf(shape)), shape),
      variable: variables.operand,
      slabs: (set) => variables.of(set).map((made) => whole(made, [made.size])),
      gradients: areas.get(call) ?? [],
      lasting: (name, shape) => whole(lastingMemory(name, sizeOf(shape)), shape),
      constant: (values) => operandOf(constant(values, [values.length])),
      run: (kernel, t, attributes) => emit(kernel(target, t, attributes)),
      slot: (schedule) => slotOf(schedules, schedule),
      emit,
      accumulate: (count) => {
        if (microBatches > 1 && microBatches !== count)
          throw new Error(
            `one update takes ${microBatches} micro-batches and another ${count}: give both optimisers the same microBatches`,
          );
        microBatches = count;
        update = true;
        markLate();
      },
    };
    emit(strayGradients(target, call, lowering, placed));
    call.op.lower!(lowering, call.attributes);
  }

  checkTold(device.told, variants);
  const read = Object.fromEntries(
    names.map((name, i) => {
      const t = graph.outputs[i]!;
      return [name, { operand: operandOf(t), dtype: t.dtype }];
    }),
  );
  const inputOperands = Object.fromEntries(
    Object.entries(inputs).map(([name, t]) => [name, { operand: operandOf(t), dtype: t.dtype }]),
  );
  const all = [...preparation, ...dispatches];
  const unfit = storage?.bind(all, target) ?? [];
  for (const made of unfit) refused.add(halves.get(made)!);
  if (unfit.length > 0) return undefined;
  const blocks = assignBlocks(all, scratch);
  const bytes = planBytes(blocks, lasting, all, read);
  return {
    preparation,
    dispatches,
    blocks,
    lasting: [...lasting],
    constants,
    slabs: variables.slabs,
    inputs: inputOperands,
    outputs: read,
    late: new Set(names.filter((_, i) => late.has(graph.outputs[i]!))),
    schedules,
    areas,
    bytes,
    writes: graph.calls.some(({ op, attributes }) => op.writes?.(attributes).length),
    sets: variables.sets(),
    microBatches,
    variants,
  };
}
