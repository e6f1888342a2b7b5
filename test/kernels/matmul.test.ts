import { describe, expect, test } from 'vitest';
import * as ops from '../../src/graph/ops/elementwise.ts';
import { linear, type MatmulOptions, matmul } from '../../src/graph/ops/matmul.ts';
import { evaluate } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import { checkOp } from '../check.ts';
import { openDevices } from '../devices.ts';
import { map, type Numbers, product, transposed, zip } from '../reference.ts';

const devices = await openDevices();

/**
 * So that sums of k products are of size 1: their rounding errors are relative to what is added.
 */
const small = (k: number) => (z: number) => z / k ** 0.25;

/** The last two axes exchanged. */
const turned = (x: Numbers) => {
  const rank = x.shape.length;
  return transposed(x, [...x.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2));
};

const sizes: [why: string, m: number, k: number, n: number][] = [
  ['a single product', 1, 1, 1],
  ['one row, as when one pose is lifted', 1, 34, 20],
  ['one row of quads', 1, 32, 36],
  ['odd sizes', 5, 7, 3],
  ['rows that quads do not fill beside columns of quads', 7, 8, 12],
  ['fewer rows than a tile, wide', 4, 8, 132],
  ['just above a tile', 33, 20, 68],
  ['above every tile, odd', 67, 19, 65],
  ['above every tile, quads', 68, 36, 68],
  ['a long inner axis', 5, 1001, 6],
  ['a single column', 70, 12, 1],
];
const layouts: [string, Required<MatmulOptions>][] = [
  ['NN', { transposeA: false, transposeB: false }],
  ['NT', { transposeA: false, transposeB: true }],
  ['TN', { transposeA: true, transposeB: false }],
  ['TT', { transposeA: true, transposeB: true }],
];
for (const [layout, options] of layouts) {
  const flip = ([rows, columns]: [number, number], turn: boolean, ...batch: number[]): Shape =>
    turn ? [...batch, columns, rows] : [...batch, rows, columns];
  const a = (m: number, k: number, ...batch: number[]) =>
    flip([m, k], options.transposeA, ...batch);
  const b = (k: number, n: number, ...batch: number[]) =>
    flip([k, n], options.transposeB, ...batch);
  checkOp(`matmul ${layout}`, devices, {
    op: ([a, b]) => matmul(a!, b!, options),
    reference: ([a, b]) =>
      product(options.transposeA ? turned(a!) : a!, options.transposeB ? turned(b!) : b!),
    // In the long inner axis a thousand products are added one after another, with a rounding each.
    tolerance: 2e-6,
    cases: [
      ...sizes.map(([why, m, k, n]) => [why, [a(m, k), b(k, n)], undefined, small(k)] as const),
      ['a batch of quads', [a(8, 12, 3), b(12, 4, 3)], undefined, small(12)],
      ['a batch of odd sizes', [a(3, 5, 2, 3), b(5, 7, 2, 3)], undefined, small(5)],
      ['a batch of one', [a(5, 8, 1), b(8, 4, 1)], undefined, small(8)],
      ['b shared by the batch', [a(5, 8, 3), b(8, 4)], undefined, small(8)],
      ['b shared by the batch, with an axis of 1', [a(5, 6, 3), b(6, 3, 1)], undefined, small(6)],
      ['a shared by the batch', [a(8, 4), b(4, 12, 3)], undefined, small(4)],
    ],
  });
}

checkOp('linear', devices, {
  op: ([x, w, bias]) => linear(x!, w!, bias!),
  reference: ([x, w, bias]) => zip((a, b) => a + b)([product(x!, w!), bias!]),
  cases: [
    ['poses to features', [[6, 34], [34, 20], [20]], undefined, small(34)],
    ['odd sizes and several leading axes', [[2, 3, 5], [5, 7], [7]], undefined, small(5)],
  ],
});

/** What is fused into the store of a product: bias, activation, residual, scale. */
const epilogues: [string, (y: Tensor) => Tensor, (y: number) => number][] = [
  ['relu', ops.relu, (y) => Math.max(y, 0)],
  ['silu', ops.silu, (y) => y / (1 + Math.exp(-y))],
];
for (const [name, activate, f] of epilogues)
  checkOp(`linear, ${name}, residual and scale`, devices, {
    op: ([x, w, bias, residual]) =>
      ops.mul(ops.add(activate(linear(x!, w!, bias!)), residual!), 0.5),
    reference: ([x, w, bias, residual]) => {
      const y = map(f)([zip((a, b) => a + b)([product(x!, w!), bias!])]);
      return zip((a, b) => (a + b) / 2)([y, residual!]);
    },
    forwardOnly: true,
    cases: [
      ['quads', [[33, 8], [8, 36], [36], [33, 36]], undefined, small(8)],
      ['odd sizes', [[7, 5], [5, 9], [9], [7, 9]], undefined, small(5)],
      ['one row', [[1, 8], [8, 12], [12], [1, 12]], undefined, small(8)],
      ['a batch', [[2, 3, 8], [8, 4], [4], [2, 3, 4]], undefined, small(8)],
      ['a batch of matrices', [[3, 4, 8], [3, 8, 4], [4], [3, 4, 4]], undefined, small(8)],
      ['a factor for each row in place of the residual', [[5, 8], [8, 4], [4], [5, 1]]],
      ['a value for each row of a batch', [[3, 5, 8], [3, 8, 4], [4], [3, 5, 1]]],
    ],
  });

describe.each(devices)('on $label', ({ gpu }) => {
  test.each([
    ['rows', [65_535 * 8 + 1, 1], [1, 1]],
    ['rows of quads', [65_535 * 32 + 1, 4], [4, 4]],
    ['matrices of a batch', [65_537, 2, 1], [65_537, 1, 2]],
    ['matrices of a batch with one a', [1, 2], [65_537, 2, 1]],
  ])('more %s than a dimension of the grid has workgroups', async (_, a, b) => {
    const numbers = (shape: Shape) => {
      const values = new Float32Array(sizeOf(shape)).map((_, i) => i % 13);
      return { shape, values };
    };
    const [x, w] = [numbers(a), numbers(b)];
    const { y } = await evaluate(gpu, ({ x, w }) => ({ y: ops.add(matmul(x, w), 1) }), { x, w });
    const [m, k] = a.slice(-2) as [number, number];
    const n = b.at(-1)!;
    const wrong = y.findIndex((value, i) => {
      const batch = Math.floor(i / (m * n));
      const row = (a.length === 3 ? batch * m : 0) + (Math.floor(i / n) % m);
      let sum = 1;
      for (let j = 0; j < k; j++)
        sum +=
          x.values[row * k + j]! * w.values[((b.length === 3 ? batch * k : 0) + j) * n + (i % n)]!;
      return value !== sum;
    });
    expect([wrong, y[wrong]]).toEqual([-1, undefined]);
  });
});
