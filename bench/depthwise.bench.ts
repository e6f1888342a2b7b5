/** Depthwise convolution with padding 'same': forward, and the gradients of input and weights. */

import { grad } from '../src/graph/autograd.ts';
import { depthwiseConv2d } from '../src/graph/ops/depthwise.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import type { Tensor } from '../src/graph/trace.ts';
import { depthwiseTunable } from '../src/kernels/depthwise.ts';
import { type Shape, sizeOf } from '../src/kernels/tensor.ts';
import { type Window, windowOf } from '../src/kernels/window.ts';
import { type Case, checkDims, errorOf, type Family, type Problem, uniform } from './family.ts';
import type { Pass } from './rows.ts';

const DIMS = 'n,h,w,c,k,stride,dilation';

export const family: Family = {
  name: 'depthwise',
  dims: DIMS,
  bytes: 'forward reads x and writes y; the gradients read dy, and write dx or read x',
  tolerance: 1e-5,
  shapes: [
    [1, 32, 32, 256, 3, 1, 1],
    [8, 32, 32, 256, 3, 1, 1],
    [1, 32, 32, 256, 5, 1, 1],
    [8, 32, 32, 256, 5, 1, 1],
    [1, 32, 32, 256, 7, 1, 1],
    [1, 32, 32, 256, 3, 1, 6],
    [1, 64, 64, 128, 3, 2, 1],
    [1, 64, 64, 128, 5, 2, 1],
  ],
  tunable: depthwiseTunable,
  ladder: ['naive', 'tile', 'ranges', 'strips2', 'columns3x3'],
  cases(shape) {
    checkDims(shape, DIMS, 'depthwise');
    return (['forward', 'input gradient', 'weight gradient'] as const).map((pass) =>
      makeCase(shape, pass),
    );
  },
};

type Seven = [number, number, number, number, number, number, number];

function makeCase(shape: Shape, pass: Pass): Case {
  const [n, h, w, c, k, stride, dilation] = shape as readonly [...Seven];
  const options = { padding: 'same', stride, dilation } as const;
  const window = windowOf('depthwise', [h, w], [k, k], options);
  const [size, results] = [n * h * w * c, n * c * sizeOf(window.places)];
  const touched = pass === 'weight gradient' ? size + results + k * k * c : size + results;
  return {
    pass,
    shape,
    cost: { bytes: 4 * touched, flops: 2 * k * k * results },
    ...(pass === 'input gradient' && { ops: ['depthwiseInputGradient'] }),
    ...(pass === 'weight gradient' && { ops: ['depthwiseWeightGradient'] }),
    make: () => depthwiseProblem([n, h, w, c], window, pass),
  };
}

/** Random images and weights, and a check of all results in f64. */
export function depthwiseProblem(images: Shape, window: Window, pass: Pass): Problem {
  const { stride, dilation, padding } = window;
  const x = uniform(images, 1);
  const w = uniform([...window.kernel, 1, images[3]!], 2);
  const dy = uniform([images[0]!, ...window.places, images[3]!], 3);
  return {
    inputs: { x, w, ...(pass !== 'forward' && { dy }) },
    build(t): Record<string, Tensor> {
      const y = depthwiseConv2d(t.x!, t.w!, { stride, dilation, padding });
      if (pass === 'forward') return { y };
      const loss = sum(mul(y, t.dy!));
      if (pass === 'input gradient') return { dx: grad(loss, [t.x!])[0]! };
      return { dw: grad(loss, [t.w!])[0]! };
    },
    error(got) {
      const [name, values] = Object.entries(got)[0]!;
      const right = sums(images, window, { x: x.values, w: w.values, dy: dy.values }, name);
      return errorOf(values, (i) => right[i]!);
    },
  };
}

/** y, dx or dw of random images. */
function sums(
  [n, h, width, c]: Shape,
  { kernel, places, stride, dilation, padding }: Window,
  { x, w, dy }: Record<'x' | 'w' | 'dy', Float32Array>,
  name: string,
): Float64Array {
  const to = new Float64Array({ y: dy, dx: x, dw: w }[name]!.length);
  for (let pixel = 0; pixel < n! * places[0] * places[1]; pixel++) {
    const image = Math.floor(pixel / places[0] / places[1]);
    const iy = (Math.floor(pixel / places[1]) % places[0]) * stride[0] - padding[0];
    const ix = (pixel % places[1]) * stride[1] - padding[2];
    for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
      const row = iy + Math.floor(tap / kernel[1]) * dilation[0];
      const column = ix + (tap % kernel[1]) * dilation[1];
      if (row < 0 || row >= h! || column < 0 || column >= width!) continue;
      const [a, b, d] = [((image * h! + row) * width! + column) * c!, tap * c!, pixel * c!];
      for (let i = 0; i < c!; i++) {
        if (name === 'y') to[d + i]! += x[a + i]! * w[b + i]!;
        else if (name === 'dx') to[a + i]! += dy[d + i]! * w[b + i]!;
        else to[b + i]! += dy[d + i]! * x[a + i]!;
      }
    }
  }
  return to;
}
