/** Tracing: ops on symbolic tensors append op calls to a tape. Nothing runs. */

import type { Dispatch, Kernel, Target } from '../kernels/kernel.ts';
import { type DType, type Operand, type Shape, sizeOf } from '../kernels/tensor.ts';
import type { BatchNormAttributes } from './ops/batch_norm.ts';
import type { StageSpec } from './ops/elementwise.ts';
import type { MatmulCall } from './ops/matmul.ts';
import type { CompileOptions } from './options.ts';
import type { Plan } from './plan.ts';
import type { Graph } from './prune.ts';
import type { Variable, VariableSet } from './variables.ts';

/** A value in the graph: a shape, and where it comes from. */
export interface Tensor {
  readonly shape: Shape;
  readonly size: number;
  readonly dtype: DType;
  readonly source: Source;
}

export type Source =
  | { readonly kind: 'call'; readonly call: OpCall; readonly output: number }
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'variable'; readonly variable: Variable }
  | { readonly kind: 'constant'; readonly values: Float32Array }
  | { readonly kind: 'scalar'; readonly schedule: Schedule };

/**
 * A number that the host computes anew for each step, from the steps that are done and the
 * micro-batch within the step.
 */
export type Schedule = (step: number, microBatch: number) => number;

/** One application of an op. */
export interface OpCall {
  readonly op: AnyOp;
  readonly inputs: readonly Tensor[];
  readonly attributes: unknown;
  readonly outputs: readonly Tensor[];
  /** Its place on the tape. */
  readonly index: number;
  readonly part: Part;
  /** Computes what another call has computed before; see `recompute.ts`. */
  readonly again?: boolean;
}

/** The number of a segment of `checkpoint.ts`, or the backward pass of `grad`. */
export type Part = number | 'backward' | undefined;

/** What lowering a call may use. */
export interface Lowering {
  readonly target: Target;
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Operand[];
  /** Memory that this call needs for itself. */
  scratch(name: string, shape: Shape): Operand;
  /** Memory that lasts from step to step, zero at first. */
  lasting(name: string, shape: Shape): Operand;
  /** Memory that holds these values. */
  constant(values: Float32Array): Operand;
  /** Where a variable lives. */
  variable(variable: Variable): Operand;
  /** The slabs of a set of variables. */
  slabs(set: VariableSet): Operand[];
  /** For an op with `gradientsOf`: its inputs, in slabs laid out as those of the set. */
  readonly gradients: readonly Operand[];
  /** What is lowered after this runs only with the last of `count` micro-batches. */
  accumulate(count: number): void;
  /** Appends the dispatches of a kernel. */
  run<N extends string, M extends string, A>(
    kernel: Kernel<N, M, A>,
    operands: Readonly<Record<N | M, Operand>>,
    attributes: A,
  ): void;
  /** Where a scalar of the step is found. */
  slot(schedule: Schedule): number;
  emit(dispatches: readonly Dispatch[]): void;
}

/**
 * What only programs with derivatives need. `grad` hands it to ops, and leaves it on the tape: so a
 * bundle of a page that does not train has neither it nor its shaders.
 */
export interface Gradients {
  /** Sums a gradient over the axes along which its value was broadcast. */
  sumTo(dy: Tensor, shape: Shape): Tensor;
  /** Gradients of x and, where it is a tensor, of the operand of one stage. */
  elementwise(
    dy: Tensor,
    x: readonly Tensor[],
    y: Tensor,
    stage: StageSpec,
  ): readonly (Tensor | null)[];
  /** Gradients of a and b. */
  matmul(dy: Tensor, x: readonly Tensor[], a: MatmulCall): readonly Tensor[];
  /** [y, mean, invStd] of batch norm in training. */
  batchNorm(inputs: readonly Tensor[], a: BatchNormAttributes): readonly Tensor[];
  /** Moves gradients of activations into those of the batch norms before them. */
  joinActivations(graph: Graph): Graph;
  /** Refuses a plan that needs more than a cap, and says what needs it and what is left to try. */
  checkCap(plan: Plan, tape: Tape, cap: number | undefined, options: CompileOptions): void;
  /** [dx, dscale, dshift] of it. */
  batchNormBackward(
    x: Tensor,
    dy: Tensor,
    mean: Tensor,
    invStd: Tensor,
    scale: Tensor,
  ): readonly Tensor[];
}

