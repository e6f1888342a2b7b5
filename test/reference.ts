/** Arrays of f64 and the few loops that references of ops are written with. */

import { type Shape, sizeOf } from '../src/kernels/tensor.ts';

export interface Numbers {
  readonly shape: Shape;
  readonly values: readonly number[];
}

/** Numbers of a shape from a function of their index. */
export function generate(shape: Shape, f: (index: readonly number[], i: number) => number) {
  const index = shape.map(() => 0);
  const values = Array<number>(sizeOf(shape));
  for (let i = 0; i < values.length; i++) {
    values[i] = f(index, i);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--)
      index[axis] = 0;
  }
  return { shape, values };
}

/** The number at an index; axes of size 1, and missing leading ones, repeat. */
export function at({ shape, values }: Numbers, index: readonly number[]): number {
  const lead = index.length - shape.length;
  let place = 0;
  for (let axis = 0; axis < shape.length; axis++)
    place = place * shape[axis]! + (shape[axis] === 1 ? 0 : index[axis + lead]!);
  return values[place]!;
}

/** f of each number. */
export const map =
  (f: (x: number) => number) =>
  ([x]: readonly Numbers[]): Numbers => ({ shape: x!.shape, values: x!.values.map(f) });

/** f of each pair of numbers, with broadcasting. */
export const zip =
  (f: (a: number, b: number) => number) =>
  ([a, b]: readonly Numbers[]): Numbers => {
    const rank = Math.max(a!.shape.length, b!.shape.length);
    const size = ({ shape }: Numbers, axis: number) => shape[axis - rank + shape.length] ?? 1;
    const shape = Array.from({ length: rank }, (_, i) => Math.max(size(a!, i), size(b!, i)));
    return generate(shape, (index) => f(at(a!, index), at(b!, index)));
  };

/** f of the numbers along some axes, which are kept as axes of size 1. */
export function along(x: Numbers, axes: readonly number[], f: (values: number[]) => number) {
  const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const groups = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  generate(x.shape, (index, i) => {
    let place = 0;
    for (let axis = 0; axis < kept.length; axis++)
      place = place * kept[axis]! + (kept[axis] === 1 ? 0 : index[axis]!);
    return groups[place]!.push(x.values[i]!);
  });
  return { shape: kept, values: groups.map(f) };
}

export const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
/** The largest or smallest of many numbers, which are too many to be arguments of Math.max. */
export const extreme = (values: readonly number[], pick: (a: number, b: number) => number) =>
  values.reduce((a, b) => pick(a, b));

/** a b over the last two axes, with leading axes that broadcast. */
export function product(a: Numbers, b: Numbers): Numbers {
  const rank = Math.max(a.shape.length, b.shape.length);
  const batch = Array.from({ length: rank - 2 }, (_, i) =>
    Math.max(a.shape[i - rank + a.shape.length] ?? 1, b.shape[i - rank + b.shape.length] ?? 1),
  );
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  // The place where the matrix of a batch begins.
  const begin = (x: Numbers, lead: readonly number[], size: number) =>
    lead.reduce((place, i, axis) => {
      const own = x.shape[axis - lead.length + x.shape.length - 2] ?? 1;
      return place * own + (own === 1 ? 0 : i);
    }, 0) * size;
  return generate([...batch, m, n], (index) => {
    const [row, column] = index.slice(-2) as [number, number];
    const lead = index.slice(0, -2);
    const from = begin(a, lead, m * k) + row * k;
    const to = begin(b, lead, k * n) + column;
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a.values[from + i]! * b.values[to + i * n]!;
    return sum;
  });
}

/** x with its axes in another order. */
export const transposed = (x: Numbers, order: readonly number[]): Numbers =>
  generate(
    order.map((axis) => x.shape[axis]!),
    (index) =>
      at(
        x,
        order.map((_, axis) => index[order.indexOf(axis)]!),
      ),
  );

/** A seeded standard normal, so that a failure today is a failure tomorrow. */
export function normal(seed: string): () => number {
  let state = 2166136261;
  for (const c of seed) state = Math.imul(state ^ c.charCodeAt(0), 16777619);
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
