/** The weight gradient of convolutions, by every variant, against loops in f64. */

import { afterAll, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { f16, halved } from '../../src/graph/halves.ts';
import { convWeights } from '../../src/graph/ops/conv.ts';
import type { HalfStorage } from '../../src/graph/plan.ts';
import { compile, planOf, targetOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import {
  convWeightsShape,
  convWeightsTunable,
  convWeightsVariants,
} from '../../src/kernels/conv_weights.ts';
import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import { choiceOf } from '../../src/kernels/tuning.ts';
import { type WindowOptions, windowOf } from '../../src/kernels/window.ts';
import { assertClose, assertSame, COMPILING } from '../check.ts';
import { openDevices } from '../devices.ts';
import { runGuarded } from '../guarded.ts';
import { generate, type Numbers, normal } from '../reference.ts';
import { HALF_TOLERANCE, spread } from '../sheet.ts';

const devices = await openDevices();
const small = await openGpu({ poison: true, maxBinding: 16 * 1024 });
afterAll(() => small.close());

interface Case {
  readonly why: string;
  readonly x: Shape;
  readonly cout: number;
  readonly kernel: readonly [number, number];
  readonly options?: WindowOptions;
  readonly groups?: number;
}

const cases: Case[] = [
  { why: 'a single pixel', x: [1, 1, 1, 1], cout: 1, kernel: [3, 3], options: { padding: 1 } },
  { why: 'quads', x: [2, 6, 8, 8], cout: 12, kernel: [3, 3], options: { padding: 1 } },
  { why: 'odd sizes and channels', x: [2, 5, 7, 3], cout: 5, kernel: [3, 2] },
  { why: 'one tap, stride 2', x: [2, 7, 9, 36], cout: 40, kernel: [1, 1], options: { stride: 2 } },
  { why: 'quads of x, odd channels of dy', x: [1, 5, 6, 8], cout: 7, kernel: [3, 3] },
  { why: 'odd channels of x, quads of dy', x: [1, 5, 6, 7], cout: 8, kernel: [3, 3] },
  {
    why: 'a stem: 3 channels, 7 x 7 taps, stride 2',
    x: [2, 13, 17, 3],
    cout: 16,
    kernel: [7, 7],
    options: { stride: 2, padding: 'same' },
  },
  {
    why: 'just above the tiles',
    x: [1, 4, 5, 68],
    cout: 69,
    kernel: [2, 2],
    options: { padding: 1 },
  },
  {
    why: 'padding that differs by side, strides and dilations that differ by axis',
    x: [2, 9, 11, 4],
    cout: 8,
    kernel: [3, 4],
    options: { padding: [2, 0, 1, 3], stride: [2, 3], dilation: [3, 2] },
  },
  {
    why: 'more padding than the window reaches: taps that see nothing at some places',
    x: [1, 2, 3, 4],
    cout: 4,
    kernel: [2, 2],
    options: { padding: [3, 4, 5, 2], stride: [1, 2] },
  },
  {
    why: 'dilation 24: most taps are outside of the image',
    x: [1, 7, 26, 4],
    cout: 4,
    kernel: [3, 3],
    options: { padding: 24, dilation: 24 },
  },
  {
    why: 'groups of quads',
    x: [2, 5, 5, 12],
    cout: 24,
    kernel: [3, 3],
    options: { padding: 1 },
    groups: 3,
  },
  {
    why: 'groups of odd channels, dilation 2',
    x: [1, 7, 6, 15],
    cout: 9,
    kernel: [3, 3],
    options: { padding: 2, dilation: 2 },
    groups: 3,
  },
  { why: 'a group for each channel', x: [1, 5, 6, 5], cout: 5, kernel: [3, 3], groups: 5 },
  { why: 'so many places that sums are divided', x: [3, 61, 33, 4], cout: 5, kernel: [2, 3] },
  {
    why: 'windows of three columns, more channels than a tile',
    x: [2, 7, 5, 36],
    cout: 34,
    kernel: [5, 3],
    options: { padding: [3, 0, 2, 1], dilation: [2, 1], stride: [2, 1] },
  },
  {
    why: 'windows of three columns in groups',
    x: [1, 6, 13, 16],
    cout: 8,
    kernel: [3, 3],
    options: { padding: [0, 3, 4, 5] },
    groups: 2,
  },
  { why: 'a row longer than a strip', x: [1, 1, 2051, 4], cout: 4, kernel: [1, 3] },
];

const windowFor = ({ x, kernel, options }: Case) =>
  windowOf('convWeights', [x[1]!, x[2]!], kernel, options);

const problems = cases.map((each) => {
  const random = normal(`conv weights ${each.why}`);
  const { places } = windowFor(each);
  const dy: Shape = [each.x[0]!, ...places, each.cout];
  // So that sums are about 1.
  const scale = (each.x[0]! * places[0] * places[1]) ** -0.25;
  const draw = (shape: Shape) => generate(shape, () => Math.fround(scale * random()));
  const given = { x: draw(each.x), dy: draw(dy) };
  return { ...given, expected: reference(given.x, given.dy, each) };
});

/** dw in f64: each place hands its products to all taps that see a pixel. */
function reference(x: Numbers, dy: Numbers, each: Case): Float64Array {
  const { groups = 1 } = each;
  const { kernel, stride, dilation, padding } = windowFor(each);
  const [, h, w, cin] = x.shape as [number, number, number, number];
  const [n, oh, ow, cout] = dy.shape as [number, number, number, number];
  const [ci, co] = [cin / groups, cout / groups];
  const dw = new Float64Array(kernel[0] * kernel[1] * ci * cout);
  for (let image = 0; image < n; image++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let ky = 0; ky < kernel[0]; ky++)
          for (let kx = 0; kx < kernel[1]; kx++) {
            const iy = oy * stride[0] + ky * dilation[0] - padding[0];
            const ix = ox * stride[1] + kx * dilation[1] - padding[2];
            if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
            for (let c = 0; c < ci; c++)
              for (let o = 0; o < cout; o++) {
                const from = ((image * h + iy) * w + ix) * cin + Math.floor(o / co) * ci + c;
                dw[((ky * kernel[1] + kx) * ci + c) * cout + o]! +=
                  x.values[from]! * dy.values[((image * oh + oy) * ow + ox) * cout + o]!;
              }
          }
  return dw;
}

/** Some cases as a program, and its inputs; stored as halves if asked to. */
function stageCases(only: readonly Case[], stored: (t: Tensor) => Tensor = (t) => t) {
  const inputs: Record<string, Shape> = {};
  const batch: Record<string, readonly number[]> = {};
  for (const each of only) {
    const i = cases.indexOf(each);
    for (const name of ['x', 'dy'] as const) {
      inputs[`${name}${i}`] = problems[i]![name].shape;
      batch[`${name}${i}`] = problems[i]![name].values;
    }
  }
  const graph = (t: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(
      only.map((each) => {
        const i = cases.indexOf(each);
        const [x, dy] = [stored(t[`x${i}`]!), stored(t[`dy${i}`]!)];
        return [i, convWeights(x, dy, windowFor(each), each.groups)];
      }),
    );
  return { graph, inputs, batch };
}

/** What one variant gives for the cases that it fits, twice; all cases where none is named. */
async function runAll(
  gpu: Gpu,
  variant?: string,
  only: readonly Case[] = cases,
  storage?: HalfStorage,
) {
  const { graph, inputs, batch } = stageCases(only, storage && halved);
  const program = await compile(gpu, graph, inputs, {
    storage,
    ...(variant && { variants: { convWeights: variant } }),
  });
  const read = Object.keys(program.plan.outputs);
  const first = (await program.run(batch, { read })) as Record<string, Float32Array>;
  const again = (await program.run(batch, { read })) as Record<string, Float32Array>;
  const { dispatches } = program.plan;
  program.dispose();
  return { first, again, dispatches };
}

/** Whether a variant can do a case. */
function fits(gpu: Gpu, variant: string, each: Case): boolean {
  const { x, cout, groups = 1 } = each;
  const shape = convWeightsShape(x, cout, windowFor(each), groups);
  return convWeightsTunable.fits(variant as 'tile', targetOf(gpu), shape);
}

function check(got: Record<string, Float32Array>, tolerance = 2e-6): void {
  for (const [i, dw] of Object.entries(got)) {
    try {
      assertClose(dw, problems[Number(i)]!.expected, tolerance);
    } catch (error) {
      throw new Error(`${cases[Number(i)]!.why}: ${(error as Error).message}`);
    }
  }
}

for (const { label, gpu } of devices) {
  // Tiles take SwiftShader seconds to compile, and are for hardware: one form of them will do.
  const names = Object.keys(convWeightsVariants).filter(
    (name) =>
      cases.some((each) => fits(gpu, name, each)) &&
      !(name === 'tileFlat' && label === 'swiftshader'),
  );
  test.each(names)(
    `%s on ${label} agrees with f64, twice the same`,
    async (variant) => {
      const only = cases.filter((each) => fits(gpu, variant, each));
      const { first, again } = await runAll(gpu, variant, only);
      expect(Object.keys(first)).toHaveLength(only.length);
      // One sum of thousands of products, one after another, rounds more often than sums of sums.
      check(first, variant === 'naive' ? 4e-6 : undefined);
      for (const i in first) assertSame(again[i]!, first[i]!);
      if (gpu !== devices[0]!.gpu) return;
      const halves = await runAll(gpu, variant, spread(only, 6), f16);
      check(halves.first, HALF_TOLERANCE);
      const { graph, inputs, batch } = stageCases(only);
      const plan = planOf(gpu, graph, inputs, { variants: { convWeights: variant } });
      const guarded = await runGuarded(gpu, plan, batch);
      expect(guarded.faults).toEqual([]);
      for (const i in first) assertSame(guarded.outputs[i]!, first[i]!);
    },
    COMPILING,
  );
  test(
    `what is chosen on ${label} agrees with f64`,
    async () => {
      const { first } = await runAll(gpu);
      check(first);
    },
    COMPILING,
  );
}

test(
  'images larger than a binding are cut along the batch',
  async () => {
    // 64 elements begin a binding: so many images of odd sizes go together.
    const images: Case[] = [
      { why: 'cut', x: [40, 4, 8, 8], cout: 12, kernel: [3, 3], options: { padding: 1 } },
      { why: 'cut, odd', x: [150, 3, 5, 3], cout: 5, kernel: [2, 2] },
    ];
    for (const each of images) {
      cases.push(each);
      const { x, cout } = each;
      const random = normal('cut');
      const draw = (shape: Shape) => generate(shape, () => Math.fround(0.2 * random()));
      const given = { x: draw(x), dy: draw([x[0]!, ...windowFor(each).places, cout]) };
      problems.push({ ...given, expected: reference(given.x, given.dy, each) });
    }
    const { first, dispatches } = await runAll(small, undefined, images);
    check(first);
    expect(dispatches.filter(({ op }) => op === 'conv2dWeightGradient').length).toBeGreaterThan(4);
  },
  COMPILING,
);

test('one tap that sees each pixel once is a product of matrices', () => {
  const plan = planOf(
    small,
    ({ x, dy }) => ({ dw: convWeights(x, dy, windowOf('', [4, 4], [1, 1])) }),
    { x: [2, 4, 4, 8], dy: [2, 4, 4, 12] },
  );
  const families = Object.keys(plan.variants).map((key) => choiceOf(key).family);
  expect(families).toContain('matmul');
  expect(families).not.toContain('convWeights');
});

test('the matrices of a long sum stay small, whatever the weights', () => {
  const window = windowOf('', [64, 64], [3, 3], { padding: 1 });
  const { dispatches, blocks } = planOf(
    devices[0]!.gpu,
    ({ x, dy }) => ({ dw: convWeights(x, dy, window) }),
    { x: [64, 64, 64, 256], dy: [64, 64, 64, 256] },
  );
  expect(dispatches.length).toBeGreaterThan(1);
  const sizes = blocks.map(({ size }) => 4 * size);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(32 * 1024 ** 2);
  expect(Math.max(...sizes)).toBeGreaterThanOrEqual(2 * 4 * sizeOf([3, 3, 256, 256]));
});
