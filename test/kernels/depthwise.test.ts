import { afterAll, describe, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { depthwiseConv2d } from '../../src/graph/ops/depthwise.ts';
import { add, gelu, mul, tanh } from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile, planOf, targetOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { depthwiseTunable } from '../../src/kernels/depthwise.ts';
import {
  depthwiseInputTunable,
  depthwiseWeightTunable,
} from '../../src/kernels/depthwise_gradients.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import type { AnyTunable } from '../../src/kernels/tuning.ts';
import { type WindowOptions, windowOf } from '../../src/kernels/window.ts';
import { assertClose, checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, type Numbers, normal } from '../reference.ts';
import type { Sheet } from '../sheet.ts';

const devices = await openDevices();

/** Written as the definition: what lies outside the image is zero. */
function reference([x, w]: readonly Numbers[], options: WindowOptions): Numbers {
  const [n, h, width, c] = x!.shape as [number, number, number, number];
  const [kh, kw] = w!.shape as [number, number];
  const { stride, dilation, padding, places } = windowOf('', [h, width], [kh, kw], options);
  return generate([n, ...places, c], ([image, oy, ox, channel]) => {
    let sum = 0;
    for (let ky = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++) {
        const iy = oy! * stride[0] - padding[0] + ky * dilation[0];
        const ix = ox! * stride[1] - padding[2] + kx * dilation[1];
        if (iy < 0 || iy >= h || ix < 0 || ix >= width) continue;
        sum += at(x!, [image!, iy, ix, channel!]) * at(w!, [ky, kx, 0, channel!]);
      }
    return sum;
  });
}

const of = (n: number, h: number, w: number, c: number, kh: number, kw = kh): Operand[] => [
  [n, h, w, c],
  [kh, kw, 1, c],
];
type Given = readonly [string, Operand[], WindowOptions];
const same = 'same';

/** Windows that every variant computes. */
const common: Given[] = [
  ['one pixel', of(1, 1, 1, 4, 3), { padding: same }],
  ['odd sizes, channels that quads do not fill', of(2, 5, 7, 3, 3), { padding: same }],
  ['quads, rows that strips do not fill', of(1, 9, 6, 8, 3), { padding: same }],
  ['no padding', of(2, 6, 5, 4, 3), {}],
  ['more padding than taps', of(1, 4, 5, 4, 3), { padding: [4, 0, 1, 5] }],
  ['5x5', of(1, 7, 9, 4, 5), { padding: same }],
  ['7x7 on fewer pixels than taps', of(1, 4, 5, 4, 7), { padding: same }],
  ['a kernel that is wider than high', of(1, 5, 8, 4, 2, 5), { padding: [1, 0, 2, 2] }],
  ['1x1', of(2, 3, 4, 5, 1), {}],
  ['stride 2', of(2, 8, 7, 4, 3), { stride: 2, padding: 1 }],
  ['stride 2, "same", even size', of(1, 8, 6, 3, 3), { stride: 2, padding: same }],
  ['stride 2, 5x5', of(1, 9, 11, 4, 5), { stride: 2, padding: 2 }],
  ['stride 3, rows that no window sees', of(1, 8, 8, 4, 2), { stride: 3 }],
  ['another stride along each axis', of(1, 7, 9, 4, 3), { stride: [1, 2], padding: 1 }],
  ['dilation 2', of(1, 9, 8, 4, 3), { dilation: 2, padding: same }],
  ['dilation 6', of(1, 13, 14, 4, 3), { dilation: 6, padding: same }],
  ['dilation 24, beyond the image', of(1, 7, 9, 4, 3), { dilation: 24, padding: same }],
  ['dilation along one axis', of(1, 7, 9, 4, 3), { dilation: [1, 3], padding: same }],
];
const rare: Given[] = [
  ['7x7', of(1, 9, 19, 4, 7), { padding: same }],
  ['7x7, stride 2', of(1, 11, 10, 3, 7), { stride: 2, padding: same }],
  ['one tap, stride 2', of(1, 5, 8, 4, 1), { stride: 2 }],
  ['stride and dilation', of(1, 9, 11, 4, 3), { stride: 2, dilation: 3, padding: 3 }],
  ['stride and dilation across', of(1, 9, 8, 3, 3), { stride: [2, 1], dilation: [3, 2] }],
  ['more taps than registers', of(1, 6, 9, 4, 5, 11), { padding: same }],
  ['stride and many taps', of(1, 12, 17, 4, 8), { padding: 3, stride: 2 }],
];

const op = ([x, w]: readonly Tensor[], options: WindowOptions) => depthwiseConv2d(x!, w!, options);
checkOp<WindowOptions>('depthwiseConv2d', devices, {
  op,
  reference,
  cases: [
    ...common,
    ['many blocks of rows', of(3, 33, 17, 8, 3), { padding: same }],
    ['more channels than a workgroup', of(2, 6, 5, 516, 3), { padding: same }],
  ],
  tolerance: 3e-6,
});

// Each window of another size is another kernel to compile: the variants meet those that differ most.
const few = new Set([1, 2, 7, 9, 13, 15]);
const differing = common.filter((_, i) => few.has(i));
/** The best device, and the same at default limits. */
const fast = devices.slice(0, 2);
/** The cases that a variant computes. */
const fitting = ({ fits }: AnyTunable, name: string, cases: readonly Given[]) =>
  cases.filter(([, x, a]) => {
    const [images, taps] = x.map((t) => ('shape' in t ? t.shape : t)) as [number[], number[]];
    const window = windowOf('', [images[1]!, images[2]!], [taps[0]!, taps[1]!], a);
    const shape = [...images, ...window.kernel, ...window.stride, ...window.dilation];
    return fast.every(({ gpu }) => fits(name, targetOf(gpu), shape));
  });
/** Variants are for the device that is there: elsewhere only what is chosen there runs. */
const variantsOf = ({ variants }: AnyTunable) => (fast.length > 0 ? Object.keys(variants) : []);
for (const depthwise of variantsOf(depthwiseTunable as AnyTunable)) {
  const cases = [...(depthwise.startsWith('columns') ? common : differing), ...rare];
  checkOp<WindowOptions>(`depthwiseConv2d by ${depthwise}`, fast, {
    op,
    reference,
    cases: fitting(depthwiseTunable as AnyTunable, depthwise, cases),
    forwardOnly: true,
    tolerance: 3e-6,
    variants: { depthwise },
  });
}
for (const depthwiseWeight of variantsOf(depthwiseWeightTunable as AnyTunable)) {
  const cases = [...differing, ...rare];
  checkOp<WindowOptions>(`gradient of depthwise weights by ${depthwiseWeight}`, fast, {
    op,
    reference,
    cases: fitting(depthwiseWeightTunable as AnyTunable, depthwiseWeight, cases),
    tolerance: 3e-6,
    variants: { depthwiseWeight },
  });
}
for (const depthwiseInput of variantsOf(depthwiseInputTunable as AnyTunable))
  checkOp<WindowOptions>(`gradient of depthwise input by ${depthwiseInput}`, fast, {
    op,
    reference,
    cases: common.filter(([why]) => why.includes('stride')),
    tolerance: 3e-6,
    variants: { depthwiseInput },
  });

// bias, batch norm folded to scale and shift, activation, residual
const epilogue: Sheet<WindowOptions> = {
  op: ([x, w, scale, shift, residual], options) =>
    add(tanh(add(mul(depthwiseConv2d(x!, w!, options), scale!), shift!)), residual!),
  reference: ([x, w, scale, shift, residual], options) => {
    const y = reference([x!, w!], options);
    return generate(y.shape, (i) => {
      const z = at(y, i) * at(scale!, i) + at(shift!, i);
      return Math.tanh(z) + at(residual!, i);
    });
  },
  cases: [
    ['quads', [...of(2, 5, 6, 8, 3), [8], [8], [2, 5, 6, 8]], { padding: same }],
    ['singles', [...of(1, 5, 6, 3, 3), [3], [3], [1, 3, 3, 3]], { stride: 2, padding: 1 }],
    ['a column', [...of(1, 5, 6, 8, 5), [1, 5, 6, 1], [8], [1, 5, 6, 8]], { padding: same }],
  ],
  forwardOnly: true,
  tolerance: 3e-6,
};
checkOp('depthwiseConv2d with an epilogue', devices, epilogue);
for (const depthwise of variantsOf(depthwiseTunable as AnyTunable))
  checkOp(`depthwiseConv2d by ${depthwise} with an epilogue`, devices.slice(0, 1), {
    ...epilogue,
    cases: fitting(depthwiseTunable as AnyTunable, depthwise, epilogue.cases as readonly Given[]),
    variants: { depthwise },
  });

describe('depthwiseConv2d', () => {
  const gpus = Promise.all([openGpu(), openGpu({ poison: true, maxBinding: 4096 })]);
  afterAll(async () => {
    for (const gpu of await gpus) gpu.close();
  });

  test('an epilogue is one dispatch', async () => {
    const [gpu] = await gpus;
    const plan = planOf(
      gpu,
      ({ x, w, bias }) => ({ y: gelu(add(depthwiseConv2d(x, w, { padding: same }), bias)) }),
      { x: [1, 4, 4, 8], w: [3, 3, 1, 8], bias: [8] },
    );
    expect(plan.dispatches).toHaveLength(1);
  });

  test.each([
    ['stride 1', { padding: same }, 'depthwiseConv2d'],
    ['stride 2', { padding: 1, stride: 2 }, 'depthwiseInputGradient'],
  ] as const)('tensors over a binding are cut by images: %s', async (_, options, cutOp) => {
    const shapes = { x: [9, 6, 8, 8], w: [3, 3, 1, 8], bias: [8] };
    const values = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const z = normal(name);
        return [name, Float32Array.from({ length: sizeOf(shape) }, z)];
      }),
    );
    const read = await Promise.all(
      (await gpus).map(async (gpu) => {
        const program = await compile(
          gpu,
          ({ x, w, bias }): Record<string, Tensor> => {
            const y = depthwiseConv2d(x!, w!, options);
            const z = mul(add(y, bias!), y);
            const [dx, dw] = grad(sum(mul(z, z)), [x!, w!]);
            return { y: add(gelu(depthwiseConv2d(x!, w!, options)), bias!), dx: dx!, dw: dw! };
          },
          shapes as Record<string, number[]>,
        );
        const read = ['y', 'dx', 'dw'] as never[];
        const got: Record<string, Float32Array> = await program.run(values, { read });
        const count = program.plan.dispatches.filter(({ op }) => op === cutOp).length;
        program.dispose();
        return { got, count };
      }),
    );
    expect(read[1]!.count).toBeGreaterThan(read[0]!.count);
    expect(read[1]!.got.y).toEqual(read[0]!.got.y);
    expect(read[1]!.got.dx).toEqual(read[0]!.got.dx);
    const scale = Math.max(...read[0]!.got.dw!.map(Math.abs));
    const relative = (dw: Float32Array) => dw.map((v) => v / scale);
    assertClose(relative(read[1]!.got.dw!), relative(read[0]!.got.dw!), 1e-6);
  });

  test('what does not fit is refused with the rule', async () => {
    const [gpu] = await gpus;
    const plan = (x: number[], w: number[]) => () =>
      planOf(gpu, ({ x, w }) => ({ y: depthwiseConv2d(x, w) }), { x, w });
    expect(plan([4, 4, 8], [3, 3, 1, 8])).toThrow('x must be images [n, h, w, c]');
    expect(plan([1, 4, 4, 8], [3, 3, 8, 8])).toThrow(
      'w must be [kh, kw, 1, 8], one kernel for each channel of x, got x [1, 4, 4, 8] and w [3, 3, 8, 8]',
    );
    expect(plan([1, 4, 4, 8], [5, 5, 1, 8])).toThrow('reaches over 5 x 5 pixels');
  });
});
