/**
 * Chains of elementwise operations: one kernel of up to six stages, and the epilogues of other
 * kernels.
 */

import elementwiseWgsl from '../../shaders/elementwise.wgsl';
import noCurve from '../../shaders/lib/no_curve.wgsl';
import single from '../../shaders/lib/single.wgsl';
import type { Editions } from '../gpu/shader.ts';
import { kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { columnWalk, lineWalk, type Walk, walkGroups, walkParams } from './walk.ts';

/** Codes of `lib/stage.wgsl`. */
export const opCodes = {
  add: 1,
  sub: 2,
  subFrom: 3,
  mul: 4,
  div: 5,
  divInto: 6,
  min: 7,
  max: 8,
  pow: 9,
  greater: 10,
  equal: 11,
  halfStep: 12,
  keepIf: 13,
  keepUnless: 14,
  exp: 15,
  log: 16,
  sqrt: 17,
  abs: 18,
  tanh: 19,
  sigmoid: 20,
  relu: 21,
  leakyRelu: 22,
  silu: 23,
  gelu: 24,
  hardSwish: 25,
  softplus: 26,
  sign: 27,
  reluGradient: 28,
  sigmoidGradient: 29,
  tanhGradient: 30,
  siluGradient: 31,
  geluGradient: 32,
  hardSwishGradient: 33,
  softplusGradient: 34,
  absGradient: 35,
  dropout: 36,
} as const;

export type StageOp = keyof typeof opCodes;

/** How an operand is laid over the matrix of results; codes of `lib/stage.wgsl`. */
export const kinds = { none: 0, full: 1, row: 2, column: 3, scalar: 4, constant: 5, step: 6 };
export type Kind = keyof typeof kinds;

/** One operation on the running value. */
export interface Stage {
  readonly op: StageOp;
  readonly kind: Kind;
  /** The operand, for the kinds that are tensors. */
  readonly operand?: Operand | undefined;
  readonly constant?: number;
  /** The slot of a scalar of the step, or the number of a call of dropout. */
  readonly number?: number;
}

export interface ChainAttributes {
  readonly stages: readonly Stage[];
  /** Index of the first value, when a call is cut into pieces. */
  readonly first: number;
}

export const singles = { 'lib/quad.wgsl': single };

/** Ops that `lib/curve.wgsl` computes. */
const curves: ReadonlySet<StageOp> = new Set([
  'exp',
  'log',
  'tanh',
  'sigmoid',
  'silu',
  'gelu',
  'hardSwish',
  'softplus',
  'siluGradient',
  'geluGradient',
  'hardSwishGradient',
  'softplusGradient',
]);

/** Editions of the stages: chains without curves leave them out, and compile in half the time. */
export const stageEditions = (stages: readonly Stage[]): Editions =>
  stages.some(({ op }) => curves.has(op)) ? {} : { 'lib/curve.wgsl': noCurve };

/** Overrides of the stages, `OP_0` and `KIND_0` and on. */
export const stageOverrides = (stages: readonly Stage[]): Record<string, number> =>
  Object.fromEntries(
    stages.flatMap(({ op, kind }, i) => [
      [`OP_${i}`, opCodes[op]],
      [`KIND_${i}`, kinds[kind]],
    ]),
  );

/** Params of the stages, `c0` and `s0` and on. */
export const stageParams = (stages: readonly Stage[], most: number): Record<string, number> =>
  Object.fromEntries(
    Array.from({ length: most }, (_, i) => [
      [`c${i}`, stages[i]?.constant ?? 0],
      [`s${i}`, stages[i]?.number ?? 0],
    ]).flat(),
  );

/** Bytes of the operands that the stages read. */
export const stageBytes = (stages: readonly Stage[]): number =>
  stages.reduce((sum, { operand }) => sum + (operand ? 4 * sizeOf(operand.shape) : 0), 0);

const extra = ['e0', 'e1', 'e2', 'e3', 'e4', 'e5'] as const;
export const maxStages = extra.length;

/**
 * y = the stages applied to x, in order. y and x are [rows, columns], or [size] where no operand is
 * a row or a column; rows are [columns], columns are [rows], scalars [1].
 */
export const elementwise = /* @__PURE__ */ kernel<
  'x' | (typeof extra)[number],
  'y',
  ChainAttributes
>(elementwiseWgsl, {
  reads: ['x', ...extra],
  writes: ['y'],
  editions: ({ y }, { stages }) => ({
    ...(lanesOf(y, stages) === 4 ? {} : singles),
    ...stageEditions(stages),
  }),
  overrides: ({ y }, { stages }, target) => ({
    ...stageOverrides(stages),
    COLUMNS: Number(downColumns(target, y, stages)),
    WIDTH: chainWalk(target, y, stages).width,
  }),
  params: ({ y }, { stages, first }, target) => {
    const columns = Math.ceil(y.shape.at(-1)! / lanesOf(y, stages));
    const { spans, ...walk } = chainWalk(target, y, stages);
    return {
      count: sizeOf(y.shape) / lanesOf(y, stages),
      columns,
      ...walkParams(walk),
      spans,
      rows_on: Math.floor(walk.stride / Math.max(1, columns)),
      first,
      ...stageParams(stages, maxStages),
    };
  },
  groups: ({ y }, { stages }, target) => {
    const { spans, ...walk } = chainWalk(target, y, stages);
    return Math.ceil(walkGroups(walk, sizeOf(y.shape) / lanesOf(y, stages)) / spans);
  },
  cost: ({ x, y }, { stages }) => ({
    bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)) + stageBytes(stages),
    flops: stages.length * sizeOf(y.shape),
  }),
  cut: (_, { stages }) => [
    'x',
    'y',
    ...extra.filter(
      (_, i) => !stages[i]?.operand || stages[i].kind === 'full' || stages[i].kind === 'column',
    ),
  ],
  piece: (a, first, t) => ({ ...a, first: first * sizeOf(t.y.shape.slice(1)) }),
});

