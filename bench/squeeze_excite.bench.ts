/** Squeeze and excitation with a quarter of the channels as units, its gradients, and the mean it begins with. */

import { grad } from '../src/graph/autograd.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { globalMean2d, squeezeExcite } from '../src/graph/ops/squeeze_excite.ts';
import type { Tensor } from '../src/graph/trace.ts';
import type { Shape } from '../src/kernels/tensor.ts';
import { type Case, checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'n,h,w,c';

export const family: Family = {
  name: 'squeeze excite',
  dims: DIMS,
  bytes:
    'forward reads x twice (the means come first) and writes y; backward reads x once and dy twice and writes dx; ' +
    'the mean reads x',
  tolerance: 1e-5,
  shapes: [
    [1, 32, 32, 256],
    [8, 32, 32, 256],
    [8, 16, 16, 512],
  ],
  cases(shape) {
    checkDims(shape, DIMS, 'squeeze excite');
    const size = shape.reduce((a, b) => a * b, 1);
    const mean = { pass: 'forward', name: 'mean', shape } as const;
    return [
      { ...mean, cost: { bytes: 4 * size, flops: size }, make: () => meanProblem(shape) },
      makeCase(shape, 'forward', { bytes: 12 * size, flops: 2 * size }),
      makeCase(shape, 'input gradient', { bytes: 16 * size, flops: 4 * size }),
    ];
  },
};

function meanProblem(shape: Shape) {
  const x = uniform(shape, 1);
  return {
    inputs: { x },
    build: (t: Readonly<Record<string, Tensor>>) => ({ y: globalMean2d(t.x!) }),
    error: ({ y }: Readonly<Record<string, Float32Array>>) => {
      const right = means(x.values, x.values, shape, false);
      return errorOf(y!, (i) => right[i]!);
    },
  };
}

/** Means over the pixels of x, or sums of products with dy. */
function means(x: Float32Array, dy: Float32Array, [n, h, w, c]: Shape, product: boolean) {
  const [pixels, sums] = [h! * w!, new Float64Array(n! * c!)];
  x.forEach((v, i) => {
    const at = Math.floor(i / c! / pixels) * c! + (i % c!);
    sums[at]! += product ? v * dy[i]! : v / pixels;
  });
  return sums;
}

/** a w, or a wᵀ, in f64. */
function times(a: Float64Array, w: Float32Array, inner: number, outer: number, turned = false) {
  return Float64Array.from({ length: (a.length / inner) * outer }, (_, k) => {
    const [row, j] = [Math.floor(k / outer), k % outer];
    let s = 0;
    for (let i = 0; i < inner; i++)
      s += a[row * inner + i]! * w[turned ? j * inner + i : i * outer + j]!;
    return s;
  });
}

function makeCase(
  shape: Shape,
  pass: 'forward' | 'input gradient',
  cost: { bytes: number; flops: number },
): Case {
  const backward = pass === 'input gradient';
  const ops = ['squeezeExciteGate', 'squeezeExciteBackward', 'squeezeExciteScale'];
  return {
    pass,
    shape,
    cost,
    ...(backward && { ops }),
    make() {
      const [, h, w, c] = shape as [number, number, number, number];
      const units = Math.ceil(c / 4);
      const x = uniform(shape, 1);
      const dy = uniform(shape, 2);
      const w1 = uniform([c, units], 3);
      const b1 = uniform([units], 4);
      const w2 = uniform([units, c], 5);
      const b2 = uniform([c], 6);
      return {
        inputs: { x, w1, b1, w2, b2, ...(backward && { dy }) },
        build(t): Record<string, Tensor> {
          const y = squeezeExcite(t.x!, { w1: t.w1!, b1: t.b1!, w2: t.w2!, b2: t.b2! });
          return backward ? { dx: grad(sum(mul(y, t.dy!)), [t.x!])[0]! } : { y };
        },
        error({ y, dx }) {
          const mean = means(x.values, dy.values, shape, false);
          const z = times(mean, w1.values, c, units).map((v, i) => v + b1.values[i % units]!);
          const hidden = z.map((v) => Math.max(v, 0));
          const v = times(hidden, w2.values, units, c);
          const gate = v.map((s, i) => 1 / (1 + Math.exp(-s - b2.values[i % c]!)));
          const at = (i: number) => Math.floor(i / (h * w * c)) * c + (i % c);
          if (y) return errorOf(y, (i) => x.values[i]! * gate[at(i)]!);
          const dgate = means(x.values, dy.values, shape, true);
          const dv = dgate.map((d, i) => d * gate[i]! * (1 - gate[i]!));
          const dz = times(dv, w2.values, c, units, true).map((d, i) => (z[i]! > 0 ? d : 0));
          const dmean = times(dz, w1.values, units, c, true).map((d) => d / (h * w));
          return errorOf(dx!, (i) => dy.values[i]! * gate[at(i)]! + dmean[at(i)]!);
        },
      };
    },
  };
}
