/** Attention of queries over keys, each head on its own: forward, and all three gradients. */

import { grad } from '../src/graph/autograd.ts';
import { attention } from '../src/graph/ops/attention.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { constant } from '../src/graph/trace.ts';
import { attentionTunable } from '../src/kernels/attention.ts';
import { type Case, checkDims, errorOf, type Family, type Problem, uniform } from './family.ts';

const DIMS = 'batch,heads,tokens,size';

export const family: Family = {
  name: 'attention',
  dims: DIMS,
  bytes: 'forward reads q, k and v and writes o; backward reads them and do and writes dq, dk, dv',
  tolerance: 1e-5,
  shapes: [
    // ViT-Base at 24 x 24 patches.
    [1, 12, 577, 64],
    // Joints of a pose, as lifters attend to them.
    [64, 8, 17, 64],
    [1, 16, 833, 48],
  ],
  tunable: attentionTunable,
  ladder: ['materialised', 'tile', 'subgroup4', 'subgroup8', 'short8'],
  cases(shape) {
    checkDims(shape, DIMS, 'attention');
    const [batch, heads, tokens, size] = shape as [number, number, number, number];
    const bytes = 4 * batch * heads * tokens * size;
    const flops = 2 * batch * heads * tokens * tokens * size;
    return [
      {
        pass: 'forward',
        shape,
        cost: { bytes: 4 * bytes, flops: 2 * flops },
        make: () => forwardProblem(shape as Sizes, tokens),
      },
      // Scores and do vᵀ again, and a product for each gradient.
      {
        name: 'dq, dk and dv',
        pass: 'input gradient',
        shape,
        cost: { bytes: 7 * bytes, flops: 5 * flops },
        ops: ['attentionBackward'],
        make: () => backwardProblem(shape as Sizes, tokens),
      },
    ] satisfies Case[];
  },
};

export type Sizes = readonly [batch: number, heads: number, tokens: number, size: number];

const inputsOf = ([batch, heads, tokens, size]: Sizes, keys: number) => ({
  q: uniform([batch, heads, tokens, size], 1, -2, 2),
  k: uniform([batch, heads, keys, size], 2, -2, 2),
  v: uniform([batch, heads, keys, size], 3),
});
type Inputs = ReturnType<typeof inputsOf>;

/** A mask that changes nothing but takes its time. */
const maskOf = (keys: number, masked: boolean) =>
  masked ? { mask: constant(new Float32Array(keys), [1, 1, 1, keys]) } : {};

/**
 * y = attention over so many keys. Of many queries every 37th of each head is checked in f64, and
 * the last: all of a head of 577 would take longer than to measure it.
 */
export function forwardProblem(sizes: Sizes, keys: number, masked = false): Problem {
  const inputs = inputsOf(sizes, keys);
  return {
    inputs,
    build: ({ q, k, v }) => ({ y: attention(q!, k!, v!, maskOf(keys, masked)) }),
    error({ y }) {
      const right = new Float64Array(y!.length);
      const rows = sampledRows(sizes);
      eachRow(sizes, keys, inputs, rows, ({ row, first, p }) =>
        addWeighted(right, row, p, first, inputs.v.values, sizes[3]),
      );
      return errorOfRows(y!, right, rows, sizes[3]);
    },
  };
}

/** Its gradients: dq of the same queries, dk and dv of all keys in the first, middle and last head. */
export function backwardProblem(sizes: Sizes, keys: number, masked = false): Problem {
  const [batch, heads, tokens, size] = sizes;
  const inputs = { ...inputsOf(sizes, keys), dy: uniform(sizes, 4) };
  const { q, k, v, dy } = inputs;
  return {
    inputs,
    build: ({ q, k, v, dy }) => {
      const y = attention(q!, k!, v!, maskOf(keys, masked));
      const [dq, dk, dv] = grad(sum(mul(y, dy!)), [q!, k!, v!]);
      return { y: dq!, dk: dk!, dv: dv! };
    },
    error({ y, dk, dv }) {
      const [dqs, dks, dvs] = [q, k, v].map(({ values }) => new Float64Array(values.length));
      const whole = sampledHeads(batch * heads, tokens);
      const queries = sampledRows(sizes);
      const rows = new Set([...queries, ...rowsOf(whole, tokens)]);
      const ds = new Float64Array(keys);
      eachRow(sizes, keys, inputs, rows, ({ row, first, p }) => {
        let delta = 0;
        for (let j = 0; j < keys; j++) {
          ds[j] = dot(dy.values, row * size, v.values, (first + j) * size, size);
          delta += p[j]! * ds[j]!;
        }
        for (let j = 0; j < keys; j++) ds[j] = (p[j]! * (ds[j]! - delta)) / Math.sqrt(size);
        addWeighted(dqs!, row, ds, first, k.values, size);
        if (!whole.has(Math.floor(row / tokens))) return;
        spread(dks!, first, ds, q.values, row, size);
        spread(dvs!, first, p, dy.values, row, size);
      });
      const ofKeys = rowsOf(whole, keys);
      return Math.max(
        errorOfRows(y!, dqs!, rows, size),
        errorOfRows(dk!, dks!, ofKeys, size),
        errorOfRows(dv!, dvs!, ofKeys, size),
      );
    },
  };
}

