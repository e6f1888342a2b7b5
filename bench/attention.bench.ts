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
  ladder: ['materialised', 'tile', 'subgroup4', 'subgroup8'],
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

/** y = attention over so many keys. All of it is checked, in f64. */
export function forwardProblem(sizes: Sizes, keys: number, masked = false): Problem {
  const inputs = inputsOf(sizes, keys);
  return {
    inputs,
    build: ({ q, k, v }) => ({ y: attention(q!, k!, v!, maskOf(keys, masked)) }),
    error({ y }) {
      const right = new Float64Array(y!.length);
      eachRow(sizes, keys, inputs, ({ row, first, p }) => {
        weighted(right, row, p, first, inputs.v.values, sizes[3]);
      });
      return errorOf(y!, (i) => right[i]!);
    },
  };
}

/** Its gradients. */
export function backwardProblem(sizes: Sizes, keys: number, masked = false): Problem {
  const size = sizes[3];
  const inputs = { ...inputsOf(sizes, keys), dy: uniform(sizes, 4) };
  const { q, k, v, dy } = inputs;
  return {
    inputs,
    build: ({ q, k, v, dy }) => {
      const [dq, dk, dv] = grad(sum(mul(attention(q!, k!, v!, maskOf(keys, masked)), dy!)), [
        q!,
        k!,
        v!,
      ]);
      return { y: dq!, dk: dk!, dv: dv! };
    },
    error({ y, dk, dv }) {
      const [dqs, dks, dvs] = [q, k, v].map(({ values }) => new Float64Array(values.length));
      eachRow(sizes, keys, inputs, ({ row, first, p }) => {
        const dp = p.map((_, j) => dot(dy.values, row * size, v.values, (first + j) * size, size));
        const delta = p.reduce((s, value, j) => s + value * dp[j]!, 0);
        const ds = p.map((value, j) => (value * (dp[j]! - delta)) / Math.sqrt(size));
        weighted(dqs!, row, ds, first, k.values, size);
        for (let j = 0; j < keys; j++)
          for (let c = 0; c < size; c++) {
            dks![(first + j) * size + c]! += ds[j]! * q.values[row * size + c]!;
            dvs![(first + j) * size + c]! += p[j]! * dy.values[row * size + c]!;
          }
      });
      return Math.max(
        errorOf(y!, (i) => dqs![i]!),
        errorOf(dk!, (i) => dks![i]!),
        errorOf(dv!, (i) => dvs![i]!),
      );
    },
  };
}

/** Calls f with each query's row, the row of its first key, and its probabilities. */
function eachRow(
  [batch, heads, tokens, size]: Sizes,
  keys: number,
  { q, k }: Pick<Inputs, 'q' | 'k'>,
  f: (at: { row: number; first: number; p: Float64Array }) => void,
) {
  for (let row = 0; row < batch * heads * tokens; row++) {
    const first = Math.floor(row / tokens) * keys;
    const p = new Float64Array(keys);
    for (let j = 0; j < keys; j++)
      p[j] = dot(q.values, row * size, k.values, (first + j) * size, size) / Math.sqrt(size);
    const top = p.reduce((a, b) => Math.max(a, b));
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

/** Adds rows of x, from row `first` on, times their weights. */
function weighted(
  y: Float64Array,
  row: number,
  weights: Float64Array,
  first: number,
  x: Float32Array,
  size: number,
) {
  for (let j = 0; j < weights.length; j++)
    for (let c = 0; c < size; c++) y[row * size + c]! += weights[j]! * x[(first + j) * size + c]!;
}
