/** Convolution in f64, written to be obviously right, and cases that every kernel of it must pass. */

import type { ConvOptions } from '../../src/graph/ops/conv.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import type { Pair } from '../../src/kernels/window.ts';
import { at, generate, type Numbers } from '../reference.ts';

const both = (pair: Pair = 1) => (typeof pair === 'number' ? ([pair, pair] as const) : pair);

/** Rows or columns of zeros before and after, and how many results there are. */
function along(axis: 0 | 1, size: number, taps: number, options: ConvOptions) {
  const stride = both(options.stride)[axis];
  const reach = (taps - 1) * both(options.dilation)[axis] + 1;
  const { padding = 0 } = options;
  if (padding === 'same') {
    const places = Math.ceil(size / stride);
    const zeros = Math.max(0, (places - 1) * stride + reach - size);
    return { before: Math.floor(zeros / 2), places };
  }
  const [before, after] =
    typeof padding === 'number' ? [padding, padding] : padding.slice(2 * axis, 2 * axis + 2);
  const places = Math.floor((size + before! + after! - reach) / stride) + 1;
  return { before: before!, places };
}

export function convolved([x, w]: readonly Numbers[], options: ConvOptions = {}): Numbers {
  const [n, height, width, cin] = x!.shape as [number, number, number, number];
  const [kh, kw, inner, cout] = w!.shape as [number, number, number, number];
  const { groups = 1 } = options;
  const [stride, dilation] = [both(options.stride), both(options.dilation)];
  const [rows, columns] = [along(0, height, kh, options), along(1, width, kw, options)];
  return generate([n, rows.places, columns.places, cout], ([image, row, column, channel]) => {
    const group = Math.floor(channel! / (cout / groups));
    let sum = 0;
    for (let i = 0; i < kh; i++)
      for (let j = 0; j < kw; j++) {
        const y = row! * stride[0] + i * dilation[0] - rows.before;
        const x_ = column! * stride[1] + j * dilation[1] - columns.before;
        if (y < 0 || y >= height || x_ < 0 || x_ >= width) continue;
        for (let c = 0; c < inner; c++) {
          const from = ((image! * height + y) * width + x_) * cin + group * inner + c;
          sum += x!.values[from]! * at(w!, [i, j, c, channel!]);
        }
      }
    return sum;
  });
}

/** Why, x, w, options. */
export type ConvCase = readonly [why: string, x: Shape, w: Shape, options?: ConvOptions];

/** Few, for every kernel: each way through it. */
export const everyWay: readonly ConvCase[] = [
  ['quads of channels, batch, same', [2, 5, 7, 4], [3, 3, 4, 8], { padding: 'same' }],
  ['more places and channels than a tile', [1, 9, 9, 8], [3, 3, 8, 68], { padding: 1 }],
  ['stride 2, quads', [2, 9, 8, 4], [3, 3, 4, 4], { stride: 2, padding: 1 }],
  ['a stem of 3 channels', [1, 11, 10, 3], [7, 7, 3, 8], { stride: 2, padding: 3 }],
  ['odd channels', [2, 5, 6, 5], [3, 3, 5, 7], { padding: 'same' }],
  ['odd channels of y only', [1, 6, 5, 4], [2, 2, 4, 3], {}],
  ['groups of quads', [1, 5, 5, 8], [3, 3, 4, 16], { groups: 2, padding: 1 }],
  ['odd groups', [1, 5, 5, 9], [3, 3, 3, 6], { groups: 3, padding: 1, dilation: 2 }],
  ['dilation beyond the image', [1, 7, 6, 4], [3, 3, 4, 4], { dilation: 6, padding: 6 }],
  ['stride 2 with dilation 3', [1, 10, 9, 4], [3, 3, 4, 8], { stride: 2, dilation: 3, padding: 3 }],
];

