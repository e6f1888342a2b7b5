/**
 * Elementwise ops. Each is a stage; the planner fuses chains of them (see `rewrite.ts`). Their
 * derivatives are in `derivatives.ts`.
 */

import {
  elementwise,
  type Kind,
  maxStages,
  type Stage,
  type StageOp,
} from '../../kernels/chain.ts';
import { type Operand, type Shape, sizeOf, view } from '../../kernels/tensor.ts';
import {
  call1,
  constant,
  currentTape,
  type Lowering,
  op,
  type Schedule,
  show,
  type Tensor,
} from '../trace.ts';
import { broadcastTo } from './layout.ts';

/**
 * A stage before lowering: its operand is one of the inputs of the call, a number, or a scalar of
 * the step.
 */
export interface StageSpec {
  readonly op: StageOp;
  /** Which input of the call is the operand. */
  readonly input?: number;
  readonly constant?: number;
  readonly schedule?: Schedule;
  /** The number of a call of dropout. */
  readonly number?: number;
}

export interface ElementwiseAttributes {
  readonly stages: readonly StageSpec[];
}

/** How an operand of this shape lies over a result, if a kernel can read it where it is. */
export function kindOf(result: Shape, operand: Shape): Kind | undefined {
  if (operand.length > result.length) return undefined;
  const size = sizeOf(operand);
  if (size === sizeOf(result)) return 'full';
  if (size === 1) return 'scalar';
  const padded = [...Array<number>(result.length - operand.length).fill(1), ...operand];
  const leading = padded.findIndex((n) => n !== 1);
  const trailing = padded.findLastIndex((n) => n !== 1);
  const same = (from: number, to: number) =>
    padded.slice(from, to).every((n, i) => n === result[from + i]);
  if (same(leading, padded.length)) return 'row';
  if (same(0, trailing + 1)) return 'column';
  return undefined;
}

/** The shape that both broadcast to, by NumPy's rule. */
export function broadcastShape(name: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new Error(
        `${name}: ${show(a)} and ${show(b)} do not broadcast, sizes ${m} and ${n} must be equal or 1. Reshape or transpose one`,
      );
    return Math.max(m, n) === 1 ? 1 : m === 1 ? n : m;
  });
}

/** Views of x, y and the operands of stages as matrices that the kernel, or an epilogue, reads. */
export function stagesOf(
  { inputs, slot }: Pick<Lowering, 'inputs' | 'slot'>,
  stages: readonly StageSpec[],
  result: Shape,
): Stage[] {
  return stages.map(({ op, input, constant: value, schedule, number }): Stage => {
    if (schedule) return { op, kind: 'step', number: slot(schedule) };
    if (input === undefined)
      return { op, kind: 'constant', constant: value ?? 0, number: number ?? 0 };
    const operand = inputs[input]!;
    const kind = kindOf(result, operand.shape)!;
    const size = sizeOf(operand.shape);
    return { op, kind, operand: view(operand, [size]), number: number ?? 0 };
  });
}

/**
 * Rows and columns of a result, as its row and column operands divide it; flat where there are
 * none.
 */
export function matrixOf(result: Shape, stages: readonly Stage[]): number[] {
  const size = sizeOf(result);
  const row = stages.find(({ kind }) => kind === 'row')?.operand;
  if (row) return [size / row.shape[0]!, row.shape[0]!];
  const column = stages.find(({ kind }) => kind === 'column')?.operand;
  if (column) return [column.shape[0]!, size / column.shape[0]!];
  return [size];
}

/** Runs the stages on x, where their rows and columns divide it and y. */
export function runStages(
  { run }: Pick<Lowering, 'run'>,
  x: Operand,
  y: Operand,
  stages: readonly Stage[],
): void {
  const matrix = matrixOf(y.shape, stages);
  const full = stages.map((stage) =>
    stage.kind === 'full' ? { ...stage, operand: view(stage.operand!, matrix) } : stage,
  );
  const idle = view(x, matrix);
  const [e0, e1, e2, e3, e4, e5] = Array.from({ length: 6 }, (_, i) => full[i]?.operand ?? idle);
  const operands = { x: idle, y: view(y, matrix), e0, e1, e2, e3, e4, e5 };
  run(elementwise, operands as Record<keyof typeof operands, Operand>, { stages: full, first: 0 });
}

export const elementwiseOp = /* @__PURE__ */ op<ElementwiseAttributes>('elementwise', {
  halves: [0],
  followsHalves: true,
  shape: ([x]) => [x!],
  epilogue: maxStages,
  lower: (context, { stages }) => {
    const [x] = context.inputs as [Operand];
    const [y] = context.outputs as [Operand];
    runStages(context, x, y, stagesOf(context, stages, y.shape));
  },
  backward: ([dy], { x, y, a, gradients }) => gradients.elementwise(dy!, x, y[0]!, a.stages[0]!),
});

/** A call of one stage. */
export const stage = (x: Tensor, spec: StageSpec, ...operands: Tensor[]) =>
  call1(elementwiseOp, [x, ...operands], { stages: [spec] });

/** A tensor of what a schedule gives. */
export const stepValue = (schedule: Schedule): Tensor =>
  stage(constant(0), { op: 'add', schedule });

/** A value or a tensor; numbers are constants of the kernel. */
export type Value = Tensor | number;

/** The same operation with its operands exchanged. */
export const exchanged: Partial<Record<StageOp, StageOp>> = {
  add: 'add',
  mul: 'mul',
  min: 'min',
  max: 'max',
  equal: 'equal',
  sub: 'subFrom',
  subFrom: 'sub',
  div: 'divInto',
  divInto: 'div',
};

