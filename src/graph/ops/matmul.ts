/** Matrix products, alone or in batches, with a chain of stages on the result. */

import {
  type MatmulAttributes,
  matmulShape,
  matmulSizes,
  matmulTunable,
  maxEpilogue,
} from '../../kernels/matmul.ts';
import { type Operand, type Shape, sizeOf, view } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import { call1, type Lowering, op, show, type Tensor } from '../trace.ts';
import { add, type StageSpec, stagesOf } from './elementwise.ts';

export interface MatmulOptions {
  /** Use aᵀ: a is [..., k, m]. */
  transposeA?: boolean;
  /** Use bᵀ: b is [..., n, k]. */
  transposeB?: boolean;
}

export interface MatmulCall {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** What the planner fused into the store; operands are inputs from the third on. */
  readonly stages: readonly StageSpec[];
}

export const matmulOp = /* @__PURE__ */ op<MatmulCall>('matmul', {
  halves: [0],
  shape: ([a, b], { transposeA, transposeB }) => {
    const mistake = (rule: string) =>
      new Error(
        `matmul: ${rule}, ${show(a!)}${transposeA ? 'ᵀ' : ''} x ${show(b!)}${transposeB ? 'ᵀ' : ''}`,
      );
    if (a!.length < 2 || b!.length < 2)
      throw mistake('both must have two axes or more, so reshape a vector to one row or column');
    const [m, k] = turned(a!, transposeA);
    const [l, n] = turned(b!, transposeB);
    if (k !== l)
      throw new Error(
        `${mistake('inner sizes differ').message}. Transpose ${n === k ? 'b' : 'one'}?`,
      );
    const batches = [a!.slice(0, -2), b!.slice(0, -2)].filter((batch) => sizeOf(batch) !== 1);
    if (batches.length === 2 && batches[0]!.join() !== batches[1]!.join())
      throw mistake('batches must be equal or 1, so broadcast or reshape one');
    const longest = a!.length >= b!.length ? a!.slice(0, -2) : b!.slice(0, -2);
    return [[...(batches[0] ?? longest), m, n]];
  },
  epilogue: maxEpilogue,
  lower: (context, { transposeA, transposeB, stages }) => {
    const [a, b] = context.inputs as [Operand, Operand];
    const [y] = context.outputs as [Operand];
    const flat = flatten(a, b, y, transposeA);
    const lowered = stagesOf(context, stages, y.shape).map((stage) =>
      stage.kind === 'full'
        ? { ...stage, operand: view(stage.operand!, flat.y.shape) }
        : stage.kind === 'column' && flat.y.shape.length === 3
          ? { ...stage, operand: view(stage.operand!, flat.y.shape.slice(0, 2)) }
          : stage,
    );
    const attributes = { transposeA, transposeB, stages: lowered, accumulate: false };
    runMatmul(context, flat, attributes);
  },
  backward: ([dy], { x, a, gradients }) => gradients.matmul(dy!, x, a),
});

/** The rows and columns of a matrix, after transposing it or not. */
const turned = (shape: Shape, transposed: boolean): [number, number] => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
};

/** Operands as [batch, rows, columns], or as matrices where there is one or all share b. */
function flatten(a: Operand, b: Operand, y: Operand, transposeA: boolean) {
  const three = (t: Operand) => view(t, [sizeOf(t.shape.slice(0, -2)), ...t.shape.slice(-2)]);
  const two = (t: Operand) => view(t, [sizeOf(t.shape.slice(0, -1)), t.shape.at(-1)!]);
  const batch = sizeOf(y.shape.slice(0, -2));
  const shared = sizeOf(b.shape.slice(0, -2)) === 1;
  if (batch === 1 || (shared && !transposeA)) return { a: two(a), b: two(b), y: two(y) };
  return { a: three(a), b: three(b), y: three(y) };
}

/** Runs the variant that suits the shape and the device. */
export function runMatmul(
  { run, target }: Pick<Lowering, 'run' | 'target'>,
  t: { a: Operand; b: Operand; y: Operand },
  attributes: MatmulAttributes,
): void {
  const [e0, e1, e2, e3] = Array.from(
    { length: maxEpilogue },
    (_, i) => attributes.stages[i]?.operand ?? t.a,
  ) as [Operand, Operand, Operand, Operand];
  const variant = chosen(matmulTunable, target, matmulShape(matmulSizes(t, attributes)));
  run(variant, { ...t, e0, e1, e2, e3 }, attributes);
}

/**
 * The matrix product a b over the last two axes; leading axes are batches, of which one may be
 * missing or 1.
 */
export const matmul = (
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
): Tensor => call1(matmulOp, [a, b], { transposeA, transposeB, stages: [] });

/** x w + bias: x [..., in], w [in, out], bias [out]. */
export function linear(x: Tensor, w: Tensor, bias?: Tensor): Tensor {
  const y = matmul(x, w);
  return bias ? add(y, bias) : y;
}
