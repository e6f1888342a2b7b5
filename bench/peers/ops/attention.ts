/**
 * Attention over [batch, heads, tokens, size]: y <- attention(y, k, v), with another pair of k and v
 * in each call. Its gradient is dy <- dq + dk + dv, which begins with q, k and v: what the forward
 * pass has to leave is computed, too.
 *
 * f64 takes part of it. Forward every query is on its own: it takes some of each head. Backward
 * every head is: it takes the first and the last.
 */

import { relativeError } from '../problem.ts';
import type { OpWork } from '../work.ts';
import { type Draw, type OpProblem, PAIRS, pick, several, stepped, type Vector } from './parts.ts';

/** Every so many queries are judged; no factor of usual numbers of tokens. */
const EVERY = 11;

/** @throws for the gradient of weights, of which there are none */
export function attentionProblem({ pass, shape }: OpWork, draw: Draw): OpProblem {
  if (pass === 'weight gradient') throw new Error('Attention has no weights.');
  const [batch, heads, tokens, size] = shape as [number, number, number, number];
  const start = draw(shape, -2, 2);
  const k = several(PAIRS[0], () => draw(shape, -2, 2));
  const v = several(PAIRS[1], () => draw(shape, -2, 2));
  const all = Array.from({ length: batch * heads }, (_, head) => head);
  const headOf = (x: ArrayLike<number>, head: number): Vector => {
    const at = head * tokens * size;
    return Float64Array.from((x as Float32Array).subarray(at, at + tokens * size));
  };
  if (pass === 'forward') {
    const rows = Array.from({ length: Math.ceil(tokens / EVERY) }, (_, i) => i * EVERY);
    if (rows.at(-1) !== tokens - 1) rows.push(tokens - 1);
    const judged = (y: Float32Array) =>
      all.map((head) => {
        const own = headOf(y, head);
        return join(rows.map((row) => own.subarray(row * size, (row + 1) * size)));
      });
    const expected = stepped(
      () => judged(start.values),
      (q, i) =>
        q.map((own, head) => {
          const [keys, values] = [headOf(pick(k, i).values, head), headOf(pick(v, i).values, head)];
          const p = probabilities(own, keys, size);
          return product(p, values, tokens, size);
        }),
    );
    const error = (y: Float32Array, length: number) =>
      relativeError(join(judged(y)), join(expected(length)));
    return { start, fixed: { k, v }, error };
  }
  const q = several(2, () => draw(shape, -2, 2));
  const outer = all.filter((head) => head === 0 || head === all.length - 1);
  const expected = stepped(
    () => outer.map((head) => headOf(start.values, head)),
    (dy, i) =>
      dy.map((own, j) => {
        const [a, b, c] = [q, k, v].map((each) => headOf(pick(each, i).values, outer[j]!));
        return gradient(own, { q: a!, k: b!, v: c! }, tokens, size);
      }),
  );
  const error = (y: Float32Array, length: number) =>
    relativeError(join(outer.map((head) => headOf(y, head))), join(expected(length)));
  return { start, fixed: { q, k, v }, error };
}

function join(parts: readonly Vector[]): Vector {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** softmax(q kᵀ / sqrt(size)) of one head: [queries, keys]. */
function probabilities(q: Vector, k: Vector, size: number): Vector {
  const [queries, keys] = [q.length / size, k.length / size];
  const p = crossProducts(q, k, size);
  const scale = size ** -0.5;
  for (let i = 0; i < queries; i++) {
    const row = p.subarray(i * keys, (i + 1) * keys);
    let top = -Infinity;
    for (const score of row) top = Math.max(top, score);
    let sum = 0;
    for (let j = 0; j < keys; j++) sum += row[j] = Math.exp((row[j]! - top) * scale);
    for (let j = 0; j < keys; j++) row[j]! /= sum;
  }
  return p;
}

/** a bᵀ for a [rows, size] and b [columns, size]. */
function crossProducts(a: Vector, b: Vector, size: number): Vector {
  const [rows, columns] = [a.length / size, b.length / size];
  const products = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let x = 0; x < size; x++) sum += a[i * size + x]! * b[j * size + x]!;
      products[i * columns + j] = sum;
    }
  return products;
}

/** a b for a [rows, inner] and b [inner, size]; of aᵀ [inner, rows] where `turned`. */
function product(a: Vector, b: Vector, inner: number, size: number, turned = false): Vector {
  const rows = a.length / inner;
  const y = new Float64Array(rows * size);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < inner; j++) {
      const factor = turned ? a[j * rows + i]! : a[i * inner + j]!;
      for (let x = 0; x < size; x++) y[i * size + x]! += factor * b[j * size + x]!;
    }
  return y;
}

/** dq + dk + dv of one head. */
function gradient(
  dy: Vector,
  { q, k, v }: Readonly<Record<'q' | 'k' | 'v', Vector>>,
  tokens: number,
  size: number,
): Vector {
  const p = probabilities(q, k, size);
  const dv = product(p, dy, tokens, size, true);
  const ds = crossProducts(dy, v, size);
  const scale = size ** -0.5;
  for (let i = 0; i < tokens; i++) {
    let dot = 0;
    for (let j = i * tokens; j < (i + 1) * tokens; j++) dot += p[j]! * ds[j]!;
    for (let j = i * tokens; j < (i + 1) * tokens; j++) ds[j] = p[j]! * (ds[j]! - dot) * scale;
  }
  const dq = product(ds, k, tokens, size);
  const dk = product(ds, q, tokens, size, true);
  return dv.map((value, i) => value + dq[i]! + dk[i]!);
}
