/** Convolutions: forward, and the gradients of the input and of the weights. */

import { grad } from '../src/graph/autograd.ts';
import { conv2d } from '../src/graph/ops/conv.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { convTunable } from '../src/kernels/conv.ts';
import { type Shape, sizeOf } from '../src/kernels/tensor.ts';
import { type Window, windowOf } from '../src/kernels/window.ts';
import type { Case, Family, Problem } from './family.ts';
import { checkDims, uniform } from './family.ts';

const DIMS = 'n,h,w,cin,cout,k,stride,dilation';

export const family: Family = {
  name: 'conv',
  dims: DIMS,
  bytes: '4 (x + w + y): x and w are read once, y is written; the gradients move the same',
  tolerance: 1e-5,
  shapes: [
    [1, 64, 64, 64, 64, 3, 1, 1],
    [8, 64, 64, 64, 64, 3, 1, 1],
    [1, 16, 16, 256, 256, 3, 1, 1],
    [8, 16, 16, 256, 256, 3, 1, 1],
    [1, 32, 32, 128, 128, 3, 1, 6],
    [1, 32, 32, 128, 128, 3, 1, 12],
    [1, 32, 32, 128, 128, 3, 1, 18],
    [1, 64, 64, 64, 256, 1, 1, 1],
    // The first layer of a network that sees 21 maps.
    [1, 128, 128, 21, 32, 7, 2, 1],
  ],
  tunable: convTunable,
  ladder: ['naive', 'tile', 'registers', 'subgroup4', 'subgroup8'],
  cases(shape) {
    checkDims(shape, DIMS, 'conv');
    const { x, w, y } = sizesOf(shape);
    const cost = {
      bytes: 4 * (sizeOf(x) + sizeOf(w) + sizeOf(y)),
      flops: 2 * sizeOf(y) * sizeOf(w.slice(0, 3)),
    };
    return [
      { pass: 'forward', shape, cost, make: () => forward(shape) },
      {
        pass: 'input gradient',
        shape,
        cost,
        ops: ['conv2dInputGradient'],
        make: () => gradient(shape, 'x'),
      },
      {
        pass: 'weight gradient',
        shape,
        cost,
        ops: ['conv2dWeightGradient'],
        make: () => gradient(shape, 'w'),
      },
    ] satisfies Case[];
  },
};

/** Zeros around keep the size of the image, but for the stride. */
function sizesOf(shape: Shape) {
  const [n, h, width, cin, cout, k, stride, dilation] = shape as number[] & { length: 8 };
  const padding = Math.floor((dilation! * (k! - 1)) / 2);
  const options = { stride: stride!, dilation: dilation!, padding };
  const window = windowOf('conv', [h!, width!], [k!, k!], options);
  const x = [n!, h!, width!, cin!];
  return { x, w: [k!, k!, cin!, cout!], y: [n!, ...window.places, cout!], window, options };
}

/** y = x * w, checked by y r = x * (w r) for a random r: that costs little, and sees every element. */
function forward(shape: Shape): Problem {
  const { window, options, ...sizes } = sizesOf(shape);
  const [x, w] = [uniform(sizes.x, 1), uniform(sizes.w, 2)];
  return {
    inputs: { x, w },
    build: ({ x, w }) => ({ y: conv2d(x!, w!, options) }),
    error({ y }) {
      const cout = sizes.w[3]!;
      const r = uniform([cout], 3).values;
      const kernel = times(w.values, r);
      const expected = new Float64Array(sizeOf(sizes.y) / cout);
      eachTap(sizes.x, window, (place, pixel, tap) => {
        const cin = sizes.x[3]!;
        let sum = 0;
        for (let c = 0; c < cin; c++) sum += x.values[pixel * cin + c]! * kernel[tap * cin + c]!;
        expected[place]! += sum;
      });
      return difference(times(y!, r), expected);
    },
  };
}

/** The gradient of x checked by dx r, that of w by dw s, in the same way. */
function gradient(shape: Shape, wrt: 'x' | 'w'): Problem {
  const { window, options, ...sizes } = sizesOf(shape);
  const [cin, cout] = [sizes.x[3]!, sizes.w[3]!];
  const given = { x: uniform(sizes.x, 1), w: uniform(sizes.w, 2), dy: uniform(sizes.y, 3) };
  return {
    inputs: given,
    build: ({ x, w, dy }) => {
      const loss = sum(mul(conv2d(x!, w!, options), dy!));
      return { d: grad(loss, [wrt === 'x' ? x! : w!])[0]! };
    },
    error({ d }) {
      const r = uniform([wrt === 'x' ? cin : cout], 4).values;
      const { x, w, dy } = given;
      if (wrt === 'w') {
        const along = times(dy.values, r);
        const expected = new Float64Array(sizeOf(sizes.w) / cout);
        eachTap(sizes.x, window, (place, pixel, tap) => {
          for (let c = 0; c < cin; c++)
            expected[tap * cin + c]! += x.values[pixel * cin + c]! * along[place]!;
        });
        return difference(times(d!, r), expected);
      }
      // Of each tap, the rows times r: as many numbers as y has channels.
      const taps = new Float64Array(sizeOf(window.kernel) * cout);
      w.values.forEach((v, i) => {
        const row = Math.floor(i / cout);
        taps[Math.floor(row / cin) * cout + (i % cout)]! += v * r[row % cin]!;
      });
      const expected = new Float64Array(sizeOf(sizes.x) / cin);
      eachTap(sizes.x, window, (place, pixel, tap) => {
        let sum = 0;
        for (let c = 0; c < cout; c++) sum += dy.values[place * cout + c]! * taps[tap * cout + c]!;
        expected[pixel]! += sum;
      });
      return difference(times(d!, r), expected);
    },
  };
}

/** Visits each place with each pixel that it sees, and the tap through which it does. */
function eachTap(
  [images, height, width]: Shape,
  { places, kernel, stride, dilation, padding }: Window,
  visit: (place: number, pixel: number, tap: number) => void,
) {
  for (let n = 0; n < images!; n++)
    for (let py = 0; py < places[0]; py++)
      for (let px = 0; px < places[1]; px++)
        for (let ty = 0; ty < kernel[0]; ty++)
          for (let tx = 0; tx < kernel[1]; tx++) {
            const y = py * stride[0] + ty * dilation[0] - padding[0];
            const x = px * stride[1] + tx * dilation[1] - padding[2];
            if (y < 0 || y >= height! || x < 0 || x >= width!) continue;
            const place = (n * places[0] + py) * places[1] + px;
            visit(place, (n * height! + y) * width! + x, ty * kernel[1] + tx);
          }
}

/** Rows of [..., columns] times a vector, in f64. */
function times(rows: Float32Array, vector: Float32Array): Float64Array {
  const sums = new Float64Array(rows.length / vector.length);
  rows.forEach((v, i) => {
    sums[Math.floor(i / vector.length)]! += v * vector[i % vector.length]!;
  });
  return sums;
}

/** The largest difference, in parts of the largest value. */
function difference(got: Float64Array, expected: Float64Array): number {
  let [worst, largest] = [0, 0];
  expected.forEach((value, i) => {
    const off = Math.abs(got[i]! - value);
    worst = Number.isNaN(off) ? Infinity : Math.max(worst, off);
    largest = Math.max(largest, Math.abs(value));
  });
  return worst / largest;
}
