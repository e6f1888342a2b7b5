/** Images of another size against PyTorch's rules in f64: both conventions of corners, larger, smaller, and odd. */

import { describe, expect, test } from 'vitest';
import { type ResizeOptions, resizeBilinear, resizeNearest } from '../../src/graph/ops/resize.ts';
import { evaluate, planOf } from '../../src/graph/program.ts';
import { checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, type Numbers } from '../reference.ts';

const devices = await openDevices();

type Size = readonly [number, number];

/** Pixels and weights of result o, as `upsample_bilinear2d` of PyTorch has them. */
function around(corners: ResizeOptions['corners'], size: number, results: number, o: number) {
  const place =
    corners === 'aligned'
      ? results > 1
        ? (o * (size - 1)) / (results - 1)
        : 0
      : Math.max(0, ((o + 0.5) * size) / results - 0.5);
  // Places are fractions: rounding must not lead to the pixel before.
  const first = Math.min(size - 1, Math.floor(place + 1e-9));
  const share = place - first;
  return [
    { pixel: first, weight: 1 - share },
    { pixel: Math.min(first + 1, size - 1), weight: share },
  ];
}

const bilinear = (x: Numbers, [oh, ow]: Size, corners: ResizeOptions['corners']): Numbers => {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  return generate([n, oh, ow, c], (index) => {
    const [image, oy, ox, channel] = index as [number, number, number, number];
    let sum = 0;
    for (const v of around(corners, h, oh, oy))
      for (const u of around(corners, w, ow, ox))
        sum += v.weight * u.weight * at(x, [image, v.pixel, u.pixel, channel]);
    return sum;
  });
};

const cases: (readonly [string, Operand[], Size])[] = [
  ['twice as large', [[2, 4, 5, 8]], [8, 10]],
  ['half as large', [[1, 8, 6, 4]], [4, 3]],
  ['a little larger', [[1, 5, 7, 4]], [7, 8]],
  ['a little smaller, single channels', [[2, 9, 7, 3]], [7, 6]],
  ['much smaller: many pixels are read by none', [[1, 17, 13, 4]], [3, 2]],
  ['much larger', [[1, 2, 3, 1]], [11, 13]],
  ['from one pixel', [[1, 1, 1, 4]], [3, 4]],
  ['to one pixel', [[2, 5, 4, 4]], [1, 1]],
  ['the same size', [[1, 3, 4, 5]], [3, 4]],
  ['up one way, down the other', [[1, 3, 12, 4]], [7, 5]],
  ['rows that a thread each can take', [[2, 10, 6, 64]], [14, 9]],
];

for (const corners of ['aligned', 'half-pixel'] as const)
  checkOp<Size>(`resizeBilinear, ${corners}`, devices, {
    op: ([x], size) => resizeBilinear(x!, size, { corners }),
    reference: ([x], size) => bilinear(x!, size, corners),
    cases,
    tolerance: 2e-6,
  });

checkOp<Size>('resizeNearest', devices, {
  op: ([x], size) => resizeNearest(x!, size),
  reference: ([x], [oh, ow]) => {
    const [n, h, w, c] = x!.shape as [number, number, number, number];
    return generate([n, oh, ow, c], ([image, oy, ox, channel]) =>
      at(x!, [image!, Math.floor((oy! * h) / oh), Math.floor((ox! * w) / ow), channel!]),
    );
  },
  cases,
});

describe.each(devices)('on $label', ({ gpu }) => {
  test('a ramp of 0 to 3, twice as long, is what PyTorch makes of it', async () => {
    const x = { shape: [1, 1, 4, 1], values: Float32Array.of(0, 1, 2, 3) };
    const { half, aligned } = await evaluate(
      gpu,
      ({ x }) => ({
        half: resizeBilinear(x, [1, 8]),
        aligned: resizeBilinear(x, [1, 7], { corners: 'aligned' }),
      }),
      { x },
    );
    expect([...half]).toEqual([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]);
    expect([...aligned]).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3]);
  });

  test('wrong shapes are refused with the repair', () => {
    const build = (shape: number[], size: Size) => () =>
      planOf(gpu, ({ x }) => ({ y: resizeNearest(x, size) }), { x: shape });
    expect(build([4, 4], [8, 8])).toThrow('resizeNearest: x is [4, 4], images are [n, h, w, c]');
    expect(build([1, 4, 4, 4], [8, 2.5])).toThrow('from [4, 4] to [8, 2.5] pixels');
  });
});
