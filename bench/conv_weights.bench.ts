/** The weight gradient of convolution over images, with and without dilation. */

import { convWeights } from '../src/graph/ops/conv.ts';
import { convWeightsCost, convWeightsTunable } from '../src/kernels/conv_weights.ts';
import type { Shape } from '../src/kernels/tensor.ts';
import { type Window, windowOf } from '../src/kernels/window.ts';
import { checkDims, errorOf, type Family, type Problem, uniform } from './family.ts';

const DIMS = 'batch,height,width,cin,cout,kernel,stride,dilation';

export const family: Family = {
  name: 'conv weights',
  dims: DIMS,
  bytes:
    'x and dy are read once, dw is written; padding is `same`, and products with it take no flops',
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
    [1, 128, 128, 21, 32, 7, 2, 1],
    [1, 128, 128, 3, 16, 3, 2, 1],
  ],
  tunable: convWeightsTunable,
  ladder: ['naive', 'registers', 'subgroup4', 'subgroup8', 'tile'],
  cases(shape) {
    checkDims(shape, DIMS, 'conv weights');
    const [n, h, w, cin, cout, taps, stride, dilation] = shape as number[] as Sizes;
    const window = windowOf('conv weights', [h, w], [taps, taps], {
      padding: 'same',
      stride,
      dilation,
    });
    const [x, dy] = [
      [n, h, w, cin],
      [n, ...window.places, cout],
    ];
    const cost = convWeightsCost(x, dy, { window, groups: 1 });
    const make = () => weightsProblem(x, cout, window, 1);
    return [{ pass: 'weight gradient', shape, cost, make }];
  },
};

type Sizes = [number, number, number, number, number, number, number, number];

/** dw, checked by dw r for a random r over the columns, which sees every element. */
export function weightsProblem(
  shape: Shape,
  cout: number,
  window: Window,
  groups: number,
): Problem {
  const x = uniform(shape, 1);
  const dy = uniform([shape[0]!, ...window.places, cout], 2);
  return {
    inputs: { x, dy },
    build: (t) => ({ dw: convWeights(t.x!, t.dy!, window, groups) }),
    error({ dw }) {
      const r = uniform([cout], 3).values;
      const expected = weightsTimes(x.values, dy.values, r, shape, window, groups);
      const [rows, co] = [dw!.length / cout, cout / groups];
      const got = Float32Array.from({ length: expected.length }, (_, i) => {
        const [row, group] = [i % rows, Math.floor(i / rows)];
        let sum = 0;
        for (let c = group * co; c < (group + 1) * co; c++) sum += dw![row * cout + c]! * r[c]!;
        return sum;
      });
      return errorOf(got, (i) => expected[i]!);
    },
  };
}

/** dw r of each group in f64, [groups, rows]: x seen by each tap, times dy r. */
function weightsTimes(
  x: Float32Array,
  dy: Float32Array,
  r: Float32Array,
  [n, h, w, cin]: Shape,
  { kernel, stride, dilation, padding, places: [oh, ow] }: Window,
  groups: number,
): Float64Array {
  const [ci, co] = [cin! / groups, r.length / groups];
  const rows = kernel[0] * kernel[1] * ci;
  const sums = new Float64Array(groups * rows);
  for (let group = 0; group < groups; group++)
    for (let place = 0; place < n! * oh * ow; place++) {
      const [image, oy, ox] = [
        Math.floor(place / oh / ow),
        Math.floor(place / ow) % oh,
        place % ow,
      ];
      let dyr = 0;
      for (let c = group * co; c < (group + 1) * co; c++) dyr += dy[place * r.length + c]! * r[c]!;
      for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
        const iy = oy * stride[0] + Math.floor(tap / kernel[1]) * dilation[0] - padding[0];
        const ix = ox * stride[1] + (tap % kernel[1]) * dilation[1] - padding[2];
        if (iy < 0 || iy >= h! || ix < 0 || ix >= w!) continue;
        const from = ((image * h! + iy) * w! + ix) * cin! + group * ci;
        const to = group * rows + tap * ci;
        for (let c = 0; c < ci; c++) sums[to + c]! += x[from + c]! * dyr;
      }
    }
  return sums;
}
