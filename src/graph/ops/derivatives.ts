/** Derivatives of elementwise ops. */

import type { StageOp } from '../../kernels/chain.ts';
import type { Gradients, Tensor } from '../trace.ts';
import {
  add,
  binary,
  div,
  greater,
  mul,
  neg,
  pow,
  stage,
  stepValue,
  type Value,
} from './elementwise.ts';
import { sumTo } from './reduce.ts';

/** Gradients of the inputs of a call with one stage. */
export const elementwiseBackward: Gradients['elementwise'] = (dy, x, y, called) => {
  const { op: name, constant: value = 0, schedule, number = 0 } = called;
  const derivative = derivatives[name];
  if (!derivative) throw new Error(`grad: ${name} has no derivative of its own`);
  const e = schedule ? stepValue(schedule) : (x[1] ?? value);
  const [dr, de] = derivative(dy, x[0]!, e, y, number);
  return [dr, de && x[1] ? sumTo(de, x[1].shape) : null];
};

type Derivative = (
  dy: Tensor,
  x: Tensor,
  e: Value,
  y: Tensor,
  number: number,
) => readonly [Tensor | null, (Tensor | null)?];

const viaOutput =
  (op: StageOp): Derivative =>
  (dy, _x, _e, y) => [binary(op, dy, y)];
const viaInput =
  (op: StageOp): Derivative =>
  (dy, x) => [binary(op, dy, x)];
const none: Derivative = () => [null, null];

/** Gradients of the running value x and of the operand e of each op, y = op(x, e). */
const derivatives: Partial<Record<StageOp, Derivative>> = {
  add: (dy) => [dy, dy],
  sub: (dy) => [dy, neg(dy)],
  subFrom: (dy) => [neg(dy), dy],
  mul: (dy, x, e) => [mul(dy, e), mul(dy, x)],
  div: (dy, _x, e, y) => [div(dy, e), neg(div(mul(dy, y), e))],
  divInto: (dy, x, _e, y) => [neg(div(mul(dy, y), x)), div(dy, x)],
  min: (dy, x, e) => [mul(dy, binary('halfStep', e, x)), mul(dy, binary('halfStep', x, e))],
  max: (dy, x, e) => [mul(dy, binary('halfStep', x, e)), mul(dy, binary('halfStep', e, x))],
  pow: (dy, x, e) => [mul(dy, mul(pow(x, (e as number) - 1), e))],
  greater: none,
  equal: none,
  halfStep: none,
  sign: none,
  keepIf: (dy, _x, e) => [binary('keepIf', dy, e), null],
  keepUnless: (dy, _x, e) => [binary('keepUnless', dy, e), null],
  exp: (dy, _x, _e, y) => [mul(dy, y)],
  log: (dy, x) => [div(dy, x)],
  sqrt: (dy, _x, _e, y) => [div(mul(dy, 0.5), y)],
  leakyRelu: (dy, x, e) => [mul(dy, add(mul(greater(x, 0), 1 - (e as number)), e))],
  relu: viaOutput('reluGradient'),
  sigmoid: viaOutput('sigmoidGradient'),
  tanh: viaOutput('tanhGradient'),
  silu: viaInput('siluGradient'),
  gelu: viaInput('geluGradient'),
  hardSwish: viaInput('hardSwishGradient'),
  softplus: viaInput('softplusGradient'),
  abs: viaInput('absGradient'),
  dropout: (dy, _x, e, _y, number) => [stage(dy, { op: 'dropout', constant: e as number, number })],
};
