/** Transposed convolution as decoders have it: twice the size, by 2 x 2 or 4 x 4 taps. */

import { grad } from '../src/graph/autograd.ts';
import { convTranspose2d } from '../src/graph/ops/conv_transpose.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { convTunable } from '../src/kernels/conv.ts';
import { type Case, checkDims, errorOf, type Family, uniform } from './family.ts';
import type { Pass } from './rows.ts';

const DIMS = 'batch,height,width,cin,cout,kernel,stride';

export const family: Family = {
  name: 'conv transpose',
  dims: DIMS,
  bytes: 'two of x, w and y are read once, the third is written; nothing is cut off the result',
  tolerance: 1e-5,
  shapes: [
    [1, 16, 16, 256, 256, 4, 2],
    [1, 32, 32, 256, 128, 2, 2],
    [8, 16, 16, 256, 128, 2, 2],
  ],
  tunable: convTunable,
  cases(shape) {
    checkDims(shape, DIMS, 'conv transpose');
    const [n, h, w, cin, cout, taps, stride] = shape as Sizes;
    const [rows, columns] = [(h - 1) * stride + taps, (w - 1) * stride + taps];
    const sizes = [n * h * w * cin, taps * taps * cout * cin, n * rows * columns * cout];
    const cost = {
      bytes: 4 * sizes.reduce((a, b) => a + b),
      flops: 2 * n * h * w * taps * taps * cin * cout,
    };
    const names = { forward: 'y', 'input gradient': 'dx', 'weight gradient': 'dw' } as const;
    return Object.entries(names).map(([pass, name]): Case => {
      const ops = {
        y: ['conv2dInputGradient'],
        dx: ['conv2d'],
        dw: ['conv2dWeightGradient'],
      }[name];
      return { pass: pass as Pass, shape, cost, ops, make: () => problem(shape as Sizes, name) };
    });
  },
};

type Sizes = readonly number[] & [number, number, number, number, number, number, number];

/**
 * Checked by y r, dx r or dw r for a random r over the last axis, which sees every element and
 * costs little: r meets the other factor first.
 */
function problem([n, h, w, cin, cout, taps, stride]: Sizes, name: 'y' | 'dx' | 'dw') {
  const [rows, columns] = [(h - 1) * stride + taps, (w - 1) * stride + taps];
  const x = uniform([n, h, w, cin], 1);
  const weights = uniform([taps, taps, cout, cin], 2);
  const dy = uniform([n, rows, columns, cout], 3);
  return {
    inputs: { x, w: weights, ...(name !== 'y' && { dy }) },
    build(t: Readonly<Record<string, Parameters<typeof sum>[0]>>) {
      const y = convTranspose2d(t.x!, t.w!, { stride });
      if (name === 'y') return { y };
      const wrt = name === 'dx' ? t.x! : t.w!;
      return { [name]: grad(sum(mul(y, t.dy!)), [wrt])[0]! };
    },
    error(got: Readonly<Record<string, Float32Array>>) {
      const last = name === 'y' ? cout : cin;
      const r = uniform([last], 4).values;
      const dot = (values: Float32Array, i: number) => {
        let s = 0;
        for (let c = 0; c < last; c++) s += values[i * last + c]! * r[c]!;
        return s;
      };
      const expected = new Float64Array(got[name]!.length / last);
      // w r by tap and channel: of x for y, of y for dx.
      const wr = new Float64Array(taps * taps * (name === 'y' ? cin : cout));
      weights.values.forEach((v, i) => {
        const [ci, co] = [i % cin, Math.floor(i / cin) % cout];
        const tap = Math.floor(i / cin / cout);
        if (name === 'y') wr[tap * cin + ci]! += v * r[co]!;
        else if (name === 'dx') wr[tap * cout + co]! += v * r[ci]!;
      });
      for (let p = 0; p < n * h * w; p++) {
        const [image, py, px] = [Math.floor(p / h / w), Math.floor(p / w) % h, p % w];
        const xr = name === 'dw' ? dot(x.values, p) : 0;
        for (let tap = 0; tap < taps * taps; tap++) {
          const qy = py * stride + Math.floor(tap / taps);
          const q = (image * rows + qy) * columns + px * stride + (tap % taps);
          if (name === 'y')
            for (let c = 0; c < cin; c++)
              expected[q]! += x.values[p * cin + c]! * wr[tap * cin + c]!;
          else if (name === 'dx')
            for (let c = 0; c < cout; c++)
              expected[p]! += dy.values[q * cout + c]! * wr[tap * cout + c]!;
          else
            for (let c = 0; c < cout; c++)
              expected[tap * cout + c]! += xr * dy.values[q * cout + c]!;
        }
      }
      const sums = Float32Array.from({ length: expected.length }, (_, i) => dot(got[name]!, i));
      return errorOf(sums, (i) => expected[i]!);
    },
  };
}
