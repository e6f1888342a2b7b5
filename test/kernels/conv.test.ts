import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { type ConvOptions, conv2d } from '../../src/graph/ops/conv.ts';
import * as ops from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { evaluate, planOf, targetOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { type ConvVariant, convTunable, convVariants } from '../../src/kernels/conv.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose, checkOp } from '../check.ts';
import { openDevices } from '../devices.ts';
import { map, type Numbers, normal, zip } from '../reference.ts';
import { type ConvCase, convolved, everyWay, manyCases, scaled } from './conv_reference.ts';

const devices = await openDevices();

const sheet = (cases: readonly ConvCase[]) => ({
  op: ([x, w]: readonly Tensor[], options?: ConvOptions) => conv2d(x!, w!, options),
  reference: (x: readonly Numbers[], options?: ConvOptions) => convolved(x, options),
  tolerance: 3e-6,
  cases: cases.map(([why, x, w, options]) => [why, [x, w], options, scaled(w)] as const),
});

checkOp<ConvOptions | undefined>('conv2d', devices, sheet([...everyWay, ...manyCases]));

/** The best device that a variant fits, and that at default limits: the sheet above has what is used on all of them. */
const able = (name: ConvVariant) => {
  const fitting = devices.filter(({ gpu }) => convTunable.fits(name, targetOf(gpu), []));
  return fitting.filter(({ label }, i) => i === 0 || label.endsWith('default limits'));
};
const named = (Object.keys(convVariants) as ConvVariant[]).filter((name) => able(name).length > 0);
for (const name of named)
  checkOp<ConvOptions | undefined>(`conv2d by ${name}`, able(name), {
    ...sheet(everyWay),
    variants: { conv: name },
  });

checkOp<ConvOptions | undefined>('conv2d by winograd', devices.slice(0, 2), {
  ...sheet([
    ['quads', [2, 6, 8, 8], [3, 3, 8, 12], { padding: 'same' }],
    ['odd sizes, single values', [1, 5, 7, 3], [3, 3, 3, 6], { padding: 'same' }],
    ['no padding', [1, 7, 6, 4], [3, 3, 4, 4], {}],
    ['more padding on one side', [1, 4, 5, 4], [3, 3, 4, 8], { padding: [2, 0, 1, 2] }],
    ['one pixel', [3, 1, 1, 4], [3, 3, 4, 4], { padding: 1 }],
    ['many channels and tiles', [1, 9, 33, 36], [3, 3, 36, 68], { padding: 'same' }],
    ['quads of x only', [1, 6, 5, 4], [3, 3, 4, 6], { padding: 'same' }],
    ['quads of y only', [2, 5, 5, 5], [3, 3, 5, 8], { padding: 'same' }],
  ]),
  // Tiles add and subtract what taps only add.
  tolerance: 6e-6,
  variants: { conv: 'winograd' },
});

/** What is fused into the store: bias, folded batch norm, activation, residual. */
const fusions = [
  ...[1, 2].map((groups) => ({ groups, on: devices, by: undefined })),
  ...named.map((by) => ({ groups: 1, on: able(by).slice(0, 1), by })),
  { groups: 1, on: devices.slice(0, 1), by: 'winograd' },
];
for (const { groups, on, by } of fusions)
  checkOp(
    `conv2d ${by ? `by ${by}` : `with ${groups} groups`}, bias, silu, residual and factors`,
    on,
    {
      op: ([x, w, bias, residual, factor]) => {
        const y = ops.silu(ops.add(conv2d(x!, w!, { groups, padding: 'same' }), bias!));
        return ops.mul(ops.add(y, residual!), factor!);
      },
      reference: ([x, w, bias, residual, factor]) => {
        const sums = zip((a, b) => a + b)([
          convolved([x!, w!], { groups, padding: 'same' }),
          bias!,
        ]);
        const y = map((v) => v / (1 + Math.exp(-v)))([sums]);
        const all = zip((a, b) => a + b)([y, residual!]);
        return zip((a, b) => a * b)([all, factor!]);
      },
      forwardOnly: true,
      ...(by && { variants: { conv: by }, tolerance: 6e-6 }),
      cases: (
        [
          ['quads', [2, 5, 4, 8], [3, 3, 8 / groups, 36], [2, 5, 4, 36], [2, 5, 4, 1]],
          ['odd sizes', [1, 5, 7, 6], [3, 3, 6 / groups, 10], [1, 5, 7, 10], [10]],
          // A product, which has variants of its own.
          ...(by
            ? []
            : [
                ['1x1', [2, 3, 4, 8], [1, 1, 8 / groups, 12], [2, 3, 4, 12], [2, 3, 4, 1]] as const,
              ]),
        ] as const
      ).map(([why, x, w, y, factor]) => [why, [x, w, y.slice(3), y, factor], undefined, scaled(w)]),
    },
  );

test('bias, folded batch norm, activation and residual need no dispatch of their own', () => {
  const shapes = {
    x: [1, 6, 6, 4],
    w: [3, 3, 4, 8],
    scale: [8],
    shift: [8],
    residual: [1, 6, 6, 8],
  };
  const plan = planOf(
    devices[0]!.gpu,
    ({ x, w, scale, shift, residual }) => {
      const y = ops.add(ops.mul(conv2d(x, w, { padding: 1 }), scale), shift);
      return { y: ops.relu(ops.add(y, residual)) };
    },
    shapes,
  );
  expect(plan.dispatches.map(({ op }) => op)).toEqual(['conv2d']);
});

describe('what does not fit is refused with shapes, rule and repair', () => {
  const plan = (x: number[], w: number[], options?: ConvOptions) => () =>
    planOf(devices[0]!.gpu, ({ x, w }) => ({ y: conv2d(x, w, options) }), { x, w });
  test.each<[string, number[], number[], ConvOptions | undefined, string]>([
    ['three axes', [5, 5, 4], [3, 3, 4, 4], undefined, 'x [5, 5, 4], w [3, 3, 4, 4]. Reshape'],
    ['PyTorch weights', [1, 5, 5, 4], [8, 4, 3, 3], undefined, 'transpose it by [2, 3, 1, 0]'],
    ['other channels', [1, 5, 5, 4], [3, 3, 5, 8], undefined, 'w needs 4 rows a tap and has 5'],
    ['groups', [1, 5, 5, 4], [3, 3, 2, 9], { groups: 2 }, '2 groups do not divide 4 channels'],
    ['rows of groups', [1, 5, 5, 4], [3, 3, 4, 8], { groups: 2 }, 'in 2 groups, so w needs 2 rows'],
    ['a large window', [1, 3, 3, 4], [5, 5, 4, 8], undefined, 'Pad more or use a smaller dilation'],
    ['half a stride', [1, 3, 3, 4], [2, 2, 4, 8], { stride: 0.5 }, 'stride 0.5 is no whole number'],
  ])('%s', (_, x, w, options, message) => expect(plan(x, w, options)).toThrow(message));
});

describe.each(devices)('on $label', ({ gpu }) => {
  test('gradients of gradients are convolutions, too', async () => {
    const shapes = { x: [1, 5, 6, 4], w: [3, 3, 4, 4] };
    const random = normal('second');
    const draw = (shape: readonly number[]) =>
      Float32Array.from({ length: sizeOf(shape) }, () => random() / 3);
    const given = { x: draw(shapes.x), w: draw(shapes.w) };
    const options = { stride: 2, padding: 1 };
    // Of y², along x: the slope of |dx|² is what a difference of |dx|² says.
    const size = ({ x, w }: { x: Tensor; w: Tensor }) => {
      const y = conv2d(x, w, options);
      return grad(sum(ops.mul(y, y)), [x, w])
        .map((d) => sum(ops.mul(d, d)))
        .reduce(ops.add);
    };
    const { dx, dw } = await evaluate(
      gpu,
      ({ x, w }) => {
        const [dx, dw] = grad(size({ x, w }), [x, w]) as [Tensor, Tensor];
        return { dx, dw };
      },
      { x: { shape: shapes.x, values: given.x }, w: { shape: shapes.w, values: given.w } },
    );
    // y and its gradients are of degree 1 in x and w: |dx|² is of degree 2 and 4 in them, |dw|² of 4 and 2.
    const { a, b } = await evaluate(
      gpu,
      ({ x, w }) => {
        const y = conv2d(x, w, options);
        const [a, b] = grad(sum(ops.mul(y, y)), [x, w]).map((d) => sum(ops.mul(d, d)));
        return { a: a!, b: b! };
      },
      { x: { shape: shapes.x, values: given.x }, w: { shape: shapes.w, values: given.w } },
    );
    const dot = (s: Float32Array, t: Float32Array) => s.reduce((sum, v, i) => sum + v * t[i]!, 0);
    assertClose([dot(dx, given.x)], [2 * a![0]! + 4 * b![0]!], 1e-5);
    assertClose([dot(dw, given.w)], [4 * a![0]! + 2 * b![0]!], 1e-5);
  });
});