/** Up to so many tokens all are checked. */
const FEW = 64;
/** No tile of a kernel has a multiple of it. */
const STRIDE = 37;

function sampledRows([batch, heads, tokens]: Sizes): Set<number> {
  const rows = new Set<number>();
  for (let row = 0; row < batch * heads * tokens; row++) {
    const token = row % tokens;
    if (tokens <= FEW || token % STRIDE === 0 || token === tokens - 1) rows.add(row);
  }
  return rows;
}

function sampledHeads(heads: number, tokens: number): Set<number> {
  if (tokens > FEW) return new Set([0, heads >> 1, heads - 1]);
  return new Set(Array.from({ length: heads }, (_, head) => head));
}

/** The rows of heads that have so many. */
const rowsOf = (heads: Iterable<number>, count: number) =>
  new Set([...heads].flatMap((head) => Array.from({ length: count }, (_, i) => head * count + i)));

/** The largest difference in these rows; infinite where any value is not a number. */
function errorOfRows(
  values: Float32Array,
  right: Float64Array,
  rows: ReadonlySet<number>,
  size: number,
): number {
  if (!values.every(Number.isFinite)) return Infinity;
  const order = Uint32Array.from(rows);
  const at = (i: number) => order[Math.floor(i / size)]! * size + (i % size);
  const sampled = Float32Array.from({ length: order.length * size }, (_, i) => values[at(i)]!);
  return errorOf(sampled, (i) => right[at(i)]!);
}

/** Calls f with each query's row, the row of its first key, and its probabilities. */
function eachRow(
  [, , tokens, size]: Sizes,
  keys: number,
  { q, k }: Pick<Inputs, 'q' | 'k'>,
  rows: Iterable<number>,
  f: (at: { row: number; first: number; p: Float64Array }) => void,
) {
  const p = new Float64Array(keys);
  for (const row of rows) {
    const first = Math.floor(row / tokens) * keys;
    let top = -Infinity;
    for (let j = 0; j < keys; j++) {
      p[j] = dot(q.values, row * size, k.values, (first + j) * size, size) / Math.sqrt(size);
      top = Math.max(top, p[j]!);
    }
    let total = 0;
    for (let j = 0; j < keys; j++) total += p[j] = Math.exp(p[j]! - top);
    for (let j = 0; j < keys; j++) p[j]! /= total;
    f({ row, first, p });
  }
}

function dot(a: Float32Array, i: number, b: Float32Array, j: number, size: number): number {
  let s = 0;
  for (let c = 0; c < size; c++) s += a[i + c]! * b[j + c]!;
  return s;
}

/** Adds to a row of y the rows of x, from row `first` on, times their weights. */
function addWeighted(
  y: Float64Array,
  row: number,
  weights: Float64Array,
  first: number,
  x: Float32Array,
  size: number,
) {
  for (let j = 0; j < weights.length; j++) {
    const [weight, from, to] = [weights[j]!, (first + j) * size, row * size];
    for (let c = 0; c < size; c++) y[to + c]! += weight * x[from + c]!;
  }
}

/** Adds a row of x to the rows of y, from row `first` on, each times its weight. */
function spread(
  y: Float64Array,
  first: number,
  weights: Float64Array,
  x: Float32Array,
  row: number,
  size: number,
) {
  for (let j = 0; j < weights.length; j++) {
    const [weight, from, to] = [weights[j]!, row * size, (first + j) * size];
    for (let c = 0; c < size; c++) y[to + c]! += weight * x[from + c]!;
  }
}
