/** Pooling and resizing of images larger than a binding: calls are cut along the batch, and give what the whole gives. */

import { afterAll, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { avgPool2d, maxPool2d } from '../../src/graph/ops/pool.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { resizeBilinear, resizeNearest } from '../../src/graph/ops/resize.ts';
import { compile } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import type { Variants } from '../../src/kernels/tuning.ts';
import { assertSame, COMPILING } from '../check.ts';
import { normal } from '../reference.ts';

const whole = await openGpu({ poison: true });
const cut = await openGpu({ poison: true, maxBinding: 96 * 1024 });
afterAll(() => {
  for (const gpu of [whole, cut]) gpu.close();
});

type Op = (x: Tensor) => Tensor;

async function outputs(gpu: Gpu, shape: Shape, op: Op, variants: Variants) {
  const graph = ({ x }: { x: Tensor }) => {
    const y = op(x);
    return { y, dx: grad(sum(mul(y, y)), [x])[0]! };
  };
  const program = await compile(gpu, graph, { x: shape }, { variants });
  const x = Float32Array.from({ length: sizeOf(shape) }, normal('images'));
  const read = await program.run({ x }, { read: ['y', 'dx'] });
  const { dispatches } = program.plan;
  program.dispose();
  return { ...read, dispatches: dispatches.length };
}

const options = { stride: 2, padding: 1 };
const ops: [string, Shape, Op, Variants?][] = [
  ['halves', [80, 8, 8, 8], (x) => maxPool2d(x, 2)],
  ...['window', 'slide1', 'slide2', 'slide4'].map((pool): [string, Shape, Op, Variants] => [
    `maxima by ${pool}`,
    [80, 9, 8, 8],
    (x) => maxPool2d(x, 3, options),
    { pool },
  ]),
  ['maxima of single channels', [80, 9, 7, 5], (x) => maxPool2d(x, 3, options)],
  [
    'means without padding',
    [80, 9, 8, 8],
    (x) => avgPool2d(x, 3, { ...options, countPadding: false }),
  ],
  ['bilinear, larger', [80, 5, 6, 8], (x) => resizeBilinear(x, [9, 12])],
  ['bilinear, smaller, odd', [80, 9, 8, 5], (x) => resizeBilinear(x, [4, 5])],
  ['nearest', [80, 5, 6, 8], (x) => resizeNearest(x, [10, 12])],
];

test.each(ops)(
  'the pieces of a cut call give the whole, %s',
  async (_, shape, op, variants = {}) => {
    const expected = await outputs(whole, shape, op, variants);
    const actual = await outputs(cut, shape, op, variants);
    expect(actual.dispatches).toBeGreaterThan(expected.dispatches);
    assertSame(actual.y, expected.y);
    assertSame(actual.dx, expected.dx);
  },
  COMPILING,
);
