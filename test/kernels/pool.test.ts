/** Pooling against loops over windows in f64: kernel sizes, strides, padding, dilation, ties, and every variant. */

import { describe, expect, test } from 'vitest';
import { avgPool2d, maxPool2d } from '../../src/graph/ops/pool.ts';
import { compile, planOf } from '../../src/graph/program.ts';
import { type AvgPoolOptions, grad, mul, sum } from '../../src/index.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import { windowOf } from '../../src/kernels/window.ts';
import { checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, type Numbers, total } from '../reference.ts';

const devices = await openDevices();

interface Pool extends AvgPoolOptions {
  readonly size: readonly [number, number];
}

/** `reduce` of the pixels that each window holds, and of how many taps it has. */
function pooled(
  x: Numbers,
  { size, ...options }: Pool,
  reduce: (values: number[], taps: number) => number,
): Numbers {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const window = windowOf('pool', [h, w], size, { stride: size, ...options });
  const { places, stride, dilation, padding } = window;
  return generate([n, ...places, c], (index) => {
    const [image, oy, ox, channel] = index as [number, number, number, number];
    const values: number[] = [];
    for (let ky = 0; ky < size[0]; ky++)
      for (let kx = 0; kx < size[1]; kx++) {
        const iy = oy * stride[0] - padding[0] + ky * dilation[0];
        const ix = ox * stride[1] - padding[2] + kx * dilation[1];
        if (iy >= 0 && iy < h && ix >= 0 && ix < w) values.push(at(x, [image, iy, ix, channel]));
      }
    return reduce(values, size[0] * size[1]);
  });
}

const cases: (readonly [string, Operand[], Pool])[] = [
  ['halves', [[2, 6, 8, 8]], { size: [2, 2] }],
  [
    'halves of odd sizes, whose last row and column no window holds',
    [[1, 5, 7, 4]],
    { size: [2, 2] },
  ],
  ['the pool of a residual network', [[2, 9, 8, 4]], { size: [3, 3], stride: 2, padding: 1 }],
  ['every pixel', [[1, 5, 6, 4]], { size: [3, 3], stride: 1, padding: 1 }],
  ['single channels', [[2, 7, 5, 3]], { size: [3, 3], stride: 2, padding: 1 }],
  ['large windows', [[1, 9, 9, 4]], { size: [5, 5], stride: 1, padding: 2 }],
  ['one pixel, one channel', [[1, 1, 1, 1]], { size: [1, 1] }],
  ['gaps between windows', [[1, 9, 8, 4]], { size: [2, 2], stride: [4, 3] }],
  ['tall windows', [[2, 8, 5, 8]], { size: [4, 1], stride: [2, 1], padding: [1, 2, 0, 0] }],
  ['wide windows', [[2, 5, 8, 5]], { size: [1, 3], stride: [1, 2], padding: [0, 0, 0, 2] }],
  ['the whole image', [[3, 4, 5, 4]], { size: [4, 5] }],
  ["'same' padding", [[1, 6, 7, 4]], { size: [3, 2], stride: 2, padding: 'same' }],
];
const dilated: typeof cases = [
  ['dilation', [[1, 9, 8, 4]], { size: [3, 3], stride: 1, padding: 2, dilation: 2 }],
  ['dilation of one axis, stride', [[2, 9, 8, 3]], { size: [2, 3], stride: 2, dilation: [3, 1] }],
  ['dilation of 24', [[1, 30, 27, 4]], { size: [2, 2], stride: 1, dilation: 24 }],
  ['more taps than a byte counts', [[1, 17, 18, 4]], { size: [17, 16], stride: 1 }],
];
/** Values of which many are the same: the first of a window counts. */
const TIES = [1, 2, 2, 0, 2, 1, 0, 2, 2];
const tied = ({ shape }: { shape: Shape }) => ({
  shape,
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => TIES[i % 9]!),
});