/** Whether a stage reads a row or a column of y, so that rows matter. */
const hasRows = (stages: readonly Stage[]) =>
  stages.some(({ kind }) => kind === 'row' || kind === 'column');

/** Values of a T: quads must not reach over the ends of rows where rows matter. */
const lanesOf = (y: Operand, stages: readonly Stage[]) =>
  (hasRows(stages) ? y.shape.at(-1)! : sizeOf(y.shape)) % 4 === 0 ? 4 : 1;

/**
 * Whether threads walk down columns, and load their part of an operand that is a row but once.
 * Along the line a step may not be longer than a row.
 */
function downColumns(target: Target, y: Operand, stages: readonly Stage[]): boolean {
  const lanes = lanesOf(y, stages);
  const { width } = lineWalk(target, sizeOf(y.shape) / lanes);
  if (hasRows(stages) && y.shape.at(-1)! / lanes < width) return true;
  // Rows of whole pages fall into the same few lines of a cache: below one another they drive each
  // other out, and loading the operand at every step costs less.
  const row = 4 * y.shape.at(-1)!;
  if (4 * sizeOf(y.shape) > MOST_DOWN && row % PAGE === 0) return false;
  return stages.some(({ kind }) => kind === 'row');
}
const PAGE = 4096;

/**
 * Bytes of a matrix down whose columns threads walk to the end, at most. In a larger one every step
 * is a page that the CPU must look up, unless the system happened to give large pages: there a
 * thread goes down a few rows, and then down the same rows in the columns beside.
 */
const MOST_DOWN = 8 * 2 ** 20;
const FEW_STEPS = 16;

/** The walk of a chain, and how many such walks a thread makes beside one another. */
function chainWalk(
  target: Target,
  y: Operand,
  stages: readonly Stage[],
): Walk & { readonly spans: number } {
  const lanes = lanesOf(y, stages);
  const count = sizeOf(y.shape) / lanes;
  if (!downColumns(target, y, stages)) return { ...lineWalk(target, count), spans: 1 };
  const columns = y.shape.at(-1)! / lanes;
  const walk = columnWalk(target, count, columns);
  const small = 4 * sizeOf(y.shape) <= MOST_DOWN || walk.steps <= FEW_STEPS;
  // The columns beside may not be more than a row.
  if (small || columns < walk.width) return { ...walk, spans: 1 };
  return { ...walk, steps: FEW_STEPS, spans: Math.ceil(walk.steps / FEW_STEPS) };
}
