/** Segments that are computed again: the same bits, in less memory. */

import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { checkpoint } from '../../src/graph/checkpoint.ts';
import { f16 } from '../../src/graph/halves.ts';
import { attention } from '../../src/graph/ops/attention.ts';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import { conv2d } from '../../src/graph/ops/conv.ts';
import { depthwiseConv2d } from '../../src/graph/ops/depthwise.ts';
import { add, dropout, exp, gelu, mul, relu, silu, sub } from '../../src/graph/ops/elementwise.ts';
import { addLayerNorm } from '../../src/graph/ops/layer_norm.ts';
import { reshape, transpose } from '../../src/graph/ops/layout.ts';
import { linear, matmul } from '../../src/graph/ops/matmul.ts';
import { adamW, sgdMomentum } from '../../src/graph/ops/optimiser.ts';
import { mean, sum } from '../../src/graph/ops/reduce.ts';
import { squeezeExcite } from '../../src/graph/ops/squeeze_excite.ts';
import type { HalfStorage, Plan } from '../../src/graph/plan.ts';
import { compile, planOf } from '../../src/graph/program.ts';
import { readVariables } from '../../src/graph/store.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { heNormal, ones, VariableSet, zeros } from '../../src/graph/variables.ts';
import { assertClose, assertSame } from '../check.ts';
import { openDevices } from '../devices.ts';
import { normal } from '../reference.ts';

const devices = (await openDevices()).filter(({ gpu }) => !gpu.options.plain);
const [{ gpu }] = devices as [(typeof devices)[number]];

type Segments = <A extends readonly unknown[], R>(f: (...x: A) => R) => (...x: A) => R;
const plainly: Segments = (f) => f;

interface Network {
  readonly shape: readonly number[];
  readonly forward: (x: Tensor, segments: Segments) => Tensor;
  readonly sets: readonly [VariableSet, ...VariableSet[]];
}

/** Inverted residual blocks with norms, a gate and dropout. */
function convolutional(blocks = 4, width = 8, side = 12): Network {
  const set = new VariableSet('cnn');
  const statistics = new VariableSet('cnn.statistics');
  const wide = 4 * width;
  const norm = (name: string, c: number) => {
    const variables = {
      scale: set.add(`${name}.scale`, [c], ones),
      shift: set.add(`${name}.shift`, [c], zeros),
      mean: statistics.add(`${name}.mean`, [c], zeros),
      variance: statistics.add(`${name}.variance`, [c], ones),
    };
    return (x: Tensor) => batchNorm(x, variables, { training: true });
  };
  const made = Array.from({ length: blocks }, (_, i) => {
    const weight = (name: string, shape: readonly number[], fan: number) =>
      set.add(`${i}.${name}`, shape, heNormal(fan));
    const expand = weight('expand', [1, 1, width, wide], width);
    const taps = weight('taps', [3, 3, 1, wide], 9);
    const project = weight('project', [1, 1, wide, width], wide);
    const gate = {
      w1: weight('w1', [wide, 4], wide),
      b1: set.add(`${i}.b1`, [4], zeros),
      w2: weight('w2', [4, wide], 4),
      b2: set.add(`${i}.b2`, [wide], zeros),
    };
    const [norm1, norm2, norm3] = [wide, wide, width].map((c, j) => norm(`${i}.norm${j}`, c));
    return (x: Tensor) => {
      const spread = silu(norm1!(conv2d(x, expand)));
      const seen = relu(norm2!(depthwiseConv2d(spread, taps, { padding: 'same' })));
      const gated = dropout(squeezeExcite(seen, gate, { activation: 'silu' }), 0.25);
      return add(norm3!(conv2d(gated, project)), x);
    };
  });
  return {
    shape: [4, side, side, width],
    forward: (x, segments) => made.reduce((y, block) => segments(block)(y), x),
    sets: [set, statistics],
  };
}

