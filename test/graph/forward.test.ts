/** The ops of `kinegrad/forward`: those of `kinegrad` in all but their derivatives. */

import { afterAll, expect, test } from 'vitest';
import * as forward from '../../src/forward.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { planOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/index.ts';
import * as whole from '../../src/index.ts';
import type { Shape } from '../../src/kernels/tensor.ts';

const gpu = await openGpu();
afterAll(() => gpu.close());

const IMAGE = [2, 6, 6, 8];
const HEADS = [1, 2, 40, 16];
const weights = { w1: [8, 4], b1: [4], w2: [4, 8], b2: [8] };

type Apply = (ops: typeof forward, t: Readonly<Record<string, Tensor>>) => Tensor;
/** Each op with every option that it has. */
const calls: Readonly<
  Record<keyof typeof forward, readonly [Readonly<Record<string, Shape>>, Apply]>
> = {
  addLayerNorm: [
    { x: [5, 8], residual: [5, 8], scale: [8], shift: [8] },
    (ops, { x, residual, scale, shift }) =>
      ops.addLayerNorm(x!, residual!, scale!, shift!, { epsilon: 1e-3 })[1],
  ],
  attention: [
    { x: HEADS, k: HEADS, v: HEADS, mask: [1, 1, 40, 40] },
    (ops, { x, k, v, mask }) => ops.attention(x!, k!, v!, { mask: mask!, scale: 0.5 }),
  ],
  avgPool2d: [
    { x: IMAGE },
    (ops, { x }) => ops.avgPool2d(x!, 3, { stride: 2, padding: 1, countPadding: false }),
  ],
  conv2d: [
    { x: IMAGE, w: [3, 3, 4, 8] },
    (ops, { x, w }) => ops.conv2d(x!, w!, { stride: 2, padding: 'same', groups: 2 }),
  ],
  convTranspose2d: [
    { x: IMAGE, w: [4, 4, 12, 8] },
    (ops, { x, w }) => ops.convTranspose2d(x!, w!, { stride: 2, padding: 1 }),
  ],
  depthwiseConv2d: [
    { x: IMAGE, w: [3, 3, 1, 8] },
    (ops, { x, w }) => ops.depthwiseConv2d(x!, w!, { dilation: 2, padding: 2 }),
  ],
  gaussianHeatmaps: [
    { x: [2, 5, 2], amplitude: [2, 5] },
    (ops, { x, amplitude }) =>
      ops.gaussianHeatmaps(x!, [8, 6], { sigma: 2, amplitude: amplitude! }),
  ],
  layerNorm: [
    { x: [5, 8], scale: [8], shift: [8] },
    (ops, { x, scale, shift }) => ops.layerNorm(x!, scale!, shift!, { epsilon: 1e-3 }),
  ],
  maxPool2d: [{ x: IMAGE }, (ops, { x }) => ops.maxPool2d(x!, [3, 2], { stride: 2, padding: 1 })],
  resizeBilinear: [
    { x: IMAGE },
    (ops, { x }) => ops.resizeBilinear(x!, [5, 9], { corners: 'aligned' }),
  ],
  resizeNearest: [{ x: IMAGE }, (ops, { x }) => ops.resizeNearest(x!, [5, 9])],
  skeletonImage: [
    { x: [2, 5, 2] },
    (ops, { x }) =>
      ops.skeletonImage(
        x!,
        [
          [0, 1],
          [1, 4],
        ],
        [8, 6],
        { gamma: 0.5, squared: false },
      ),
  ],
  softArgmax2d: [{ x: IMAGE }, (ops, { x }) => ops.softArgmax2d(x!, { beta: 3 })],
  softArgmax3d: [{ x: IMAGE }, (ops, { x }) => ops.softArgmax3d(x!, { beta: 3, depth: 4 })],
  softmax: [{ x: [5, 8] }, (ops, { x }) => ops.softmax(x!)],
  squeezeExcite: [
    { x: IMAGE, ...weights },
    (ops, { x, w1, b1, w2, b2 }) =>
      ops.squeezeExcite(
        x!,
        { w1: w1!, b1: b1!, w2: w2!, b2: b2! },
        { activation: 'silu', gate: 'hardSigmoid' },
      ),
  ],
};

test('every op has an example', () => {
  expect(Object.keys(calls).sort()).toEqual(Object.keys(forward).sort());
});

test.each(Object.entries(calls))('%s runs the kernels of the whole op', (_, [shapes, apply]) => {
  const dispatches = (ops: typeof forward) =>
    planOf(gpu, (t) => ({ y: apply(ops, t) }), shapes).dispatches.map(
      ({ kernel, groups, params, overrides }) => ({ file: kernel.file, groups, params, overrides }),
    );
  expect(dispatches(forward)).toEqual(dispatches(whole));
});

test.each(Object.entries(calls))('%s is refused by grad', (_, [shapes, apply]) => {
  const build = () =>
    planOf(gpu, (t) => ({ dx: whole.grad(whole.sum(apply(forward, t)), [t.x!])[0]! }), shapes);
  expect(build).toThrow('has no derivative. Import it of kinegrad, not of kinegrad/forward');
});
