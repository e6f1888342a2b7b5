/**
 * Every kernel of the matmul family gives what a product in f64 gives, within rounding, wherever it
 * says that it fits.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { compile } from '../../src/graph/program.ts';
import { call1, op, type Tensor } from '../../src/graph/trace.ts';
import type { Stage } from '../../src/kernels/chain.ts';
import type { Target } from '../../src/kernels/kernel.ts';
import {
  type MatmulVariant,
  matmulFits,
  matmulSizes,
  matmulVariants,
} from '../../src/kernels/matmul.ts';
import type { Operand, Shape } from '../../src/kernels/tensor.ts';
import { assertClose, assertSame, COMPILING } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, type Numbers, normal, product, transposed } from '../reference.ts';

const devices = await openDevices();
const names = Object.keys(matmulVariants) as MatmulVariant[];

interface Case {
  readonly why: string;
  readonly a: Shape;
  readonly b: Shape;
  readonly y: Shape;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * A product by one kernel, with a bias, a ReLU, a residual and a factor for each row on the result.
 */
const forced = op<Case & { variant: MatmulVariant }>('forced matmul', {
  shape: (_, { y }) => [y],
  lower: ({ inputs, outputs: [y], run }, { variant, transposeA, transposeB }) => {
    const [a, b, e0, e2, e3] = inputs as [Operand, Operand, Operand, Operand, Operand];
    const stages: Stage[] = [
      { op: 'add', kind: 'row', operand: e0 },
      { op: 'relu', kind: 'none' },
      { op: 'add', kind: 'full', operand: e2 },
      { op: 'mul', kind: 'column', operand: e3 },
    ];
    const operands = { a, b, y: y!, e0, e1: a, e2, e3 };
    run(matmulVariants[variant], operands, { stages, transposeA, transposeB, accumulate: false });
  },
});

const sizes: [string, number, number, number, number][] = [
  ['one row', 1, 1, 8, 12],
  ['a single tile, not full', 1, 6, 12, 20],
  ['odd sizes', 1, 35, 19, 67],
  ['just above the tiles', 1, 68, 20, 132],
  ['a batch', 3, 36, 8, 36],
  ['a long inner axis', 1, 8, 520, 4],
  ['single values', 1, 1, 1, 1],
  ['one row of odd length', 1, 1, 13, 577],
  ['one column', 1, 37, 5, 1],
  ['a batch of odd sizes', 3, 17, 3, 5],
  ['fewer columns than a quad', 2, 5, 7, 3],
  ['all but the inner axis are quads', 1, 36, 17, 40],
  ['only the inner axis is quads', 1, 37, 16, 41],
  ['a long odd inner axis', 1, 3, 577, 5],
  ['an outer product', 1, 41, 1, 36],
  ['outer products of odd sizes', 3, 7, 1, 17],
];
const cases = sizes.flatMap(([why, batch, m, k, n]) =>
  [0, 1, 2, 3].map((layout): Case => {
    const transposeA = layout >= 2;
    const transposeB = layout % 2 === 1;
    const shape = (rows: number, columns: number) =>
      batch > 1 ? [batch, rows, columns] : [rows, columns];
    return {
      why: `${why}, ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`,
      a: transposeA ? shape(k, m) : shape(m, k),
      b: transposeB ? shape(n, k) : shape(k, n),
      y: shape(m, n),
      transposeA,
      transposeB,
    };
  }),
);

const memory = { name: '', size: 0 };
const operand = (shape: Shape): Operand => ({ memory, offset: 0, shape });

const random = normal('matmul variants');
const draw = (shape: Shape, scale = 1): Numbers =>
  generate(shape, () => Math.fround(scale * random()));

/** The operands of each case, and what they give in f64. */
const problems = cases.map(({ a, b, y, transposeA, transposeB }) => {
  const k = a.at(transposeA ? -2 : -1)!;
  const x = {
    a: draw(a, k ** -0.25),
    b: draw(b, k ** -0.25),
    bias: draw(y.slice(-1)),
    residual: draw(y),
    factor: draw(y.slice(0, -1)),
  };
  const turned = (t: Numbers) => transposed(t, t.shape.length === 3 ? [0, 2, 1] : [1, 0]);
  const ab = product(transposeA ? turned(x.a) : x.a, transposeB ? turned(x.b) : x.b);
  const expected = generate(y, (index, i) => {
    const sum = ab.values[i]! + at(x.bias, index.slice(-1));
    return (Math.max(sum, 0) + x.residual.values[i]!) * at(x.factor, index.slice(0, -1));
  });
  return { x, expected: expected.values };
});

type Results = ReadonlyMap<string, Float32Array>;

/** What each kernel gives for each case, twice; none where it does not fit. */
async function runAll(gpu: Gpu): Promise<readonly [Results, Results]> {
  const { adapter, subgroupSize, maxBinding } = gpu;
  const target: Target = { kind: adapter.kind, subgroupSize, maxBinding, hasF16: true };
  const inputs: Record<string, Shape> = {};
  const batch: Record<string, readonly number[]> = {};
  problems.forEach(({ x }, i) => {
    for (const [name, { shape, values }] of Object.entries(x)) {
      inputs[`${name}${i}`] = shape;
      batch[`${name}${i}`] = values;
    }
  });
  const program = await compile(
    gpu,
    (x: Record<string, Tensor>) => {
      const results: Record<string, Tensor> = {};
      cases.forEach((each, i) => {
        const t = { a: operand(each.a), b: operand(each.b), y: operand(each.y) };
        const operands = ['a', 'b', 'bias', 'residual', 'factor'].map((name) => x[`${name}${i}`]!);
        for (const variant of names)
          if (matmulFits(variant, target, matmulSizes(t, each)))
            results[`${variant} ${i}`] = call1(forced, operands, { ...each, variant });
      });
      return results;
    },
    inputs,
  );
  const read = Object.keys(program.plan.outputs);
  const once = async () => new Map(Object.entries(await program.run(batch, { read })));
  const results = [await once(), await once()] as const;
  program.dispose();
  return results;
}

describe.each(devices)('on $label', ({ gpu }) => {
  let results: Results;
  let again: Results;
  beforeAll(async () => {
    [results, again] = await runAll(gpu);
  }, COMPILING);

  test('bitwise equal on a second run', () => {
    for (const [name, y] of results) assertSame(again.get(name)!, y);
  });

  test.each(names)('%s agrees with f64', (variant) => {
    cases.forEach(({ why }, i) => {
      const y = results.get(`${variant} ${i}`);
      try {
        if (y) assertClose(y, problems[i]!.expected, 2e-6);
      } catch (error) {
        throw new Error(`${why}: ${(error as Error).message}`);
      }
    });
  });

  test('every kernel that this device has was tried, outer where the inner axis is 1', () => {
    const tried = (name: MatmulVariant) =>
      cases.filter((_, i) => results.has(`${name} ${i}`)).length;
    const subgroups = { 4: 'subgroup4', 8: 'subgroup8' }[gpu.subgroupSize];
    for (const name of names)
      if (!name.startsWith('subgroup') || name === subgroups)
        expect(tried(name), name).toBe(name === 'outer' ? 3 * 4 : cases.length);
  });
});