/** Encoder blocks, whose sums are the inputs of the next norm. */
function transformer(blocks = 4, width = 32, tokens = 10): Network {
  const set = new VariableSet('vit');
  const made = Array.from({ length: blocks }, (_, i) => {
    const weight = (name: string, from: number, to: number) =>
      set.add(`${i}.${name}`, [from, to], heNormal(from));
    const row = (name: string, size: number, initial = zeros) =>
      set.add(`${i}.${name}`, [size], initial);
    const [q, k, v, o] = ['q', 'k', 'v', 'o'].map((name) => weight(name, width, width));
    const [w1, w2] = [weight('w1', width, 4 * width), weight('w2', 4 * width, width)];
    const [b1, b2] = [row('b1', 4 * width), row('b2', width)];
    const norms = [0, 1].map((j) => [row(`scale${j}`, width, ones), row(`shift${j}`, width)]);
    const heads = (t: Tensor) => transpose(reshape(t, [-1, tokens, 4, width / 4]), [0, 2, 1, 3]);
    return (x: Tensor, y: Tensor): [Tensor, Tensor] => {
      const [s, n] = addLayerNorm(x, y, norms[0]![0]!, norms[0]![1]!);
      const mixed = attention(...([q, k, v].map((w) => heads(matmul(n, w!))) as Triple));
      const joined = reshape(transpose(mixed, [0, 2, 1, 3]), s.shape);
      const [t, m] = addLayerNorm(
        s,
        dropout(matmul(joined, o!), 0.1),
        norms[1]![0]!,
        norms[1]![1]!,
      );
      return [t, linear(gelu(linear(m, w1, b1)), w2, b2)];
    };
  });
  return {
    shape: [3, tokens, width],
    forward(x, segments) {
      const [y, z] = made.reduce<[Tensor, Tensor]>(
        ([sum, branch], block) => segments(block)(sum, branch),
        [x, x],
      );
      return add(y, z);
    },
    sets: [set],
  };
}
type Triple = [Tensor, Tensor, Tensor];

const networks: [string, () => Network][] = [
  ['convolutions', convolutional],
  ['a transformer', transformer],
];
const scratch = ({ blocks }: Plan) => blocks.reduce((sum, { size }) => sum + 4 * size, 0);

/** Losses, gradient norms and what is left of the variables after some steps. */
async function trained(
  gpu: Gpu,
  { shape, forward, sets }: Network,
  segments: Segments,
  options: { recompute?: boolean; storage?: HalfStorage; microBatches?: number } = {},
) {
  const { microBatches = 1, ...rest } = options;
  const program = await compile(
    gpu,
    ({ x }) => {
      const y = forward(x, segments);
      const loss = mean(mul(sub(y, 1), sub(y, 1)));
      return { loss, ...adamW(loss, sets[0], { rate: 1e-3, clip: 1, microBatches }) };
    },
    { x: shape },
    { seed: 5, ...rest },
  );
  const z = normal('inputs');
  const draw = () => ({ x: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, z) });
  const numbers: number[] = [];
  for (let i = 0; i < 3; i++) {
    const batches = Array.from({ length: microBatches }, draw);
    const read = await program.run(batches, { read: ['loss', 'gradientNorm'] });
    numbers.push(read.loss[0]!, read.gradientNorm[0]!);
  }
  const variables: [string, Float32Array][] = [];
  for (const set of sets)
    for (const [name, values] of await readVariables(gpu, set)) variables.push([name, values]);
  const { plan } = program;
  program.dispose();
  return { numbers, variables, plan };
}

function same(
  a: Awaited<ReturnType<typeof trained>>,
  b: Awaited<ReturnType<typeof trained>>,
): void {
  expect(b.numbers).toEqual(a.numbers);
  expect(a.numbers.every(Number.isFinite)).toBe(true);
  a.variables.forEach(([name, values], i) => {
    expect(b.variables[i]![0]).toBe(name);
    assertSame(b.variables[i]![1], values);
  });
}