/** What an op means: its shapes, its kernels, its derivative. */
export interface OpRule<A> {
  /** Shapes of the outputs. Throws, with the rule and the repair, where inputs do not fit. */
  readonly shape: (inputs: readonly Shape[], a: A) => readonly Shape[];
  /** The op as kernels; absent where `expand` says it in other ops. */
  readonly lower?: (context: Lowering, a: A) => void;
  /** The op in terms of others, applied when the program is planned; `gradients` if `grad` was called. */
  readonly expand?: (inputs: readonly Tensor[], a: A, gradients?: Gradients) => readonly Tensor[];
  /**
   * Gradients of the inputs, given those of the outputs. An output that nothing depends on has
   * gradient null; so has an input that no gradient reaches.
   */
  readonly backward?: (
    dy: readonly (Tensor | null)[],
    call: { x: readonly Tensor[]; y: readonly Tensor[]; a: A; gradients: Gradients },
  ) => readonly (Tensor | null)[];
  /** Variables that a call writes: it stays even if nothing reads its outputs. */
  readonly writes?: (a: A) => readonly Variable[];
  /**
   * Makes the first output once more and writes no variable. Its inputs are those of the call, and
   * the other outputs, which are kept.
   */
  readonly again?: AnyOp;
  /**
   * The set whose gradients are the inputs, one for each variable in order: they are laid out like
   * its slabs.
   */
  readonly gradientsOf?: (a: A) => VariableSet;
  /** Inputs may be of type u32: the op moves values and calculates with none. */
  readonly integers?: boolean;
  /**
   * The most elementwise stages that a call can carry on its first output, in attributes `stages`
   * of type {@link StageSpec}; the planner fuses them.
   */
  readonly epilogue?: number;
  /** Outputs that may be stored as halves: values that flow on, no statistics and no sums of many. */
  readonly halves?: readonly number[];
  /** They are stored so only where an input is: the op is cheap, and as exact as what it is given. */
  readonly followsHalves?: boolean;
  /** Whether its inputs must not be stored as halves, whose range they may leave. */
  readonly wantsRange?: (inputs: readonly Shape[], a: A) => boolean;
  /** The output is the input under another shape: no kernel, no memory. */
  readonly isView?: boolean;
}

export interface Op<A> extends OpRule<A> {
  readonly name: string;
}
// biome-ignore lint/suspicious/noExplicitAny: the tape holds calls of ops with attributes of every type
export type AnyOp = Op<any>;

/** The calls of one traced function, in order. */
export class Tape {
  readonly calls: OpCall[] = [];
  readonly schedules: Schedule[] = [];
  /** Calls of dropout and other random ops are numbered: each has its own random numbers. */
  randomCalls = 0;
  /** What calls are part of now, and how many segments there are. */
  part: Part;
  segments = 0;
  /** Has segments computed again for the backward pass; where there are some. */
  recompute: ((graph: Graph) => Graph) | undefined;
  /** Where {@link Gradients} of the program are, if it has any. */
  gradients: Gradients | undefined;
}

let current: Tape | undefined;

/** Runs `f` with a fresh tape, or the given one, and gives both. */
export function trace<T>(f: () => T, tape = new Tape()): { tape: Tape; result: T } {
  const outer = current;
  current = tape;
  try {
    return { tape, result: f() };
  } finally {
    current = outer;
  }
}

export function currentTape(): Tape {
  if (!current)
    throw new Error(
      'ops build a graph: call them inside the function given to compile() or evaluate()',
    );
  return current;
}

/**
 * Declares an op. What has kernels for its derivative alone gives that apart: then two ops share a
 * rule, one without it (`kinegrad/forward`), and a bundle has only what it uses of them.
 */
export function op<A = void>(
  name: string,
  rule: OpRule<A>,
  derivative: Pick<OpRule<A>, 'backward'> = {},
): Op<A> {
  return { name, ...rule, ...derivative };
}

/** Appends a call of `op` to the tape and gives its outputs. */
export function call<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  const tape = currentTape();
  const integers = inputs.find(({ dtype }) => dtype === 'u32');
  if (integers && !op.integers)
    throw new Error(
      `${op.name}: ${show(integers.shape)} holds integers, but inputs of type u32 are for gather only. Declare it as f32`,
    );
  const shapes = op.shape(
    inputs.map(({ shape }) => shape),
    attributes,
  );
  const outputs: Tensor[] = [];
  const { part, calls } = tape;
  const made: OpCall = { op, inputs, attributes, outputs, index: calls.length, part };
  shapes.forEach((shape, output) =>
    outputs.push(tensor(shape, { kind: 'call', call: made, output }, inputs[0]?.dtype)),
  );
  calls.push(made);
  return outputs;
}

/** Appends a call of an op with one output. */
export const call1 = <A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor =>
  call(op, inputs, attributes)[0]!;

export const tensor = (shape: Shape, source: Source, dtype: DType = 'f32'): Tensor => ({
  shape,
  size: sizeOf(shape),
  dtype,
  source,
});

/** A tensor of fixed values, written once when the program is made. */
export function constant(values: ArrayLike<number> | number, shape: Shape = []): Tensor {
  const held = typeof values === 'number' ? Float32Array.of(values) : Float32Array.from(values);
  if (held.length !== sizeOf(shape))
    throw new Error(
      `constant [${shape.join(', ')}] holds ${sizeOf(shape)} values, got ${held.length}`,
    );
  return tensor(shape, { kind: 'constant', values: held });
}

/** A number that follows a schedule, computed in f64 on the host before each step. */
export function scalar(schedule: Schedule): Tensor {
  const tape = currentTape();
  if (!tape.schedules.includes(schedule)) tape.schedules.push(schedule);
  return tensor([], { kind: 'scalar', schedule });
}

/** A shape for messages: `[32, 17]`. */
export const show = (shape: Shape): string => `[${shape.join(', ')}]`;
