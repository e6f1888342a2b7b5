/** Pooling over images, forward and its gradient. */

import { grad } from '../src/graph/autograd.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { avgPool2d, maxPool2d } from '../src/graph/ops/pool.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { poolTunable } from '../src/kernels/pool.ts';
import type { Shape } from '../src/kernels/tensor.ts';
import { type Window, windowOf } from '../src/kernels/window.ts';
import { type Case, checkDims, errorOf, type Family, type Problem, uniform } from './family.ts';

const DIMS = 'n,size,channels';

/** Kinds of pools, their windows, strides and padding. */
const KINDS = [
  { name: 'max 2 x 2', max: true, size: 2, stride: 2, padding: 0 },
  { name: 'max 3 x 3, stride 2', max: true, size: 3, stride: 2, padding: 1 },
  { name: 'average 2 x 2', max: false, size: 2, stride: 2, padding: 0 },
] as const;
type Kind = (typeof KINDS)[number];

export const family: Family = {
  name: 'pool',
  dims: DIMS,
  bytes:
    'forward reads x and writes y; backward reads dy, for maxima a byte a window, and writes dx',
  tolerance: 1e-6,
  shapes: [
    [1, 32, 256],
    [8, 64, 64],
  ],
  tunable: poolTunable,
  ladder: ['window', 'slide1', 'slide2', 'apart'],
  cases(shape) {
    checkDims(shape, DIMS, 'pool');
    return KINDS.flatMap((kind) => [makeCase(shape, kind, false), makeCase(shape, kind, true)]);
  },
};

function makeCase(given: readonly number[], kind: Kind, backward: boolean): Case {
  const [n, pixels, channels] = given as [number, number, number];
  const { max, size, stride, padding } = kind;
  const image = [n, pixels, pixels, channels];
  const window = windowOf('pool', [pixels, pixels], [size, size], { stride, padding });
  const [places] = window.places;
  const read = n * pixels * pixels * channels;
  const written = n * places * places * channels;
  const taps = backward && max ? (channels % 4 === 0 ? written : 4 * written) : 0;
  return {
    name: kind.name,
    pass: backward ? 'input gradient' : 'forward',
    shape: given,
    cost: { bytes: 4 * (read + written) + taps, flops: size * size * written },
    ...(backward && { ops: ['pool2dBackward'] }),
    make: () => poolProblem(image, window, max, backward),
  };
}

/** Pools images [n, h, w, c]; y is what is pooled, or the gradient of the images. */
export function poolProblem(
  image: Shape,
  window: Window,
  max: boolean,
  backward: boolean,
): Problem {
  const [n, height, width, channels] = image as [number, number, number, number];
  const [down, across] = window.places;
  const { kernel, stride, dilation, padding } = window;
  const results = [n, down, across, channels];
  const x = uniform(image, 1);
  const dy = uniform(results, 2);
  const [top, , left] = padding;
  const pool = max ? maxPool2d : avgPool2d;
  return {
    inputs: { x, ...(backward && { dy }) },
    build(t) {
      const y = pool(t.x!, kernel, { stride, dilation, padding });
      return { y: backward ? grad(sum(mul(y, t.dy!)), [t.x!])[0]! : y };
    },
    error(got) {
      const dx = new Float64Array(x.values.length);
      const y = new Float64Array(dy.values.length);
      const taps = kernel[0] * kernel[1];
      for (let i = 0; i < y.length; i++) {
        const c = i % channels;
        const [ox, oy] = [Math.floor(i / channels) % across, Math.floor(i / channels / across)];
        const [row, picture] = [oy % down, Math.floor(oy / down)];
        let [best, from] = [-Infinity, 0];
        for (let tap = 0; tap < taps; tap++) {
          const iy = row * stride[0] - top + Math.floor(tap / kernel[1]) * dilation[0];
          const ix = ox * stride[1] - left + (tap % kernel[1]) * dilation[1];
          if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
          const at = ((picture * height + iy) * width + ix) * channels + c;
          if (x.values[at]! > best) [best, from] = [x.values[at]!, at];
          if (max) continue;
          y[i]! += x.values[at]! / taps;
          dx[at]! += dy.values[i]! / taps;
        }
        if (!max) continue;
        y[i] = best;
        dx[from]! += dy.values[i]!;
      }
      const right = backward ? dx : y;
      return errorOf(got.y!, (i) => right[i]!);
    },
  };
}