describe.each(devices)('on $label', ({ gpu }) => {
  describe.each(networks)('%s', (_, network) => {
    test('train to the same bits, with fewer bytes and more dispatches', async () => {
      const plain = await trained(gpu, network(), plainly);
      const marked = await trained(gpu, network(), checkpoint);
      const again = await trained(gpu, network(), checkpoint, { recompute: true });
      same(plain, marked);
      same(plain, again);
      // The marks alone change nothing.
      expect(marked.plan.dispatches.length).toBe(plain.plan.dispatches.length);
      expect(marked.plan.bytes).toBe(plain.plan.bytes);
      expect(plain.plan.dispatches.some((d) => d.again)).toBe(false);
      expect(again.plan.dispatches.some((d) => d.again)).toBe(true);
      expect(scratch(again.plan)).toBeLessThan(0.75 * scratch(plain.plan));
    });
  });
});

test.each(networks)('%s: halves, and micro-batches', async (_, network) => {
  const plain = { storage: f16, microBatches: 2 };
  same(
    await trained(gpu, network(), plainly, plain),
    await trained(gpu, network(), checkpoint, { ...plain, recompute: true }),
  );
});

test('norms of whole columns are computed again to the bit', async () => {
  const variants = { batchNorm: 'columns' };
  const bytes = async (recompute: boolean) => {
    const { shape, forward, sets } = convolutional(2);
    const program = await compile(
      gpu,
      ({ x }) => {
        const loss = mean(exp(mul(forward(x, checkpoint), 0.1)));
        return { loss, ...sgdMomentum(loss, sets[0], { rate: 0.01 }) };
      },
      { x: shape },
      { recompute, variants, seed: 2 },
    );
    const x = Float32Array.from({ length: 4 * 12 * 12 * 8 }, normal('columns'));
    for (let i = 0; i < 2; i++) await program.run({ x });
    const all = await Promise.all(sets.map((set) => readVariables(gpu, set)));
    const count = program.plan.dispatches.filter(
      ({ kernel, again }) => again && kernel.file === 'batch_norm_columns.wgsl',
    ).length;
    program.dispose();
    return { values: all.flatMap((values) => [...values.values()]), count };
  };
  const [plain, again] = [await bytes(false), await bytes(true)];
  expect(plain.count).toBe(0);
  expect(again.count).toBeGreaterThan(0);
  again.values.forEach((values, i) => assertSame(values, plain.values[i]!));
});

test('memory grows with what is between segments alone', () => {
  const bytes = (blocks: number, recompute: boolean) => {
    const { shape, forward, sets } = convolutional(blocks, 16, 32);
    return scratch(
      planOf(
        gpu,
        ({ x }) => {
          const loss = mean(exp(forward(x, checkpoint)));
          return { loss, ...adamW(loss, sets[0], { rate: 1e-3 }) };
        },
        { x: shape },
        { recompute },
      ),
    );
  };
  const activation = 4 * 4 * 32 * 32 * 16;
  // Of each further block only its input is kept, else more than ten times as much.
  const further = (recompute: boolean) => (bytes(12, recompute) - bytes(6, recompute)) / 6;
  expect(further(true) / activation).toBeLessThan(1.2);
  expect(further(false) / activation).toBeGreaterThan(10);
});

