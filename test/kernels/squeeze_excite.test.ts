import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { add, mul, relu } from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import {
  globalMean2d,
  type SqueezeOptions,
  squeezeExcite,
} from '../../src/graph/ops/squeeze_excite.ts';
import { compile, planOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose, checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { along, at, generate, type Numbers, normal, product, total } from '../reference.ts';

const devices = await openDevices();

const mean = (x: Numbers) => {
  const [n, , , c] = x.shape as [number, number, number, number];
  const { values } = along(x, [1, 2], (all) => total(all) / all.length);
  return { shape: [n, c], values };
};

checkOp('globalMean2d', devices, {
  op: ([x]) => globalMean2d(x!),
  reference: ([x]) => mean(x!),
  cases: [
    ['one pixel', [[1, 1, 1, 4]]],
    ['odd sizes', [[3, 5, 7, 3]]],
    ['one image of many pixels, in blocks', [[1, 33, 31, 8]]],
    ['more channels than a workgroup', [[2, 3, 3, 520]]],
  ],
});

const gates = {
  sigmoid: (v: number) => 1 / (1 + Math.exp(-v)),
  hardSigmoid: (v: number) => Math.min(Math.max(v + 3, 0), 6) / 6,
};
const activations = {
  relu: (z: number) => Math.max(z, 0),
  silu: (z: number) => z / (1 + Math.exp(-z)),
};

function reference(
  [x, w1, b1, w2, b2]: readonly Numbers[],
  { activation = 'relu', gate = 'sigmoid' }: SqueezeOptions,
) {
  const layer = (a: Numbers, w: Numbers, b: Numbers, f: (v: number) => number) => {
    const y = product(a, w);
    return generate(y.shape, (i) => f(at(y, i) + at(b, i)));
  };
  const hidden = layer(mean(x!), w1!, b1!, activations[activation]);
  const open = layer(hidden, w2!, b2!, gates[gate]);
  return generate(x!.shape, (i) => at(x!, i) * at(open, [i[0]!, i[3]!]));
}

const of = (n: number, h: number, w: number, c: number, units: number): Operand[] => [
  [n, h, w, c],
  [c, units],
  [units],
  [units, c],
  [c],
];
const op = ([x, w1, b1, w2, b2]: readonly Tensor[], options: SqueezeOptions) =>
  squeezeExcite(x!, { w1: w1!, b1: b1!, w2: w2!, b2: b2! }, options);

checkOp<SqueezeOptions>('squeezeExcite', devices, {
  op,
  reference,
  cases: [
    ['one pixel', of(1, 1, 1, 4, 4), {}],
    ['quads', of(2, 5, 3, 8, 4), { activation: 'silu' }],
    ['channels and units that quads do not fill', of(3, 4, 5, 7, 3), { gate: 'hardSigmoid' }],
    ['one unit', of(2, 3, 3, 8, 1), { activation: 'silu', gate: 'hardSigmoid' }],
    ['more channels and units than threads', of(2, 4, 4, 300, 268), {}, (z) => z / 8],
    ['many pixels, in blocks', of(1, 33, 31, 8, 4), { gate: 'hardSigmoid' }],
  ],
  tolerance: 4e-6,
});

checkOp<SqueezeOptions>('squeezeExcite with residual and activation', devices, {
  op: ([residual, bias, ...x], options) => relu(add(add(op(x, options), bias!), residual!)),
  reference: ([residual, bias, ...x], options) => {
    const y = reference(x, options);
    return generate(y.shape, (i) => Math.max(at(y, i) + at(bias!, i) + at(residual!, i), 0));
  },
  cases: [['quads', [[2, 5, 3, 8], [8], ...of(2, 5, 3, 8, 4)], {}]],
  forwardOnly: true,
});

const gpus = [await openGpu(), await openGpu({ poison: true, maxBinding: 4096 })];
afterAll(() => gpus.forEach((gpu) => gpu.close()));

test('three dispatches forward, and what follows is in the last', () => {
  const shapes = { x: [8, 4, 4, 8], w1: [8, 4], b1: [4], w2: [4, 8], b2: [8] };
  const plan = planOf(
    gpus[0]!,
    (t) => ({ y: relu(add(squeezeExcite(t.x, t), t.x)) }),
    shapes as Record<'x' | 'w1' | 'b1' | 'w2' | 'b2', number[]>,
  );
  expect(plan.dispatches).toHaveLength(3);
});

test('tensors over a binding are cut by images', async () => {
  const shapes: Record<string, number[]> = {
    x: [9, 2, 4, 64],
    w1: [64, 4],
    b1: [4],
    w2: [4, 64],
    b2: [64],
  };
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const z = normal(name);
      return [name, Float32Array.from({ length: sizeOf(shape) }, z)];
    }),
  );
  const [whole, cut] = await Promise.all(
    gpus.map(async (gpu) => {
      const program = await compile(
        gpu,
        ({ x, w1, b1, w2, b2 }): Record<string, Tensor> => {
          const y = relu(add(squeezeExcite(x!, { w1: w1!, b1: b1!, w2: w2!, b2: b2! }), x!));
          const [dx, dw1] = grad(sum(mul(y, y)), [x!, w1!]);
          return { y, dx: dx!, dw1: dw1! };
        },
        shapes,
      );
      const got = (await program.run(values, { read: ['y', 'dx', 'dw1'] })) as Record<
        string,
        Float32Array
      >;
      const count = program.plan.dispatches.length;
      program.dispose();
      return { got, count };
    }),
  );
  expect(cut!.count).toBeGreaterThan(whole!.count);
  for (const name of ['y', 'dx', 'dw1']) assertClose(cut!.got[name]!, whole!.got[name]!, 1e-5);
});

test('weights that do not fit are refused with the rule', () => {
  const plan = () =>
    planOf(gpus[0]!, (t) => ({ y: squeezeExcite(t.x, t) }), {
      x: [1, 2, 2, 8],
      w1: [4, 8],
      b1: [4],
      w2: [4, 8],
      b2: [8],
    });
  expect(plan).toThrow(
    'squeezeExcite: w1 is [4, 8], with 8 channels of x [1, 2, 2, 8] and 4 units it must be [8, 4]',
  );
});
