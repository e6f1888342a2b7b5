/** Images of twice the size, forward and their gradient. */

import { grad } from '../src/graph/autograd.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { resizeBilinear, resizeNearest } from '../src/graph/ops/resize.ts';
import type { Tensor } from '../src/graph/trace.ts';
import { type Case, checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'n,size,channels';

interface Kind {
  readonly name: string;
  readonly flops: number;
  readonly apply: (x: Tensor, size: [number, number]) => Tensor;
  /** Pixels that result o of an axis reads, and their weights. */
  readonly reads: (
    size: number,
    o: number,
  ) => readonly (readonly [pixel: number, weight: number])[];
}

const between = (place: number, size: number) => {
  const first = Math.min(size - 1, Math.floor(place + 1e-9));
  const share = place - first;
  return [[first, 1 - share] as const, [Math.min(first + 1, size - 1), share] as const];
};

const KINDS: readonly Kind[] = [
  {
    name: 'bilinear, half pixels',
    flops: 6,
    apply: (x, size) => resizeBilinear(x, size),
    reads: (size, o) => between(Math.max(0, (o + 0.5) / 2 - 0.5), size),
  },
  {
    name: 'bilinear, aligned corners',
    flops: 6,
    apply: (x, size) => resizeBilinear(x, size, { corners: 'aligned' }),
    reads: (size, o) => between((o * (size - 1)) / (2 * size - 1), size),
  },
  { name: 'nearest', flops: 0, apply: resizeNearest, reads: (_, o) => [[o >> 1, 1]] },
];

export const family: Family = {
  name: 'resize',
  dims: DIMS,
  bytes: 'to twice the size: forward reads x and writes y; backward reads dy and writes dx',
  tolerance: 1e-6,
  shapes: [[1, 32, 256]],
  cases(shape) {
    checkDims(shape, DIMS, 'resize');
    return KINDS.flatMap((kind) => [makeCase(shape, kind, false), makeCase(shape, kind, true)]);
  },
};

function makeCase(given: readonly number[], kind: Kind, backward: boolean): Case {
  const [n, size, channels] = given as [number, number, number];
  const results = 2 * size;
  const image = [n, size, size, channels];
  const [small, large] = [n * size * size * channels, n * results * results * channels];
  return {
    name: kind.name,
    pass: backward ? 'input gradient' : 'forward',
    shape: given,
    cost: { bytes: 4 * (small + large), flops: kind.flops * large },
    ...(backward && { ops: ['resizeBackward'] }),
    make() {
      const x = uniform(image, 1);
      const dy = uniform([n, results, results, channels], 2);
      return {
        inputs: { x, ...(backward && { dy }) },
        build(t) {
          const y = kind.apply(t.x!, [results, results]);
          return backward ? { dx: grad(sum(mul(y, t.dy!)), [t.x!])[0]! } : { y };
        },
        error(got) {
          const [y, dx] = [new Float64Array(large), new Float64Array(small)];
          const axis = Array.from({ length: results }, (_, o) => kind.reads(size, o));
          for (let i = 0; i < large; i++) {
            const c = i % channels;
            const ox = Math.floor(i / channels) % results;
            const row = Math.floor(i / channels / results);
            const picture = Math.floor(row / results);
            for (const [iy, down] of axis[row % results]!)
              for (const [ix, across] of axis[ox]!) {
                const at = ((picture * size + iy) * size + ix) * channels + c;
                y[i]! += down * across * x.values[at]!;
                dx[at]! += down * across * dy.values[i]!;
              }
          }
          return backward ? errorOf(got.dx!, (i) => dx[i]!) : errorOf(got.y!, (i) => y[i]!);
        },
      };
    },
  };
}
