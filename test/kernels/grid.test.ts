/**
 * More rows, images or heads than a dispatch has workgroups along one axis: 65,535. The first and the last of
 * many small ones come out as they do alone, where the sheets hold them to f64, and so do their gradients.
 */

import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import * as k from '../../src/index.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose, COMPILING } from '../check.ts';
import { normal } from '../reference.ts';

const MANY = 65_537;
const FEW = 3;

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

interface Many {
  /** Of one row, image or head, which go along the first axis. */
  readonly own: readonly (readonly number[])[];
  /** What all share. */
  readonly shared?: readonly (readonly number[])[];
  readonly op: (own: readonly k.Tensor[], shared: readonly k.Tensor[]) => k.Tensor;
  readonly variants?: k.Variants;
}

const image = [2, 2, 4];
const heads = [1, 2, 16];
const many: Readonly<Record<string, Many>> = {
  conv2d: {
    own: [image],
    shared: [[3, 3, 4, 4]],
    op: ([x], [w]) => k.conv2d(x!, w!, { padding: 1 }),
  },
  'conv2d of single values': {
    own: [[2, 2, 3]],
    shared: [[2, 2, 3, 5]],
    op: ([x], [w]) => k.conv2d(x!, w!, { padding: 'same' }),
  },
  convTranspose2d: {
    own: [[1, 1, 4]],
    shared: [[2, 2, 4, 4]],
    op: ([x], [w]) => k.convTranspose2d(x!, w!, { stride: 2 }),
  },
  depthwiseConv2d: {
    own: [image],
    shared: [[3, 3, 1, 4]],
    op: ([x], [w]) => k.depthwiseConv2d(x!, w!, { padding: 1 }),
  },
  'depthwiseConv2d, stride 2': {
    own: [image],
    shared: [[3, 3, 1, 4]],
    op: ([x], [w]) => k.depthwiseConv2d(x!, w!, { padding: 1, stride: 2 }),
  },
  globalMean2d: { own: [image], op: ([x]) => k.globalMean2d(x!) },
  squeezeExcite: {
    own: [image],
    shared: [[4, 4], [4], [4, 4], [4]],
    op: ([x], [w1, b1, w2, b2]) => k.squeezeExcite(x!, { w1: w1!, b1: b1!, w2: w2!, b2: b2! }),
  },
  ...Object.fromEntries(
    ['threads', 'groups8'].map((layerNorm) => [
      `layerNorm by ${layerNorm}`,
      {
        own: [[8]],
        shared: [[8], [8]],
        op: ([x], [scale, shift]) => k.layerNorm(x!, scale!, shift!),
        variants: { layerNorm },
      } satisfies Many,
    ]),
  ),
  'addLayerNorm by groups8': {
    own: [[8], [8]],
    shared: [[8], [8]],
    op: ([x, residual], [scale, shift]) => k.addLayerNorm(x!, residual!, scale!, shift!)[1],
    variants: { layerNorm: 'groups8' },
  },
  maxPool2d: { own: [image], op: ([x]) => k.maxPool2d(x!, 2) },
  avgPool2d: { own: [image], op: ([x]) => k.avgPool2d(x!, 2) },
  resizeBilinear: { own: [image], op: ([x]) => k.resizeBilinear(x!, [3, 3]) },
  resizeNearest: { own: [image], op: ([x]) => k.resizeNearest(x!, [3, 3]) },
  'attention of many images': {
    own: [heads, heads, heads],
    op: ([q, key, v]) => k.attention(q!, key!, v!),
  },
  gaussianHeatmaps: {
    own: [[1, 2]],
    op: ([joints]) => k.gaussianHeatmaps(joints!, [2, 2], { sigma: 1 }),
  },
  softArgmax2d: { own: [[2, 2, 1]], op: ([maps]) => k.softArgmax2d(maps!) },
  skeletonImage: {
    own: [[2, 2]],
    op: ([joints]) => k.skeletonImage(joints!, [[0, 1]], [2, 2], { gamma: 1 }),
  },
};

const random = normal('grid');
const draw = (shape: readonly number[]) =>
  Float32Array.from({ length: sizeOf(shape) }, () => random());

/** The op of `count` of them, and the gradients of what is their own for a loss that weighs results by position. */
async function run({ op, variants }: Many, own: Given, shared: Given, count: number) {
  const inputs: Record<string, readonly number[]> = {};
  const values: Record<string, Float32Array> = {};
  own.forEach(({ shape, all }, i) => {
    inputs[`own${i}`] = [count, ...shape];
    values[`own${i}`] = all;
  });
  shared.forEach(({ shape, all }, i) => {
    inputs[`shared${i}`] = shape;
    values[`shared${i}`] = all;
  });
  const program = await k.compile(
    gpu,
    (t): Record<string, k.Tensor> => {
      const mine = own.map((_, i) => t[`own${i}`]!);
      const y = op(
        mine,
        shared.map((_, i) => t[`shared${i}`]!),
      );
      const gradients = k.grad(k.sum(k.mul(y, k.add(y, 1))), mine);
      return { y, ...Object.fromEntries(gradients.map((dx, i) => [`dx${i}`, dx])) };
    },
    inputs,
    variants ? { variants } : {},
  );
  const read = Object.keys(program.plan.outputs);
  const results: Record<string, Float32Array> = await program.run(values, { read });
  program.dispose();
  return results;
}
type Given = readonly { readonly shape: readonly number[]; readonly all: Float32Array }[];

test.each(Object.entries(many))(
  'many at once: %s',
  async (_, each) => {
    const given = (shapes: Many['own'], count: number): Given =>
      shapes.map((shape) => ({ shape, all: draw(count > 1 ? [count, ...shape] : shape) }));
    const own = given(each.own, MANY);
    const shared = given(each.shared ?? [], 1);
    const whole = await run(each, own, shared, MANY);
    for (const first of [0, MANY - FEW]) {
      const part = own.map(({ shape, all }) => {
        const size = sizeOf(shape);
        return { shape, all: all.slice(first * size, (first + FEW) * size) };
      });
      for (const [name, values] of Object.entries(await run(each, part, shared, FEW))) {
        const size = values.length / FEW;
        expect(whole[name]!.length).toBe(MANY * size);
        // Other numbers of images may be other variants, which add in another order.
        assertClose(whole[name]!.subarray(first * size, (first + FEW) * size), [...values], 4e-6);
      }
    }
  },
  COMPILING,
);
