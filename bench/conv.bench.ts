/** Convolutions: forward, and the gradient of the input. */

import { grad } from '../src/graph/autograd.ts';
import { type ConvOptions, conv2d } from '../src/graph/ops/conv.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { convTunable } from '../src/kernels/conv.ts';
import { forwardGather, meetings } from '../src/kernels/conv_gather.ts';
import { type Shape, sizeOf } from '../src/kernels/tensor.ts';
import { type Window, windowOf } from '../src/kernels/window.ts';
import type { Case, Family, Problem } from './family.ts';
import { checkDims, uniform } from './family.ts';

const DIMS = 'n,h,w,cin,cout,k,stride,dilation';

export const family: Family = {
  name: 'conv',
  dims: DIMS,
  bytes: '4 (x + w + y): x and w are read once, y is written; the gradient moves the same',
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
  ladder: ['naive', 'tile', 'registers', 'subgroup4', 'subgroup8', 'winograd'],
  cases(shape) {
    checkDims(shape, DIMS, 'conv');
    const { x, w, y, window } = sizesOf(shape);
    const cost = {
      bytes: 4 * (sizeOf(x) + sizeOf(w) + sizeOf(y)),
      // What a tap sees outside of the image takes no work.
      flops: 2 * x[0]! * meetings(forwardGather(window), window.image) * x[3]! * w[3]!,
    };
    return [
      { pass: 'forward', shape, cost, make: () => convProblem(sizesOf(shape)) },
      {
        pass: 'input gradient',
        shape,
        cost,
        ops: ['conv2dInputGradient'],
        make: () => convProblem(sizesOf(shape), true),
      },
    ] satisfies Case[];
  },
};

interface Sizes {
  readonly x: Shape;
  readonly w: Shape;
  readonly y: Shape;
  readonly window: Window;
  readonly options: ConvOptions;
}

/** Zeros around keep the size of the image, but for the stride. */
function sizesOf([n, h, w, cin, cout, k, stride, dilation]: Shape): Sizes {
  const kernel = [k!, k!] as const;
  return convSizes([n!, h!, w!, cin!], cout!, kernel, stride!, dilation!, 1);
}

/** The same for other windows, and with groups. */
export function convSizes(
  x: Shape,
  cout: number,
  kernel: readonly [number, number],
  stride: number,
  dilation: number,
  groups: number,
): Sizes {
  const around = kernel.flatMap((taps) => {
    const zeros = Math.floor((dilation * (taps - 1)) / 2);
    return [zeros, zeros];
  }) as [number, number, number, number];
  const options = { stride, dilation, padding: around, groups };
  const window = windowOf('conv', [x[1]!, x[2]!], kernel, options);
  const w = [...kernel, x[3]! / groups, cout];
  return { x, w, y: [x[0]!, ...window.places, cout], window, options };
}

/**
 * y = x * w, checked by y r = x * (w r) for a random r: that costs little, and sees every element.
 * Or the gradient of x, checked in the same way. The output is y in any case.
 */
export function convProblem(sizes: Sizes, gradient = false): Problem {
  const { options } = sizes;
  const x = uniform(sizes.x, 1);
  const w = uniform(sizes.w, 2);
  const dy = uniform(sizes.y, 3);
  return {
    inputs: gradient ? { x, w, dy } : { x, w },
    build: ({ x, w, dy }) => {
      const y = conv2d(x!, w!, options);
      return { y: gradient ? grad(sum(mul(y, dy!)), [x!])[0]! : y };
    },
    error: ({ y }) =>
      gradient
        ? gradientError(sizes, w.values, dy.values, y!)
        : forwardError(sizes, x.values, w.values, y!),
  };
}

function forwardError(
  { x: shape, w: { 2: inner, 3: cout }, y: result, window, options }: Sizes,
  x: Float32Array,
  w: Float32Array,
  y: Float32Array,
) {
  const cin = shape[3]!;
  const r = uniform([cout!], 4).values;
  // Of each tap and channel of x, the weights of its group times r.
  const kernel = new Float64Array(sizeOf(window.kernel) * cin);
  w.forEach((v, i) => {
    const [row, channel] = [Math.floor(i / cout!), i % cout!];
    const group = Math.floor((channel * options.groups!) / cout!);
    kernel[Math.floor(row / inner!) * cin + group * inner! + (row % inner!)]! += v * r[channel]!;
  });
  const expected = new Float64Array(sizeOf(result) / cout!);
  eachTap(shape, window, (place, pixel, tap) => {
    let sum = 0;
    for (let c = 0; c < cin; c++) sum += x[pixel * cin + c]! * kernel[tap * cin + c]!;
    expected[place]! += sum;
  });
  return difference(times(y, r), expected);
}

function gradientError(
  { x: shape, w: { 2: inner, 3: cout }, window, options }: Sizes,
  w: Float32Array,
  dy: Float32Array,
  dx: Float32Array,
) {
  const cin = shape[3]!;
  const r = uniform([cin], 4).values;
  // Of each tap and channel of y, the weights of its group times r.
  const kernel = new Float64Array(sizeOf(window.kernel) * cout!);
  w.forEach((v, i) => {
    const [row, channel] = [Math.floor(i / cout!), i % cout!];
    const group = Math.floor((channel * options.groups!) / cout!);
    kernel[Math.floor(row / inner!) * cout! + channel]! += v * r[group * inner! + (row % inner!)]!;
  });
  const expected = new Float64Array(sizeOf(shape) / cin);
  eachTap(shape, window, (place, pixel, tap) => {
    let sum = 0;
    for (let c = 0; c < cout!; c++) sum += dy[place * cout! + c]! * kernel[tap * cout! + c]!;
    expected[pixel]! += sum;
  });
  return difference(times(dx, r), expected);
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
