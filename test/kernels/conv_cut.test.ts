/** Convolutions larger than a binding are cut along the batch: what the pieces must know of the whole. */

import { afterAll, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { type ConvOptions, conv2d } from '../../src/graph/ops/conv.ts';
import { add, dropout, mul, relu } from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose, assertSame } from '../check.ts';
import { normal } from '../reference.ts';

const whole = await openGpu({ poison: true });
const cut = await openGpu({ poison: true, maxBinding: 16 * 1024 });
afterAll(() => {
  for (const gpu of [whole, cut]) gpu.close();
});

async function outputs(gpu: Gpu, x: Shape, w: Shape, y: Shape, options: ConvOptions) {
  const shapes = { x, w, residual: y, factor: [...y.slice(0, 3), 1] };
  const program = await compile(
    gpu,
    ({ x, w, residual, factor }) => {
      const sums = mul(add(relu(conv2d(x, w, options)), residual), factor);
      const [dx, dw] = grad(sum(mul(sums, sums)), [x, w]);
      return { y: dropout(conv2d(x, w, options), 0.4), sums, dx: dx!, dw: dw! };
    },
    shapes,
  );
  const draw = ([name, shape]: [string, Shape]) => {
    const random = normal(name);
    return [name, Float32Array.from({ length: sizeOf(shape) }, () => random() / 4)] as const;
  };
  const values = Object.fromEntries(Object.entries(shapes).map(draw)) as never;
  const read = await program.run(values, { read: ['y', 'sums', 'dx', 'dw'] });
  program.dispose();
  return { ...read, dispatches: program.plan.dispatches.length };
}

test.each<[string, Shape, Shape, Shape, ConvOptions]>([
  ['quads', [20, 8, 8, 8], [3, 3, 8, 16], [20, 8, 8, 16], { padding: 1 }],
  ['odd channels', [23, 8, 6, 5], [3, 3, 5, 7], [23, 8, 6, 7], { padding: 1 }],
  ['stride 2', [20, 9, 8, 8], [3, 3, 8, 16], [20, 5, 4, 16], { padding: 1, stride: 2 }],
  ['a product', [40, 8, 8, 8], [1, 1, 8, 16], [40, 8, 8, 16], {}],
])('the pieces of a cut convolution give the whole, %s', async (_, x, w, y, options) => {
  const expected = await outputs(whole, x, w, y, options);
  const actual = await outputs(cut, x, w, y, options);
  expect(actual.dispatches).toBeGreaterThan(expected.dispatches);
  assertSame(actual.y, expected.y);
  assertClose(actual.sums, expected.sums, 1e-6);
  assertClose(actual.dx, expected.dx, 1e-6);
  assertClose(actual.dw, expected.dw, 1e-5);
});
