/** What the problems of ops share. */

import { randomAt } from '../../../src/data/random.ts';
import type { Fixed, Values } from '../work.ts';

export interface OpProblem {
  readonly start: Values;
  readonly fixed: Fixed<Values>;
  /** How far the y after so many calls is from f64, in parts of its largest value. */
  error(y: Float32Array, length: number): number;
}

/** Uniform numbers; each tensor has its own. */
export type Draw = (shape: readonly number[], low: number, high: number) => Values;

export type Vector = Float64Array<ArrayBuffer>;

/**
 * How many of two kinds of tensors make the pairs of a chain: without a common factor, 20 calls
 * have 20 different pairs, so that no two are the same work.
 */
export const PAIRS = [4, 5] as const;

/** What call number i takes. */
export const pick = <T>(items: readonly T[], i: number): T => items[i % items.length]!;

/** `count` tensors. */
export const several = (count: number, make: () => Values): Values[] =>
  Array.from({ length: count }, make);

/** Engines ask for the same lengths: each is computed once. */
export function memoised<T>(compute: (i: number) => T): (i: number) => T {
  const known = new Map<number, T>();
  return (i) => {
    if (!known.has(i)) known.set(i, compute(i));
    return known.get(i)!;
  };
}

/** The state after so many steps, from the nearest that is known. `step` leaves its input alone. */
export function stepped<T>(start: () => T, step: (state: T, i: number) => T): (count: number) => T {
  const known = new Map<number, T>();
  return (count) => {
    let i = Math.max(0, ...[...known.keys()].filter((each) => each <= count));
    let state = known.get(i) ?? start();
    for (; i < count; i++) state = step(state, i);
    known.set(count, state);
    return state;
  };
}

/** 1 or -1 at random. */
export function signs(count: number): Vector {
  const random = randomAt(4);
  return Float64Array.from({ length: count }, () => (random.chance(0.5) ? 1 : -1));
}

/** Adds b to a. */
export function accumulate(a: Vector, b: ArrayLike<number>): void {
  for (let i = 0; i < a.length; i++) a[i]! += b[i]!;
}
