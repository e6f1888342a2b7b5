/** The sheet of an op: cases, each with its reason, against a few lines of plain f64 TypeScript. It runs in Node and in pages. */

import type { Gpu } from '../src/gpu/gpu.ts';
import { grad } from '../src/graph/autograd.ts';
import { halved } from '../src/graph/halves.ts';
import { add, mul } from '../src/graph/ops/elementwise.ts';
import { concat, reshape } from '../src/graph/ops/layout.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import type { HalfStorage } from '../src/graph/plan.ts';
import { compile, type InputSpec } from '../src/graph/program.ts';
import type { Tensor } from '../src/graph/trace.ts';
import { type Shape, sizeOf } from '../src/kernels/tensor.ts';
import type { Variants } from '../src/kernels/tuning.ts';
import { type Numbers, normal } from './reference.ts';

/** A tensor of normal numbers, of these values, or of integers below a bound. */
export type Operand =
  | Shape
  | { readonly shape: Shape; readonly values: readonly number[] }
  | { readonly shape: Shape; readonly below: number };

export interface Sheet<A> {
  /** The op on tensors, and what the case says of it. */
  op: (x: readonly Tensor[], a: A) => Tensor;
  /** The op in plain TypeScript, written to be obviously right. */
  reference: (x: readonly Numbers[], a: A) => Numbers;
  /** What each case is for, its operands, what the op is told, and how inputs are made of normal numbers. */
  cases: readonly (readonly [
    why: string,
    operands: readonly Operand[],
    a?: A | undefined,
    from?: From | undefined,
  ])[];
  /** Of the results, relative to 1 + their size; the default is about 16 units in the last place of f32. */
  tolerance?: number;
  /** The op has no derivative. */
  forwardOnly?: boolean;
  /** Variants that the program is told to use. */
  variants?: Variants;
  /** Whether halves can hold the numbers of the cases, and show that the op is right; they can. */
  halves?: boolean;
}

/** Of results where all between ops is stored in halves of 11 bits: inputs lose some, and sums of many add that up. */
export const HALF_TOLERANCE = 6e-3;
/** How many cases of a sheet are run so, from its first to its last: each is another pipeline. */
export const HALF_CASES = { f16: 6, packed: 3 } as const;

/** So many of a list, evenly spread, the first and the last among them. */
export const spread = <T>(all: readonly T[], count: number): readonly T[] =>
  all.length <= count
    ? all
    : Array.from(
        { length: count },
        (_, i) => all[Math.round((i * (all.length - 1)) / (count - 1))]!,
      );

type From = (z: number) => number;

const TOLERANCE = 1e-6;
/** Step of the central differences: their own error is then some 1e-9 of the loss. */
const STEP = 1e-6;

/** A case with its numbers. */
export interface Prepared<A> {
  readonly why: string;
  readonly a: A;
  readonly x: readonly (Numbers & { readonly integers: boolean })[];
  /** Gradient of the result, and a direction for each operand. */
  readonly dy: readonly number[];
  readonly directions: readonly (readonly number[])[];
  readonly y: Numbers;
}

export interface Values {
  readonly y: Float32Array;
  /** None for operands of integers. */
  readonly dx: readonly Float32Array[];
}
/** What the GPU makes of a case, twice. */
export type Result = Values & { readonly again: Values };

/** Draws the numbers of a case, and what is right for them; the name of the sheet seeds them. */
export function prepare<A>(
  name: string,
  { reference }: Sheet<A>,
  given: Sheet<A>['cases'][number],
): Prepared<A> {
  const [why, operands, a, from = (z) => z] = given;
  const random = normal(`${name} ${why}`);
  const x = operands.map((operand) => {
    if (!('shape' in operand)) {
      const values = Array.from({ length: sizeOf(operand) }, () => Math.fround(from(random())));
      return { shape: operand, values, integers: false };
    }
    const { shape } = operand;
    if ('values' in operand)
      return { shape, values: operand.values.map(Math.fround), integers: false };
    const draw = () => Math.floor(Math.abs(1e6 * random())) % operand.below;
    return { shape, values: Array.from({ length: sizeOf(shape) }, draw), integers: true };
  });
  const y = reference(x, a as A);
  const draw = (n: number) => Array.from({ length: n }, () => Math.fround(random()));
  const directions = x.map(({ shape }) => draw(sizeOf(shape)));
  return { why, a: a as A, x, y, dy: draw(y.values.length), directions };
}

