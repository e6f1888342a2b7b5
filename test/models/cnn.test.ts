/** The convolutional lifter: what it takes and refuses, and that fusing and folding change nothing but time. */

import { afterAll, describe, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import { conv2d } from '../../src/graph/ops/conv.ts';
import { depthwiseConv2d } from '../../src/graph/ops/depthwise.ts';
import { silu } from '../../src/graph/ops/elementwise.ts';
import { gaussianHeatmaps } from '../../src/graph/ops/heatmap.ts';
import { compile, evaluate, planOf } from '../../src/graph/program.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import { convNorm, depthwiseNorm } from '../../src/models/blocks/conv_norm.ts';
import { convolveMaps } from '../../src/models/blocks/map_conv.ts';
import { waspDilations } from '../../src/models/blocks/wasp.ts';
import { type CnnOptions, cnn } from '../../src/models/cnn.ts';
import { modelVariables } from '../../src/models/layers.ts';
import type { ViewInputs } from '../../src/models/two_stage.ts';
import { jointLines } from '../../src/models/view_features.ts';
import { assertClose } from '../check.ts';
import { normal } from '../reference.ts';
import { learn, SMALL, shapesOf, viewsOf } from './views.ts';

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

async function infer(
  options: CnnOptions & { size: number },
  batch: number,
  { fuse = true, change = (v: ReturnType<typeof viewsOf>) => v } = {},
) {
  const network = cnn(options);
  const program = await compile(
    gpu,
    (views) => ({ poses: network(views as unknown as ViewInputs) }),
    shapesOf(batch, options.size),
    { fuse },
  );
  await learn(gpu, network.parameters, network.statistics);
  const { poses } = await program.run(change(viewsOf(batch, options.size)), { read: ['poses'] });
  program.dispose();
  return poses;
}

describe('sizes', () => {
  test('the full network has the parameters that it says, with views of any but small sizes', () => {
    for (const size of [500, 128, 97]) {
      const { parameters } = cnn({ size });
      expect(parameters.variables.reduce((sum, v) => sum + v.size, 0)).toBe(11_253_818);
    }
  });

  test.each([
    ['a side that no stride divides', 100, 2],
    ['a batch of one', 96, 1],
    ['a map as large as the fields', 128, 2],
    ['a map larger than the fields', 150, 1],
  ])('%s: %i pixels, batch %i', async (_, size, batch) => {
    const poses = await infer({ ...SMALL, size }, batch);
    expect(poses).toHaveLength(51 * batch);
    expect(poses.every(Number.isFinite)).toBe(true);
    for (let i = 0; i < batch; i++)
      expect([...poses.subarray(51 * i, 51 * i + 3)].map(Math.abs)).toEqual([0, 0, 0]);
  });

  test('the full size is planned', () => {
    const network = cnn();
    const views = shapesOf(1, 500);
    const plan = planOf(gpu, (x) => ({ y: network(x as unknown as ViewInputs) }), views);
    expect(plan.outputs.y!.operand.shape).toEqual([1, 17, 3]);
  });

  test('dilations are those of UniPose where they fit, and never leave a small map', () => {
    expect(waspDilations(48)).toEqual([18, 12, 6]);
    expect(waspDilations(64)).toEqual([18, 12, 6]);
    expect(waspDilations(16)).toEqual([6, 4, 2]);
    expect(waspDilations(8)).toEqual([3, 2, 1]);
    for (let side = 1; side < 60; side++)
      for (const dilation of waspDilations(side)) {
        expect(dilation).toBeGreaterThan(0);
        expect(2 * dilation).toBeLessThanOrEqual(Math.max(2, side));
      }
  });
});

describe('refusals', () => {
  const plan = (wrong: Partial<Record<keyof ViewInputs, readonly number[]>>) => () =>
    planOf(gpu, (x) => ({ y: cnn(SMALL)(x as unknown as ViewInputs) }), {
      ...shapesOf(2, 64),
      ...wrong,
    });

  test.each([
    [
      'image',
      [2, 128, 128, 3],
      /cnn: image must be \[2, 64, 64, 3\], got \[2, 128, 128, 3\]\. Resize/,
    ],
    ['depth', [2, 64, 64], /cnn: depth must be .* Give zeros where there is no depth/],
    ['joints', [2, 16, 2], /cnn: joints must be \[2, 17, 2\], got \[2, 16, 2\]/],
    ['view', [1, 1], /cnn: view must be \[2, 1\].*focal/],
  ] as const)('%s %j', (name, shape, message) => {
    expect(plan({ [name]: shape })).toThrow(message);
  });

  test('options', () => {
    expect(() => cnn({ size: 63 })).toThrow(/size 63 .* 64 pixels or more/);
    expect(() => cnn({ size: 99.5 })).toThrow(/whole number/);
    expect(() => cnn({ width: 0 })).toThrow(/width 0 must be above 0/);
  });
});

test.each([64, 51])('maps of %i pixels are convolved as if they were there', async (size) => {
  const random = normal('maps');
  const draw = (count: number) => Float32Array.from({ length: count }, random);
  // Joints near the edges and beyond: around the maps there is nothing.
  const joints = draw(2 * 34).map((v) => size * (0.5 + 0.4 * v));
  const { got, wanted } = await evaluate(
    gpu,
    ({ joints, w }) => {
      const maps = gaussianHeatmaps(joints, [size, size], { sigma: size / 50 });
      const wanted = conv2d(maps, w, { stride: 2, padding: 1 });
      return { got: convolveMaps(jointLines(joints, size), w), wanted };
    },
    {
      joints: { shape: [2, 17, 2], values: joints },
      w: { shape: [3, 3, 17, 12], values: draw(9 * 17 * 12) },
    },
  );
  assertClose(got, wanted, 2e-6);
});

describe('inference', () => {
  test('fused or not, and with the root anywhere', async () => {
    for (const root of ['relative', 'absolute'] as const) {
      const options = { ...SMALL, root };
      const plain = await infer(options, 3, { fuse: false });
      assertClose(await infer(options, 3), plain, 2e-5);
    }
  });

  test('has neither batch norms nor their factors to compute with each step', () => {
    const network = cnn(SMALL);
    const plan = planOf(gpu, (x) => ({ y: network(x as unknown as ViewInputs) }), shapesOf(2, 64));
    expect(plan.dispatches.filter(({ op }) => /norm/i.test(op))).toEqual([]);
    expect(plan.preparation.length).toBeGreaterThan(0);
    // All that is left of a norm after a convolution is the bias that it stores with.
    const norms = network.statistics.variables.filter(({ name }) => name.endsWith('.mean')).length;
    const pixels = plan.dispatches.filter(
      ({ op, operands }) => op === 'elementwise' && sizeOf(operands.y!.shape) > 2 * 64 ** 2,
    );
    expect(norms).toBe(48);
    // Dual paths begin with a norm and a ReLU, for which no convolution stands before them.
    expect(pixels.length).toBeLessThan(5);
  });

  test('a folded convolution agrees with one and a norm after it', async () => {
    const model = modelVariables('layers');
    const layer = convNorm(model, 'conv', [8, 12], { kernel: 3, stride: 2, activation: 'silu' });
    const spread = depthwiseNorm(model, 'depthwise', 12, { activation: 'silu' });
    await learn(gpu, model.parameters, model.statistics);
    const variable = (name: string) =>
      [...model.parameters.variables, ...model.statistics.variables].find((v) => v.name === name)!
        .tensor;
    const normOf = (name: string) => ({
      scale: variable(`${name}.norm.scale`),
      shift: variable(`${name}.norm.shift`),
      mean: variable(`${name}.norm.mean`),
      variance: variable(`${name}.norm.variance`),
    });
    const random = normal('x');
    const { folded, apart } = await evaluate(
      gpu,
      ({ x }) => {
        const learned = { training: false };
        const window = { padding: 1 };
        const y = conv2d(x, variable('conv.weight'), { ...window, stride: 2 });
        const activated = silu(batchNorm(y, normOf('conv'), learned));
        const z = depthwiseConv2d(activated, variable('depthwise.weight'), window);
        const apart = silu(batchNorm(z, normOf('depthwise'), learned));
        return { folded: spread(layer(x, {}), {}), apart };
      },
      { x: { shape: [2, 9, 9, 8], values: Float32Array.from({ length: 1296 }, random) } },
    );
    assertClose(folded, apart, 1e-6);
  });

  test('depth far behind the person or unknown is none of the person', async () => {
    const size = 64;
    const near = (i: number) =>
      Math.hypot((i % size) - 32, (Math.floor(i / size) % size) - 32) < 26;
    const joints = (v: ReturnType<typeof viewsOf>) => v.joints.map((_, i) => 32 + 8 * Math.sin(i));
    const wall = (z: number) =>
      infer({ ...SMALL, size }, 1, {
        change: (v) => ({
          ...v,
          joints: joints(v),
          depth: v.depth.map((_, i) => (near(i) ? 4 : z)),
        }),
      });
    const [far, farther, unknown] = [await wall(7), await wall(9), await wall(0)];
    // Clipped, both walls look alike, and unlike none at all.
    assertClose(far, farther, 1e-6);
    expect(far.some((v, i) => Math.abs(v - unknown[i]!) > 1e-4)).toBe(true);
  });
});
