/**
 * What a bench file declares: a family of kernels, the shapes at which it is measured, how to check
 * an output, and the work that no kernel can avoid. `bench/<family>.bench.ts` exports one as
 * `family`; there is nothing to register.
 */

import { randomAt } from '../src/data/random.ts';
import type { Tensor } from '../src/graph/trace.ts';
import type { Cost } from '../src/kernels/kernel.ts';
import { type DType, type Shape, sizeOf } from '../src/kernels/tensor.ts';
import type { AnyTunable } from '../src/kernels/tuning.ts';
import type { Pass } from './rows.ts';

export interface Family {
  readonly name: string;
  /** What the numbers of `--shape` mean, such as `m,k,n`. */
  readonly dims: string;
  /** The bytes that a kernel of the family cannot avoid, in words. */
  readonly bytes: string;
  /** Largest difference to f64 that is rounding, in parts of the largest value. */
  readonly tolerance: number;
  /** Shapes of the default run. */
  readonly shapes: readonly Shape[];
  /**
   * Its variants, where it has several; and those of them that are steps of its ladder, first to
   * last.
   */
  readonly tunable?: AnyTunable;
  readonly ladder?: readonly string[];
  /** What is measured at a shape. @throws where `--shape` gives no shape of this family */
  readonly cases: (shape: Shape) => readonly Case[];
}

export interface Case {
  /** What tells cases of one pass and shape apart, such as `sum over rows`. */
  readonly name?: string;
  readonly pass: Pass;
  readonly shape: Shape;
  /** What its kernels store; f32 if not given. Cases in f16 are measured with `--f16`. */
  readonly dtype?: 'f32' | 'f16';
  /** The largest difference to f64 that is rounding, where it is not the family's: f16 has more. */
  readonly tolerance?: number;
  /** What cannot be avoided. Several dispatches share it. */
  readonly cost: Cost;
  /** Bytes of different memory that are touched, when not those of the cost. */
  readonly workingSet?: number;
  /** Ops whose dispatches are timed, where the program needs others to feed them; else all. */
  readonly ops?: readonly string[];
  /** Makes the problem: large arrays come to be only when it is its turn. */
  readonly make: () => Problem;
}

export interface Problem {
  readonly inputs: Readonly<Record<string, { shape: Shape; values: Float32Array; dtype?: DType }>>;
  readonly build: (x: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;
  /** The largest difference of the outputs to f64, in parts of the largest value expected. */
  readonly error: (outputs: Readonly<Record<string, Float32Array>>) => number;
}

/** Uniform numbers between `low` and `high`, the same for the same key. */
export function uniform(shape: Shape, key: number, low = -1, high = 1) {
  // Philox would take seconds for the largest; the low bits of a Weyl sequence through a mix do.
  let state = randomAt(key).bits();
  const scale = (high - low) / 2 ** 32;
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) {
    state = (state + 0x9e3779b9) | 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    values[i] = low + scale * ((bits ^ (bits >>> 15)) >>> 0);
  }
  return { shape, values };
}

/**
 * The largest difference between an output and the value that is right at each index, in parts of
 * the largest right value; infinite where one is not a number.
 */
export function errorOf(values: Float32Array, expected: (index: number) => number): number {
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const right = expected(i);
    const difference = Math.abs(values[i]! - right);
    if (!(difference <= worst)) {
      if (Number.isNaN(difference)) return Infinity;
      worst = difference;
    }
    const size = Math.abs(right);
    if (size > largest) largest = size;
  }
  return largest === 0 ? worst : worst / largest;
}

/** Throws unless a shape of `--shape` has as many numbers as the family says. */
export function checkDims(shape: Shape, dims: string, family: string): void {
  const wanted = dims.split(',').length;
  if (shape.length === wanted && shape.every((n) => Number.isSafeInteger(n) && n > 0)) return;
  throw new Error(
    `${family} takes --shape ${dims}: ${wanted} whole numbers above 0, got ${shape.join(',') || 'none'}`,
  );
}
