/** Products larger than a binding: what the pieces of a cut one must know of the whole. */

import { afterAll, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { dropout, mul } from '../../src/graph/ops/elementwise.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose, assertSame } from '../check.ts';
import { normal } from '../reference.ts';

const whole = await openGpu({ poison: true });
const cut = await openGpu({ poison: true, maxBinding: 16 * 1024 });
afterAll(() => {
  for (const gpu of [whole, cut]) gpu.close();
});

interface Pair {
  a: Tensor;
  b: Tensor;
}

async function outputs(
  gpu: Gpu,
  graph: (t: Pair) => { y: Tensor; dx: Tensor },
  shapes: { a: Shape; b: Shape },
) {
  const program = await compile(gpu, graph, shapes);
  const draw = (name: 'a' | 'b') =>
    Float32Array.from({ length: sizeOf(shapes[name]) }, normal(name));
  const values = { a: draw('a'), b: draw('b') };
  const { y, dx } = await program.run(values, { read: ['y', 'dx'] });
  program.dispose();
  return { y, dx, dispatches: program.plan.dispatches.length };
}

test.each([
  ['quads', [700, 12], [12, 20]],
  ['odd sizes', [701, 11], [11, 19]],
  ['outer products', [5000, 1], [1, 3]],
])(
  'dropout in the epilogue of a cut product drops what it drops of the whole, %s',
  async (_, a, b) => {
    const shapes = { a, b };
    const graph = ({ a, b }: Pair) => {
      const y = dropout(matmul(a, b), 0.4);
      return { y, dx: grad(sum(mul(y, 2)), [a])[0]! };
    };
    const expected = await outputs(whole, graph, shapes);
    const actual = await outputs(cut, graph, shapes);
    expect(actual.dispatches).toBeGreaterThan(expected.dispatches);
    assertSame(actual.y, expected.y);
    assertClose(actual.dx, expected.dx, 1e-6);
  },
);

test.each([
  ['quads', [1200, 12], [1200, 20]],
  ['odd sizes', [1201, 11], [1201, 19]],
])('pieces of a long inner axis are added, %s', async (_, a, b) => {
  const graph = ({ a, b }: Pair) => {
    const y = mul(matmul(a, b, { transposeA: true }), 0.01);
    return { y, dx: grad(sum(mul(y, y)), [a])[0]! };
  };
  const expected = await outputs(whole, graph, { a, b });
  const actual = await outputs(cut, graph, { a, b });
  expect(actual.dispatches).toBeGreaterThan(expected.dispatches);
  assertClose(actual.y, expected.y, 1e-6);
  assertClose(actual.dx, expected.dx, 1e-6);
});

test.each([
  ['b', [9, 12], [60, 12, 8]],
  ['a, on the other side', [60, 9, 12], [12, 8]],
])('a matrix that all products with %s share is not cut with them', async (_, a, b) => {
  const graph = ({ a, b }: Pair) => {
    const y = matmul(a, b);
    return { y, dx: grad(sum(mul(y, y)), [a.shape.length === 3 ? a : b])[0]! };
  };
  const expected = await outputs(whole, graph, { a, b });
  const actual = await outputs(cut, graph, { a, b });
  expect(actual.dispatches).toBeGreaterThan(expected.dispatches);
  assertClose(actual.y, expected.y, 1e-6);
  assertClose(actual.dx, expected.dx, 1e-6);
});
