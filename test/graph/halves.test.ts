/** Results between ops stored as halves: the sources of kernels, what is stored so, and training with it. */

import { describe, expect, test } from 'vitest';
import { canHalve, withHalves } from '../../src/gpu/halves.ts';
import { grad } from '../../src/graph/autograd.ts';
import { f16, halved } from '../../src/graph/halves.ts';
import { conv2d } from '../../src/graph/ops/conv.ts';
import { add, mul, relu } from '../../src/graph/ops/elementwise.ts';
import { layerNorm } from '../../src/graph/ops/layer_norm.ts';
import { reshape } from '../../src/graph/ops/layout.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { norm, sum } from '../../src/graph/ops/reduce.ts';
import type { HalfStorage } from '../../src/graph/plan.ts';
import { compile, evaluate, planOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { heNormal, ones, VariableSet, zeros } from '../../src/graph/variables.ts';
import { mse } from '../../src/train/losses.ts';
import { openDevices } from '../devices.ts';
import { normal } from '../reference.ts';

const devices = await openDevices();
const { gpu } = devices[0]!;
/** Two halves to a word, as on a device without the type f16. */
const packed: HalfStorage = {
  ...f16,
  bind: (dispatches, target) => f16.bind(dispatches, { ...target, hasF16: false }),
};
const numbers = (name: string, size: number) => {
  const draw = normal(name);
  return Float32Array.from({ length: size }, draw);
};

describe('the source of a kernel', () => {
  const source = [
    '@group(0) @binding(0) var<storage, read> x: array<T>;',
    '@group(0) @binding(1) var<storage, read> scale: array<f32>;',
    '@group(0) @binding(2) var<storage, read_write> y: array<T>;  // y[i] = ...',
    'alias T = vec4f;',
    'fn f(i: u32) {',
    '  y[i] = x[at[x[i].x]] * s.x[2] + T(scale[i]);',
    '  if y[i].x == 1.0 { y[i + 1] /= x[i] - 1.0; }',
    '}',
  ].join('\n');
  const lines = (halves: string[], form: 'f16' | 'packed') =>
    withHalves(source, halves, form).split('\n');

  test('converts what is loaded and stored, and keeps its lines', () => {
    const made = lines(['x', 'y'], 'f16');
    expect(made).toHaveLength(8);
    expect(made[0]).toBe(
      'enable f16; @group(0) @binding(0) var<storage, read> x: array<vec4<f16>>;',
    );
    expect(made[1]).toContain('array<f32>');
    expect(made[2]).toBe(
      '@group(0) @binding(2) var<storage, read_write> y: array<vec4<f16>>;  // y[i] = ...',
    );
    expect(made[5]).toBe(
      '  y[i] = vec4<f16>( vec4f(x[at[vec4f(x[i]).x]]) * s.x[2] + T(scale[i]));',
    );
    expect(made[6]).toBe(
      '  if vec4f(y[i]).x == 1.0 { y[i + 1] = vec4<f16>(vec4f(y[i + 1]) / ( vec4f(x[i]) - 1.0)); }',
    );
  });

  test('packs two to a word where there is no f16', () => {
    const made = lines(['x', 'scale'], 'packed');
    expect(made[0]).toContain('x: array<vec2u>;');
    expect(made[1]).toContain('scale: array<u32>;');
    expect(made[5]).toBe(
      '  y[i] = quad_of_halves(x[at[quad_of_halves(x[i]).x]]) * s.x[2] + T(half_of_word(scale[u32(i) / 2], u32(i)));',
    );
    expect(made.join('\n')).toContain('fn quad_of_halves');
    expect(made[0]).not.toContain('enable');
  });

  test('knows what it cannot store', () => {
    const single = source.replace('vec4f;', 'f32;');
    expect(canHalve(source, 'y', 'packed', true)).toBe(true);
    expect(canHalve(single, 'x', 'packed', false)).toBe(true);
    expect(canHalve(single, 'y', 'packed', true)).toBe(false);
    expect(canHalve(single, 'y', 'f16', true)).toBe(true);
    expect(canHalve(source.replace('vec4f;', 'vec4u;'), 'x', 'f16', false)).toBe(false);
    expect(() => withHalves(single, ['y'], 'packed')).toThrow('two of which share a word');
  });
});

describe('a plan', () => {
  const image = ({ x, w }: Record<'x' | 'w', Tensor>) => {
    const y = relu(conv2d(x, w, { padding: 'same' }));
    const loss = mse(reshape(y, [2, 16 * 16 * 32]), reshape(y, [2, 16 * 16 * 32]));
    return { loss, dw: grad(loss, [w])[0]! };
  };
  const specs = { x: [2, 16, 16, 32], w: [3, 3, 32, 32] } as const;
  const halvesOf = (f: typeof image) =>
    planOf(gpu, f, specs, { storage: f16 }).dispatches.flatMap(({ op, kernel, operands }) =>
      kernel.storage
        .filter(({ name, writes }) => writes && operands[name]!.memory.half)
        .map(() => op),
    );

  test('stores images as halves, and neither losses nor gradients of variables', () => {
    const halves = halvesOf(image);
    expect(halves).toContain('conv2d');
    expect(halves).not.toContain('reduce');
    expect(halves).not.toContain('conv2dWeightGradient');
  });

  test('takes half the scratch memory for them', () => {
    const scratch = (storage?: HalfStorage) =>
      planOf(
        gpu,
        ({ x, w }) => ({ y: conv2d(conv2d(conv2d(x, w), w), w) }),
        { x: [2, 16, 16, 32], w: [3, 3, 32, 32] },
        { storage },
      ).blocks.reduce((sum, { size }) => sum + size, 0);
    expect(scratch(f16)).toBeCloseTo(scratch() / 2, -2);
  });
});

describe.each([
  ['f16', f16],
  ['two to a word', packed],
] as const)('stored as %s', (form, storage) => {
  test.each([
    ['quads', 64],
    ['single values', 37],
  ])('a network of rows of %s agrees with f32', async (_, width) => {
    const build = ({ x, w, v }: Record<'x' | 'w' | 'v', Tensor>) => {
      const hidden = relu(matmul(x, w));
      const normal = layerNorm(
        add(hidden, matmul(hidden, v)),
        new VariableSet('s').add('s', [width], ones),
        new VariableSet('b').add('b', [width], zeros),
      );
      const loss = mse(matmul(normal, v), x);
      return { loss, dw: grad(loss, [w])[0]! };
    };
    const inputs = {
      x: { shape: [29, width], values: numbers('x', 29 * width) },
      w: { shape: [width, width], values: numbers('w', width ** 2) },
      v: { shape: [width, width], values: numbers('v', width ** 2) },
    };
    const exact = await evaluate(gpu, build, inputs);
    const halves = await evaluate(gpu, build, inputs, { storage });
    expect(halves.loss[0]! / exact.loss[0]!).toBeCloseTo(1, 2);
    const size = Math.hypot(...exact.dw);
    const off = Math.hypot(...exact.dw.map((v, i) => v - halves.dw[i]!));
    expect(off / size).toBeLessThan(4e-3);
    // Single halves of a word cannot be stored: those stay f32.
    if (form === 'f16' || width % 4 === 0) expect(off).toBeGreaterThan(0);
    else expect(off).toBe(0);
  });
});

test.each(
  devices.flatMap(({ label, gpu }) => [
    [label, 'as they are there', gpu, f16] as const,
    [label, 'packed', gpu, packed] as const,
  ]),
)(
  'on %s, %s, what is too large is an infinity, and spoils no neighbour',
  async (_, __, on, storage) => {
    // Nearest to 65520 is the next power of two; masks hide by -1e30 and the like.
    const values = [65_504, 65_519, 65_520, 7e4, -1e30, -3.4e38, -Infinity, 1e-5];
    const one = numbers('neighbours', 8).map(Math.fround);
    const x = values.flatMap((v, i) => [v, one[i]!, one[7 - i]!, -v]);
    const { y } = await evaluate(
      on,
      ({ x }) => ({ y: mul(halved(x), 1) }),
      { x: { shape: [8, 4], values: x } },
      { storage },
    );
    const half = (v: number) =>
      Math.sign(v) *
      (Math.abs(v) >= 65_520 ? Number.POSITIVE_INFINITY : Math.min(Math.abs(v), 65_504));
    x.forEach((v, i) => {
      const right = half(v);
      if (Number.isFinite(right)) expect(y[i]! / right, `${v}`).toBeCloseTo(1, 2);
      else expect(y[i], `${v}`).toBe(right);
    });
  },
);

test('lengths of small differences keep their gradients', async () => {
  const inputs = {
    x: { shape: [4, 8], values: numbers('small', 32).map((v) => 1e-5 * v) },
    w: { shape: [8, 8], values: numbers('w', 64) },
  };
  // Squares of some 1e-10 are nothing as halves.
  const { dx } = await evaluate(
    gpu,
    ({ x, w }) => ({ dx: grad(sum(norm(matmul(x, w))), [x])[0]! }),
    inputs,
    { storage: f16 },
  );
  const { dx: exact } = await evaluate(
    gpu,
    ({ x, w }) => ({ dx: grad(sum(norm(matmul(x, w))), [x])[0]! }),
    inputs,
  );
  const off = Math.hypot(...dx.map((v, i) => v - exact[i]!));
  expect(off / Math.hypot(...exact)).toBeLessThan(0.02);
});

test('a network that learns with halves learns as well', async () => {
  const learn = async (storage?: HalfStorage) => {
    const set = new VariableSet('net');
    const [w1, w2] = [set.add('w1', [16, 64], heNormal(16)), set.add('w2', [64, 16], heNormal(64))];
    const program = await compile(
      gpu,
      ({ x, t }) => {
        const loss = mse(matmul(relu(matmul(x, w1)), w2), t);
        return { loss, ...adamW(loss, set, { rate: 3e-3 }) };
      },
      { x: [64, 16], t: [64, 16] },
      { storage, seed: 3 },
    );
    const x = numbers('inputs', 64 * 16);
    const t = x.map((v, i) => Math.sin(v) + 0.5 * x[(i + 1) % x.length]!);
    const losses: number[] = [];
    for (let step = 0; step < 200; step++)
      losses.push((await program.run({ x, t }, { read: ['loss'] })).loss[0]!);
    program.dispose();
    return losses;
  };
  const [exact, halves] = [await learn(), await learn(f16)];
  expect(exact.at(-1)!).toBeLessThan(0.2 * exact[0]!);
  expect(halves.at(-1)! / exact.at(-1)!).toBeCloseTo(1, 1);
});
