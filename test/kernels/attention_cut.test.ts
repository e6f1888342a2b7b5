/** Attention larger than a binding, and scores that are more than may be in memory at once. */

import { afterAll, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { attention } from '../../src/graph/ops/attention.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile, planOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose, assertSame, COMPILING } from '../check.ts';
import { normal } from '../reference.ts';

const whole = await openGpu({ poison: true });
const cut = await openGpu({ poison: true, maxBinding: 96 * 1024 });
const little = await openGpu({ poison: true, maxBinding: 32 * 1024 });
afterAll(() => {
  for (const gpu of [whole, cut, little]) gpu.close();
});

type Inputs = Record<'q' | 'k' | 'v' | 'mask', Tensor>;
const graph = ({ q, k, v, mask }: Inputs) => {
  const y = attention(q, k, v, { mask });
  const [dq, dk, dv] = grad(sum(mul(y, y)), [q, k, v]);
  return { y, dq: dq!, dk: dk!, dv: dv! };
};
const NAMES = ['y', 'dq', 'dk', 'dv'] as const;

async function outputs(gpu: Gpu, shapes: Record<keyof Inputs, Shape>, variant?: string) {
  const variants = variant ? { attention: variant } : {};
  const program = await compile(gpu, graph, shapes, { variants });
  const draw = (name: keyof Inputs) =>
    Float32Array.from({ length: sizeOf(shapes[name]) }, normal(name));
  const values = { q: draw('q'), k: draw('k'), v: draw('v'), mask: draw('mask') };
  const results = await program.run(values, { read: [...NAMES] });
  const { dispatches } = program.plan;
  program.dispose();
  return { results, dispatches: dispatches.length };
}

const shapesOf = (lead: Shape, tokens: number, keys: number, size: number, mask: Shape) => ({
  q: [...lead, tokens, size],
  k: [...lead, keys, size],
  v: [...lead, keys, size],
  mask,
});

test.each([
  ['one mask for all', shapesOf([40, 4], 17, 17, 16, [1, 1, 1, 17])],
  ['a mask for each image', shapesOf([48, 2], 18, 16, 16, [48, 1, 1, 16])],
  ['a mask for each head', shapesOf([40, 4], 17, 17, 16, [1, 4, 17, 17])],
])(
  'images of a cut call are what they are of the whole, %s',
  async (_, shapes) => {
    const expected = await outputs(whole, shapes);
    const actual = await outputs(cut, shapes);
    expect(actual.dispatches).toBeGreaterThan(expected.dispatches);
    for (const name of NAMES) assertSame(actual.results[name], expected.results[name]);
  },
  COMPILING,
);

// 32 KiB are 8,192 scores.
test.each([
  ['some heads', shapesOf([2, 9], 33, 35, 6, [2, 9, 33, 35])],
  ['heads of masks that repeat', shapesOf([3, 5], 33, 35, 6, [3, 1, 1, 35])],
  ['some rows, in whole blocks', shapesOf([1, 2], 230, 100, 8, [1, 1, 230, 100])],
  ['some rows, to be copied', shapesOf([1, 2], 131, 150, 7, [1, 2, 1, 150])],
])(
  'scores of %s at a time give what all give',
  async (_, shapes) => {
    const expected = await outputs(whole, shapes, 'materialised');
    const actual = await outputs(little, shapes, 'materialised');
    expect(actual.dispatches).toBeGreaterThan(expected.dispatches);
    for (const name of NAMES) assertClose(actual.results[name], expected.results[name], 1e-5);
  },
  COMPILING,
);

test('scores of long sequences are not in memory, and at most 32 MiB of them where they are', () => {
  const shapes = shapesOf([1, 2], 20_000, 20_000, 64, [1, 1, 1, 20_000]);
  const bytes = (variant: string) =>
    planOf(whole, graph, shapes, { variants: { attention: variant } }).bytes;
  const tensors = 4 * 20_000 * 64 * 2 * 12;
  expect(bytes('tile')).toBeLessThan(2 * tensors);
  expect(bytes('materialised')).toBeLessThan(2 * tensors + 4 * 32 * 2 ** 20);
});