/** Cases as one program. */
export interface Staged {
  readonly graph: (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;
  readonly specs: Readonly<Record<string, InputSpec>>;
  readonly batch: Readonly<Record<string, ArrayLike<number>>>;
}

/**
 * The op stands in the middle of a graph: its inputs are doubled before it and used once more beside it, its result is used twice.
 * A derivative that ignores what comes from above looks right at the end of a graph, and wrong here.
 */
export function stage<A>(
  { op: applied, forwardOnly }: Sheet<A>,
  cases: readonly Prepared<A>[],
  between = (t: Tensor) => t,
): Staged {
  const specs: Record<string, InputSpec> = {};
  const batch: Record<string, ArrayLike<number>> = {};
  cases.forEach(({ x, dy, y }, i) => {
    specs[`dy${i}`] = y.shape;
    batch[`dy${i}`] = dy;
    x.forEach(({ shape, values, integers }, k) => {
      specs[`x${i}_${k}`] = { shape, dtype: integers ? 'u32' : 'f32' };
      // Doubling and halving are exact.
      batch[`x${i}_${k}`] = integers ? values : values.map((v) => v / 2);
    });
  });
  const graph: Staged['graph'] = (inputs) => {
    const wrt: Tensor[] = [];
    const results: Tensor[] = [];
    const terms: Tensor[] = [];
    cases.forEach(({ x, a, y: expected, why }, i) => {
      const doubled = x.map(({ integers }, k) => {
        const input = inputs[`x${i}_${k}`]!;
        if (integers) return input;
        wrt.push(input);
        return between(mul(input, 2));
      });
      const y = between(applied(doubled, a));
      hold(
        y.shape.join() === expected.shape.join(),
        `${why}: the result is [${y.shape}], expected [${expected.shape}]`,
      );
      results.push(y);
      terms.push(sum(mul(y, inputs[`dy${i}`]!)), sum(mul(y, BESIDE_Y)));
      for (const [k, t] of doubled.entries())
        if (!x[k]!.integers) terms.push(sum(mul(t, BESIDE_X)));
    });
    if (forwardOnly) return { y: flat(results) };
    const loss = terms.reduce((a, b) => add(a, b));
    return { y: flat(results), dx: flat(grad(loss, wrt)) };
  };
  return { graph, specs, batch };
}

/** Runs the cases on a device, twice. */
export async function run<A>(
  gpu: Gpu,
  sheet: Sheet<A>,
  cases: readonly Prepared<A>[],
  storage?: HalfStorage,
): Promise<Result[]> {
  const { forwardOnly, variants } = sheet;
  const { graph, specs, batch } = stage(sheet, cases, storage && halved);
  const program = await compile(gpu, graph, specs, { storage, ...(variants && { variants }) });
  const read = forwardOnly ? ['y'] : ['y', 'dx'];
  const values: Values[][] = [];
  for (let times = 0; times < 2; times++) {
    const outputs: Record<string, Float32Array> = await program.run(batch, { read });
    values.push(split(cases, outputs));
  }
  program.dispose();
  return values[0]!.map((first, i) => ({ ...first, again: values[1]![i]! }));
}

/** Weights of the second uses. */
const BESIDE_Y = 0.25;
const BESIDE_X = 0.5;

/** The derivative of the loss of {@link run} by one input along its direction. */
function slope<A>({ reference }: Sheet<A>, { x, a, dy, directions }: Prepared<A>, input: number) {
  const direction = directions[input]!;
  const loss = (step: number) => {
    const moved = x.map((t, k) =>
      k === input ? { ...t, values: t.values.map((v, i) => v + step * direction[i]!) } : t,
    );
    return reference(moved, a).values.reduce((s, v, i) => s + v * (dy[i]! + BESIDE_Y), 0);
  };
  const own = (loss(STEP) - loss(-STEP)) / (2 * STEP);
  return 2 * (own + BESIDE_X * direction.reduce((s, d) => s + d, 0));
}

/** All elements of some tensors in one. */
const flat = (tensors: readonly Tensor[]) => concat(tensors.map((t) => reshape(t, [t.size])));

/** The results of the cases, which lie one after another. */
export function split(
  cases: readonly Prepared<unknown>[],
  { y: ys, dx: dxs }: Readonly<Record<string, Float32Array>>,
): Values[] {
  let y = 0;
  let dx = 0;
  return cases.map((each) => ({
    y: ys!.slice(y, (y += each.y.values.length)),
    dx: each.x.map(({ integers, values }) =>
      integers || !dxs ? new Float32Array() : dxs.slice(dx, (dx += values.length)),
    ),
  }));
}

/** Fails where the result of a case is not right. */
export function assertForward<A>(sheet: Sheet<A>, { y }: Prepared<A>, result: Result): void {
  assertClose(result.y, y.values, sheet.tolerance ?? TOLERANCE);
}

/**
 * Fails where a gradient is not right, by two ways to the same number: the slope of the loss along a
 * random direction by central difference of the f64 reference, and the gradient from the GPU times
 * that direction. It tests every entry at once.
 */
export function assertBackward<A>(sheet: Sheet<A>, each: Prepared<A>, result: Result): void {
  const { tolerance = TOLERANCE } = sheet;
  each.x.forEach(({ integers }, input) => {
    if (integers) return;
    const expected = slope(sheet, each, input);
    const products = [...result.dx[input]!].map((g, k) => g * each.directions[input]![k]!);
    const actual = products.reduce((s, p) => s + p, 0);
    // A wrong entry would move the sum by about its own size, whatever the sum is.
    const size = 1 + Math.sqrt(products.reduce((s, p) => s + p * p, 0));
    const error = Math.abs(actual - expected) / size;
    hold(
      error <= 5 * tolerance,
      `gradient of operand ${input} along a direction: got ${actual}, expected ${expected} (error ${error.toExponential(1)} > ${5 * tolerance})`,
    );
  });
}

/** Fails where a second run gave other bits. */
export function assertRepeats({ y, dx, again }: Result): void {
  assertSame(again.y, y);
  dx.forEach((values, i) => assertSame(again.dx[i]!, values));
}

function hold(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

/** Fails at the number that is furthest off, relative to 1 + its size. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  hold(actual.length === expected.length, `${actual.length} values, expected ${expected.length}`);
  let worst = { i: 0, error: 0 };
  for (let i = 0; i < expected.length; i++) {
    const [got, wanted] = [actual[i]!, expected[i]!];
    const same = Object.is(got, wanted) || got === wanted;
    const error = same ? 0 : Math.abs(got - wanted) / (1 + Math.abs(wanted));
    // NaN is further off than anything.
    if (!(error <= worst.error)) worst = { i, error: Number.isNaN(error) ? Infinity : error };
    if (worst.error === Infinity) break;
  }
  const { i, error } = worst;
  hold(
    error <= tolerance,
    `at ${i} of ${expected.length}: got ${actual[i]}, expected ${expected[i]} (error ${error.toExponential(1)} > ${tolerance})`,
  );
}

/** Fails where two arrays differ in any bit. */
export function assertSame(actual: Float32Array, expected: Float32Array): void {
  const bits = (values: Float32Array) => new Uint32Array(values.slice().buffer);
  const [a, b] = [bits(actual), bits(expected)];
  const i = a.findIndex((bit, k) => bit !== b[k]);
  hold(i < 0, `at ${i}: got ${actual[i]}, expected the same bits as ${expected[i]}`);
}
