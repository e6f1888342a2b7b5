/** Transposed convolution, forward and with both gradients, against a scatter in f64. */

import { expect, test } from 'vitest';
import { type ConvTransposeOptions, convTranspose2d } from '../../src/graph/ops/conv_transpose.ts';
import { add, relu } from '../../src/graph/ops/elementwise.ts';
import { planOf } from '../../src/graph/program.ts';
import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import { checkOp } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, type Numbers } from '../reference.ts';

const devices = await openDevices();

const both = (pair: number | readonly [number, number]) =>
  typeof pair === 'number' ? ([pair, pair] as const) : pair;

/** Every pixel of x hands its products to the pixels of y that its window covers. */
function scattered(
  [x, w]: readonly Numbers[],
  { stride = 1, padding = 0, outputPadding = 0 }: ConvTransposeOptions = {},
): Numbers {
  const [n, h, width, cin] = x!.shape as [number, number, number, number];
  const [kh, kw, cout] = w!.shape as [number, number, number];
  const [sides, steps, more] = [
    typeof padding === 'number' ? [padding, padding, padding, padding] : padding,
    both(stride),
    both(outputPadding),
  ];
  const rows = (h - 1) * steps[0] + kh + more[0] - sides[0]! - sides[1]!;
  const columns = (width - 1) * steps[1] + kw + more[1] - sides[2]! - sides[3]!;
  const shape = [n, rows, columns, cout];
  const values = Array<number>(sizeOf(shape)).fill(0);
  generate(x!.shape, ([image, py, px, ci], from) => {
    for (let ky = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++) {
        const qy = py! * steps[0] + ky - sides[0]!;
        const qx = px! * steps[1] + kx - sides[2]!;
        if (qy < 0 || qy >= rows || qx < 0 || qx >= columns) continue;
        for (let co = 0; co < cout; co++) {
          const to = ((image! * rows + qy) * columns + qx) * cout + co;
          values[to]! += x!.values[from]! * at(w!, [ky, kx, co, ci!]);
        }
      }
    return cin;
  });
  return { shape, values };
}

type Case = readonly [why: string, x: Shape, w: Shape, options?: ConvTransposeOptions];
const cases: Case[] = [
  ['a single pixel and tap', [1, 1, 1, 1], [1, 1, 1, 1]],
  ['one tap, a product of matrices', [2, 3, 4, 8], [1, 1, 12, 8]],
  ['2 x 2, stride 2', [2, 3, 5, 8], [2, 2, 12, 8], { stride: 2 }],
  ['4 x 4, stride 2, twice the size', [2, 5, 3, 8], [4, 4, 4, 8], { stride: 2, padding: 1 }],
  ['4 x 4, stride 2, odd channels', [1, 4, 5, 5], [4, 4, 7, 5], { stride: 2, padding: 1 }],
  ['more channels than a tile', [1, 3, 3, 36], [2, 2, 68, 36], { stride: 2 }],
  [
    '3 x 3, stride 2, a row and column more',
    [1, 4, 3, 4],
    [3, 3, 4, 4],
    { stride: 2, padding: 1, outputPadding: 1 },
  ],
  ['stride 1: a convolution with taps in reverse', [1, 5, 6, 4], [3, 3, 8, 4], { padding: 1 }],
  [
    'a stride above the taps leaves pixels that nothing reaches',
    [1, 3, 2, 4],
    [2, 1, 4, 4],
    { stride: [3, 2], outputPadding: [2, 1] },
  ],
  [
    'padding that differs by side',
    [1, 4, 5, 3],
    [5, 4, 6, 3],
    { stride: [2, 3], padding: [2, 1, 0, 3] },
  ],
  [
    'padding beyond all taps of the first pixels',
    [1, 6, 6, 4],
    [2, 2, 4, 4],
    { stride: 2, padding: [3, 0, 4, 1] },
  ],
];

checkOp<ConvTransposeOptions>('convTranspose2d', devices, {
  op: ([x, w], options) => convTranspose2d(x!, w!, options),
  reference: scattered,
  tolerance: 2e-6,
  cases: cases.map(([why, x, w, options = {}]) => {
    // So that sums are about 1.
    const terms = w[3]! * Math.ceil(sizeOf(w.slice(0, 2)) / sizeOf(both(options.stride ?? 1)));
    return [why, [x, w], options, (z) => z / terms ** 0.25];
  }),
});

checkOp('convTranspose2d with a bias, a ReLU and a residual', devices, {
  op: ([x, w, bias, residual]) =>
    add(relu(add(convTranspose2d(x!, w!, { stride: 2, padding: 1 }), bias!)), residual!),
  reference: ([x, w, bias, residual]) => {
    const y = scattered([x!, w!], { stride: 2, padding: 1 });
    return generate(
      y.shape,
      (index, i) => Math.max(0, y.values[i]! + at(bias!, index.slice(-1))) + at(residual!, index),
    );
  },
  tolerance: 2e-6,
  cases: [
    ['quads', [[2, 3, 4, 8], [4, 4, 4, 8], [4], [2, 6, 8, 4]], undefined, (z) => z / 2],
    ['odd channels', [[1, 3, 4, 3], [4, 4, 5, 3], [5], [1, 6, 8, 5]], undefined, (z) => z / 2],
  ],
});

test('bias, activation and residual are computed with the transposed convolution', () => {
  const { dispatches } = planOf(
    devices[0]!.gpu,
    ({ x, w, bias, residual }) => ({
      y: add(relu(add(convTranspose2d(x, w, { stride: 2 }), bias)), residual),
    }),
    { x: [1, 4, 4, 8], w: [2, 2, 8, 8], bias: [8], residual: [1, 8, 8, 8] },
  );
  // One for each phase of the stride.
  expect(dispatches).toHaveLength(4);
});

test.each<[string, Shape, Shape, ConvTransposeOptions | undefined, string]>([
  ['axes', [4, 4, 8], [2, 2, 8, 8], undefined, 'Reshape what has other axes'],
  ['channels', [1, 4, 4, 8], [2, 2, 8, 6], undefined, 'Transpose w by [0, 1, 3, 2]'],
  ['PyTorch weights', [1, 4, 4, 8], [8, 6, 2, 2], undefined, 'transpose it by [2, 3, 1, 0]'],
  [
    'output padding',
    [1, 4, 4, 8],
    [2, 2, 6, 8],
    { stride: 2, outputPadding: 2 },
    'below the stride',
  ],
  ['too much padding', [1, 1, 1, 8], [2, 2, 6, 8], { padding: 1 }, 'Pad less'],
  ['a stride of 0', [1, 2, 2, 8], [2, 2, 6, 8], { stride: 0 }, 'stride 0 is no whole number'],
])('refused with a repair: %s', (_, x, w, options, repair) => {
  const build = () =>
    planOf(devices[0]!.gpu, (t) => ({ y: convTranspose2d(t.x!, t.w!, options) }), { x, w });
  expect(build).toThrow(repair);
});