describe('a segment', () => {
  const set = new VariableSet('small');
  const w = set.add('w', [8, 8], heNormal(8));
  const x = Float32Array.from({ length: 16 * 8 }, normal('x'));
  const run = async (f: (x: Tensor, w: Tensor) => Record<string, Tensor>, recompute: boolean) => {
    const program = await compile(gpu, ({ x }) => f(x, w), { x: [16, 8] }, { recompute, seed: 1 });
    const outputs = Object.keys(program.plan.outputs);
    const values = await program.run({ x }, { read: outputs });
    const ops = program.plan.dispatches.filter(({ again }) => again).map(({ op }) => op);
    program.dispose();
    return { values, ops, dispatches: ops.length };
  };
  const agree = async (f: (x: Tensor, w: Tensor) => Record<string, Tensor>, again: number) => {
    const [plain, recomputed] = [await run(f, false), await run(f, true)];
    for (const [name, values] of Object.entries(plain.values))
      assertSame(recomputed.values[name]!, values);
    expect(plain.dispatches).toBe(0);
    expect(recomputed.dispatches).toBe(again);
    return plain.values;
  };
  const step = (x: Tensor, w: Tensor) => gelu(exp(matmul(x, w)));

  test('keeps what is used after it, outside it', async () => {
    let inner: Tensor;
    const leaky = checkpoint((x: Tensor, w: Tensor) => {
      inner = exp(matmul(x, w));
      return gelu(inner);
    });
    await agree((x, w) => {
      const y = leaky(x, w);
      const loss = sum(mul(y, inner));
      return { dw: grad(loss, [w])[0]!, inner };
    }, 0);
  });

  test('within another is a part of it', async () => {
    const twice = (segments: Segments) => (x: Tensor, w: Tensor) => {
      const block = segments((x: Tensor) => segments(step)(segments(step)(x, w), w));
      return { dw: grad(sum(block(x)), [w])[0]! };
    };
    const [nested, flat] = [await run(twice(checkpoint), true), await run(twice(plainly), false)];
    assertSame(nested.values.dw!, flat.values.dw!);
    expect(nested.dispatches).toBeGreaterThan(2);
  });

  test('that reads a variable which is written before its gradients is not repeated', async () => {
    const own = () => {
      const set = new VariableSet('written');
      const v = set.add('v', [8, 8], heNormal(8));
      return (x: Tensor) => {
        const y = checkpoint((x: Tensor) => step(step(x, v), v))(x);
        const { gradientNorm } = sgdMomentum(sum(mul(x, matmul(x, v))), set, { rate: 0.1 });
        return { dx: grad(sum(y), [x])[0]!, gradientNorm };
      };
    };
    const [plain, again] = [await run(own(), false), await run(own(), true)];
    assertSame(again.values.dx!, plain.values.dx!);
    // Of two products and what is computed with them elementwise, the latter alone is.
    expect([...new Set(again.ops)]).toEqual(['elementwise']);
  });

  test('refuses an optimiser', () => {
    const f = ({ x }: { x: Tensor }) => {
      const y = checkpoint((x: Tensor) => {
        const loss = sum(matmul(x, w));
        sgdMomentum(loss, set, { rate: 0.1 });
        return loss;
      })(x);
      return { dx: grad(y, [x])[0]! };
    };
    expect(() => planOf(gpu, f, { x: [16, 8] }, { recompute: true })).toThrow(
      'update writes variables',
    );
  });

  test('has gradients that agree with differences', async () => {
    const loss = (x: Tensor, w: Tensor) => sum(checkpoint(step)(mul(x, 0.1), w));
    const { values } = await run((x, w) => ({ dw: grad(loss(x, w), [w])[0]! }), true);
    const weights = (await readVariables(gpu, set)).get('w')!;
    const f = (w: ArrayLike<number>) => {
      let total = 0;
      for (let i = 0; i < 16; i++)
        for (let j = 0; j < 8; j++) {
          let z = 0;
          for (let k = 0; k < 8; k++) z += 0.1 * x[i * 8 + k]! * w[k * 8 + j]!;
          const e = Math.exp(z);
          total += 0.5 * e * (1 + erf(e / Math.SQRT2));
        }
      return total;
    };
    const differences = Array.from({ length: 64 }, (_, i) => {
      const at = (h: number) => f(Float64Array.from(weights, (v, j) => (i === j ? v + h : v)));
      return (at(1e-4) - at(-1e-4)) / 2e-4;
    });
    assertClose(values.dw!, differences, 1e-3);
  });
});

/** Abramowitz and Stegun 7.1.26 is within 1.5e-7; differences want more, so its Maclaurin series. */
function erf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}