/** A stage of two values. */
export function binary(op: StageOp, a: Value, b: Value): Tensor {
  if (typeof a === 'number') {
    if (typeof b === 'number') return binary(op, constant(a), b);
    const other = exchanged[op];
    return other ? binary(other, b, a) : binary(op, broadcastTo(constant(a), b.shape), b);
  }
  if (a.source.kind === 'scalar') return binary(op, stepValue(a.source.schedule), b);
  if (typeof b === 'number') return stage(a, { op, constant: b });
  if (b.source.kind === 'scalar') return stage(a, { op, schedule: b.source.schedule });
  const shape = broadcastShape(op, a.shape, b.shape);
  const covers = (t: Tensor) => t.size === sizeOf(shape) && t.shape.length === shape.length;
  if (!covers(a)) {
    const other = exchanged[op];
    if (other && covers(b)) return binary(other, b, a);
    return binary(op, broadcastTo(a, shape), b);
  }
  const operand = kindOf(shape, b.shape) ? b : broadcastTo(b, shape);
  return stage(a, { op, input: 1 }, operand);
}

const unary = (op: StageOp) => (x: Tensor) => {
  const value = x.source.kind === 'scalar' ? stepValue(x.source.schedule) : x;
  return stage(value, { op });
};

/** a + b; shapes broadcast by NumPy's rule, as in all ops of two values. */
export const add = (a: Value, b: Value): Tensor => binary('add', a, b);
/** a - b */
export const sub = (a: Value, b: Value): Tensor => binary('sub', a, b);
/** a b, element by element. */
export const mul = (a: Value, b: Value): Tensor => binary('mul', a, b);
/** a / b */
export const div = (a: Value, b: Value): Tensor => binary('div', a, b);
/** The smaller of two values; where they are equal, each gets half of the gradient. */
export const minimum = (a: Value, b: Value): Tensor => binary('min', a, b);
/** The larger of two values; where they are equal, each gets half of the gradient. */
export const maximum = (a: Value, b: Value): Tensor => binary('max', a, b);
/** x^exponent, for x > 0. */
export const pow = (x: Tensor, exponent: number): Tensor => binary('pow', x, exponent);
/** 1 where a > b, else 0. No gradient passes. */
export const greater = (a: Value, b: Value): Tensor => binary('greater', a, b);
/** 1 where a = b, else 0. No gradient passes. */
export const equal = (a: Value, b: Value): Tensor => binary('equal', a, b);
/** -x */
export const neg = (x: Tensor): Tensor => mul(x, -1);
/** x² */
export const square = (x: Tensor): Tensor => mul(x, x);
/** eˣ */
export const exp = /* @__PURE__ */ unary('exp');
/** Natural logarithm, for x > 0. */
export const log = /* @__PURE__ */ unary('log');
/** √x, for x >= 0; its gradient is infinite at 0. */
export const sqrt = /* @__PURE__ */ unary('sqrt');
/** |x|; its gradient at 0 is 0. */
export const abs = /* @__PURE__ */ unary('abs');
/** -1, 0 or 1. No gradient passes. */
export const sign = /* @__PURE__ */ unary('sign');
/** Hyperbolic tangent. */
export const tanh = /* @__PURE__ */ unary('tanh');
/** σ(x) = 1 / (1 + e⁻ˣ) */
export const sigmoid = /* @__PURE__ */ unary('sigmoid');
/** max(x, 0); its gradient at 0 is 0. */
export const relu = /* @__PURE__ */ unary('relu');
/** x Φ(x), Φ the cumulative normal distribution (the erf form). */
export const gelu = /* @__PURE__ */ unary('gelu');
/** x σ(x) */
export const silu = /* @__PURE__ */ unary('silu');
/** x clamp(x + 3, 0, 6) / 6 (Howard et al. 2019) */
export const hardSwish = /* @__PURE__ */ unary('hardSwish');
/** log(1 + eˣ) */
export const softplus = /* @__PURE__ */ unary('softplus');
/** x where x > 0, else slope · x */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor =>
  stage(x, { op: 'leakyRelu', constant: slope });

/** a where condition is not 0, else b. What is not chosen does not matter, even if it is NaN. */
export function select(condition: Tensor, a: Value, b: Value): Tensor {
  const shapes = [a, b].map((v) => (typeof v === 'number' ? [] : v.shape));
  const shape = broadcastShape(
    'select',
    broadcastShape('select', condition.shape, shapes[0]!),
    shapes[1]!,
  );
  const wide = (v: Value) => broadcastTo(typeof v === 'number' ? constant(v) : v, shape);
  // What is kept of a zero is zero: half of the work is not there.
  if (b === 0) return binary('keepIf', wide(a), condition);
  if (a === 0) return binary('keepUnless', wide(b), condition);
  return add(binary('keepIf', wide(a), condition), binary('keepUnless', wide(b), condition));
}

/**
 * Drops each value with probability `rate` and scales the others by 1 / (1 - rate) (Srivastava et
 * al. 2014). The mask is drawn from (seed, step, call, index) and drawn again in the backward pass:
 * it is never stored.
 */
export function dropout(x: Tensor, rate: number): Tensor {
  if (!(rate >= 0 && rate < 1))
    throw new Error(`dropout: the rate must be at least 0 and below 1, got ${rate}`);
  if (rate === 0) return x;
  return stage(x, { op: 'dropout', constant: 1 - rate, number: currentTape().randomCalls++ });
}