/** All windows one by one; of the walks, what differs between numbers of rows. */
const casesOf: Record<string, typeof cases> = {
  window: [...cases, ...dilated],
  apart: cases.filter(([, , { size, stride = size }]) => {
    const [down, across] = typeof stride === 'number' ? [stride, stride] : stride;
    return size[0] <= down && size[1] <= across;
  }),
  slide1: cases,
  slide2: cases.slice(1, 5),
  slide4: cases.slice(2, 5),
};
for (const [variant, all] of Object.entries(casesOf)) {
  const variants = { pool: variant };
  const size = variant === 'apart' ? ([2, 2] as const) : ([3, 3] as const);
  checkOp<Pool>(`maxPool2d by ${variant}`, devices, {
    op: ([x], { size, ...options }) => maxPool2d(x!, size, options),
    reference: ([x], a) => pooled(x!, a, (values) => Math.max(...values)),
    cases: [
      ...all,
      [
        'far below zero, which padding is not',
        [[1, 4, 4, 4]],
        { size, stride: 2, padding: 1 },
        // Spread as wide as they are far: halves hold which is the largest.
        (z) => -100 * Math.exp(z),
      ],
    ],
    tolerance: 1e-5,
    variants,
  });
  checkOp<Pool>(`avgPool2d by ${variant}`, devices, {
    op: ([x], { size, ...options }) => avgPool2d(x!, size, options),
    reference: ([x], a) =>
      pooled(
        x!,
        a,
        (values, taps) => total(values) / (a.countPadding === false ? values.length : taps),
      ),
    cases: [
      ...all.slice(-6),
      [
        'padding that does not count',
        [[2, 7, 8, 4]],
        { size, stride: 2, padding: 1, countPadding: false },
      ],
    ],
    variants,
  });
}

describe.each(devices)('on $label', ({ gpu }) => {
  test.each(['window', 'slide1', 'slide2'])(
    'of equal values the first takes the gradient, by %s',
    async (variant) => {
      const x = tied({ shape: [1, 6, 6, 4] });
      const program = await compile(
        gpu,
        ({ x, dy }) => ({
          dx: grad(sum(mul(maxPool2d(x, 3, { stride: 2, padding: 1 }), dy)), [x])[0]!,
        }),
        { x: x.shape, dy: [1, 3, 3, 4] },
        { variants: { pool: variant } },
      );
      const dy = Array.from({ length: 36 }, (_, i) => i + 1);
      const { dx } = await program.run({ x: x.values, dy }, { read: ['dx'] });
      program.dispose();
      const expected = new Float32Array(144);
      for (let oy = 0; oy < 3; oy++)
        for (let ox = 0; ox < 3; ox++)
          for (let c = 0; c < 4; c++) {
            let [best, from] = [-Infinity, 0];
            for (let iy = Math.max(0, 2 * oy - 1); iy <= 2 * oy + 1; iy++)
              for (let ix = Math.max(0, 2 * ox - 1); ix <= 2 * ox + 1; ix++) {
                const i = (iy * 6 + ix) * 4 + c;
                if (x.values[i]! > best) [best, from] = [x.values[i]!, i];
              }
            expected[from]! += dy[(oy * 3 + ox) * 4 + c]!;
          }
      expect([...dx]).toEqual([...expected]);
    },
  );

  test('programs without gradients keep no taps', () => {
    const plan = planOf(gpu, ({ x }) => ({ y: maxPool2d(x, 2) }), { x: [1, 4, 4, 4] });
    expect(plan.dispatches.filter(({ kernel }) => kernel.file.includes('taps'))).toEqual([]);
  });

  test('wrong shapes are refused with the repair', () => {
    const build = (shape: Shape, options: AvgPoolOptions) => () =>
      planOf(gpu, ({ x }) => ({ y: avgPool2d(x, 2, options) }), { x: shape });
    expect(build([4, 4], {})).toThrow('avgPool2d: x is [4, 4], images are [n, h, w, c]');
    expect(build([1, 4, 4, 4], { padding: 2 })).toThrow('no pixel, only padding');
    expect(build([1, 1, 4, 4], {})).toThrow('avgPool2d: a window of 2 x 2 taps');
  });
});