/** Of the variant that is used. */
export const manyCases: readonly ConvCase[] = [
  ['a single product', [1, 1, 1, 1], [1, 1, 1, 1]],
  ['1x1 is a product', [2, 3, 5, 8], [1, 1, 8, 12]],
  ['1x1 with odd channels', [2, 3, 5, 7], [1, 1, 7, 3]],
  ['1x1 with stride 2 leaves pixels without gradient', [2, 5, 6, 4], [1, 1, 4, 8], { stride: 2 }],
  ['1x1 with stride 3 and odd channels', [1, 7, 8, 3], [1, 1, 3, 5], { stride: 3 }],
  ['1x1 with zeros around', [1, 3, 2, 4], [1, 1, 4, 4], { padding: 1 }],
  ['1x1 with groups', [1, 3, 3, 8], [1, 1, 4, 8], { groups: 2 }],
  ['2x2 with stride 2', [2, 6, 8, 4], [2, 2, 4, 4], { stride: 2 }],
  ['2x2, same puts the odd row below', [1, 4, 5, 4], [2, 2, 4, 4], { padding: 'same' }],
  ['3x3 without zeros', [1, 5, 4, 4], [3, 3, 4, 4]],
  ['3x3 with stride 3', [1, 10, 8, 4], [3, 3, 4, 8], { stride: 3, padding: 1 }],
  ['5x5 with stride 2, same', [1, 9, 12, 4], [5, 5, 4, 8], { stride: 2, padding: 'same' }],
  ['5x5 with stride 3 and odd channels', [1, 11, 10, 3], [5, 5, 3, 5], { stride: 3, padding: 2 }],
  ['7x7 with stride 2 on 21 channels', [1, 12, 11, 21], [7, 7, 21, 8], { stride: 2, padding: 3 }],
  ['a stem of 8 channels', [1, 8, 8, 8], [7, 7, 8, 4], { stride: 2, padding: 3 }],
  ['zeros on every side differ', [1, 5, 6, 4], [3, 3, 4, 4], { padding: [2, 0, 1, 3] }],
  ['zeros on one side, stride 2', [2, 6, 6, 4], [3, 3, 4, 4], { padding: [0, 1, 0, 1], stride: 2 }],
  ['stride and dilation by axis', [1, 9, 8, 4], [3, 2, 4, 4], { stride: [1, 2], dilation: [2, 1] }],
  ['a kernel of one row', [1, 5, 9, 4], [1, 5, 4, 4], { padding: [0, 0, 2, 2] }],
  ['a kernel of one column', [2, 9, 3, 4], [5, 1, 4, 4], { padding: [2, 2, 0, 0] }],
  ['an image smaller than the window', [2, 2, 3, 4], [5, 5, 4, 8], { padding: 2 }],
  ['an image of one pixel', [1, 1, 1, 4], [3, 3, 4, 4], { padding: 1 }],
  ['more zeros than the window', [1, 2, 2, 4], [2, 2, 4, 4], { padding: 3 }],
  ['rows that no window reaches', [1, 8, 8, 4], [2, 2, 4, 4], { stride: 3 }],
  ['stride beyond the window', [1, 9, 9, 4], [2, 2, 4, 4], { stride: 4 }],
  [
    'stride 4 and dilation 2 have a common factor',
    [1, 13, 12, 4],
    [3, 3, 4, 4],
    { stride: 4, dilation: 2, padding: 2 },
  ],
  ['stride 3 and dilation 3', [1, 12, 10, 4], [3, 3, 4, 4], { stride: 3, dilation: 3, padding: 3 }],
  ['dilation 12', [1, 13, 14, 4], [3, 3, 4, 8], { dilation: 12, padding: 12 }],
  ['dilation 24, same', [1, 5, 26, 4], [3, 3, 4, 4], { dilation: 24, padding: 'same' }],
  ['as many groups as channels', [1, 5, 5, 4], [3, 3, 1, 8], { groups: 4, padding: 1 }],
  ['groups of 5 channels', [2, 5, 4, 10], [3, 3, 5, 20], { groups: 2, padding: 1 }],
  ['groups with stride 2', [1, 7, 7, 16], [3, 3, 8, 8], { groups: 2, stride: 2, padding: 1 }],
  ['a long inner axis', [1, 4, 4, 132], [3, 3, 132, 4], { padding: 1 }],
];

/** So that sums of products are of size 1. */
export const scaled = (w: Shape) => (z: number) => z / (w[0]! * w[1]! * w[2]!) ** 0.25;
