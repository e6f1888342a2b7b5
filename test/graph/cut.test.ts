/**
 * Tensors larger than a binding: with bindings forced small, results are those of whole bindings.
 */

import { afterAll, expect, test } from 'vitest';
import { LimitError } from '../../src/gpu/faults.ts';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { add, gelu, mul, relu, sub } from '../../src/graph/ops/elementwise.ts';
import { layerNorm } from '../../src/graph/ops/layer_norm.ts';
import { concat, gather, pad, slice, transpose } from '../../src/graph/ops/layout.ts';
import { linear, matmul } from '../../src/graph/ops/matmul.ts';
import { max, mean, norm, sum } from '../../src/graph/ops/reduce.ts';
import { softmax } from '../../src/graph/ops/softmax.ts';
import { compile } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { batchNormLayer, modelVariables } from '../../src/models/layers.ts';
import { normal } from '../reference.ts';
import { bitsOf, openTrainer } from './trainer.ts';

const whole = await openGpu({ poison: true });
const KIB = 1024;
/** A binding holds 1,024 or 4,096 numbers. */
const small = await openGpu({ poison: true, maxBinding: 4 * KIB });
const medium = await openGpu({ poison: true, maxBinding: 16 * KIB });
afterAll(() => {
  for (const gpu of [whole, small, medium]) gpu.close();
});

type Shapes = Readonly<Record<string, readonly number[]>>;
type Graph = (inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;

async function outputsOn(gpu: Gpu, graph: Graph, shapes: Shapes, rows: number) {
  const specs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { shape, dtype: name === 'index' ? ('u32' as const) : ('f32' as const) },
    ]),
  );
  const program = await compile(gpu, graph, specs);
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const z = normal(name);
      const size = shape.reduce((a, b) => a * b, 1);
      const draw = name === 'index' ? () => Math.floor(Math.abs(z()) * 1e4) % rows : z;
      return [name, Float32Array.from({ length: size }, draw)];
    }),
  );
  const read = await program.run(values, { read: Object.keys(program.plan.outputs) });
  const counts = new Map<string, number>();
  for (const { op } of program.plan.dispatches) counts.set(op, (counts.get(op) ?? 0) + 1);
  program.dispose();
  return { read, counts };
}

/** The largest error relative to the largest value. */
function worst(a: Float32Array, b: Float32Array): number {
  const scale = b.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!) / scale), 0);
}

interface Case {
  why: string;
  graph: Graph;
  shapes: Shapes;
  /** The op that must have been cut. */
  op: string;
  on?: Gpu;
  /** Allowed error relative to the largest value; 0 where the order of sums is the same. */
  tolerance?: number;
}

const cases: Case[] = [
  {
    why: 'a chain of stages, with operands of all kinds',
    on: medium,
    op: 'elementwise',
    shapes: { x: [300, 20], full: [300, 20], row: [20], column: [300, 1], one: [] },
    graph: ({ x, full, row, column, one }) => ({
      y: mul(add(mul(add(gelu(x!), full!), row!), column!), one!),
    }),
  },
  {
    why: 'a chain on rows that quads do not fill',
    op: 'elementwise',
    shapes: { x: [301, 7], row: [7] },
    graph: ({ x, row }) => ({ y: relu(sub(mul(x!, row!), 0.1)) }),
  },
  {
    why: 'a product with long a and y',
    op: 'matmul',
    shapes: { a: [700, 12], b: [12, 8] },
    graph: ({ a, b }) => ({ y: matmul(a!, b!) }),
  },
  {
    why: 'a product with bias, residual and activation in its epilogue',
    on: medium,
    op: 'matmul',
    shapes: { a: [333, 12], b: [12, 20], bias: [20], residual: [333, 20], column: [333, 1] },
    graph: ({ a, b, bias, residual, column }) => ({
      y: relu(mul(add(linear(a!, b!, bias!), residual!), column!)),
    }),
  },
  {
    why: 'a product with a transposed b',
    op: 'matmul',
    shapes: { a: [500, 12], b: [8, 12] },
    graph: ({ a, b }) => ({ y: matmul(a!, b!, { transposeB: true }) }),
  },
  {
    why: 'a product with a transposed a: pieces of the inner axis are added',
    op: 'matmul',
    shapes: { a: [1000, 12], b: [1000, 8] },
    graph: ({ a, b }) => ({ y: matmul(a!, b!, { transposeA: true }) }),
    tolerance: 1e-6,
  },
  {
    why: 'a product with a transposed a and stages, which come after the last piece',
    op: 'matmul',
    shapes: { a: [1000, 12], b: [1000, 8], bias: [8], residual: [12, 8] },
    graph: ({ a, b, bias, residual }) => ({
      y: relu(add(add(matmul(a!, b!, { transposeA: true }), bias!), residual!)),
    }),
    tolerance: 1e-6,
  },
  {
    why: 'a batch of products',
    on: medium,
    op: 'matmul',
    shapes: { a: [60, 9, 12], b: [60, 12, 8] },
    graph: ({ a, b }) => ({
      y: matmul(a!, b!),
      z: matmul(b!, a!, { transposeA: true, transposeB: true }),
    }),
  },
  {
    why: 'a batch that shares one matrix, and its gradients',
    op: 'matmul',
    shapes: { a: [40, 9, 12], b: [12, 8], dy: [40, 9, 8] },
    graph: ({ a, b, dy }) => {
      const [da, db] = grad(sum(mul(matmul(a!, b!), dy!)), [a!, b!]);
      return { da: da!, db: db! };
    },
    tolerance: 1e-6,
  },
  {
    why: 'sums and maxima over the first axis',
    op: 'reduce',
    shapes: { x: [3000, 5] },
    graph: ({ x }) => ({ sum: sum(x!, 0), max: max(x!, 0) }),
    tolerance: 1e-6,
  },
  {
    why: 'sums over the last axis and over one in the middle',
    on: medium,
    op: 'reduce',
    shapes: { x: [90, 9, 64] },
    graph: ({ x }) => ({ last: sum(x!, -1), middle: sum(x!, 1), both: sum(x!, [0, 2]) }),
    tolerance: 1e-6,
  },
  {
    why: 'a mean over everything, of a size that has no divisor',
    op: 'reduce',
    shapes: { x: [4999] },
    graph: ({ x }) => ({ mean: mean(mul(x!, x!)) }),
    tolerance: 1e-6,
  },
  {
    why: 'lengths and their gradients',
    op: 'elementwise',
    shapes: { x: [640, 3] },
    graph: ({ x }) => {
      const loss = mean(norm(x!));
      return { loss, dx: grad(loss, [x!])[0]! };
    },
    tolerance: 1e-6,
  },
  {
    why: 'softmax and its gradient',
    on: medium,
    op: 'softmax',
    shapes: { x: [300, 17], dy: [300, 17] },
    graph: ({ x, dy }) => {
      const y = softmax(x!);
      return { y, dx: grad(sum(mul(y, dy!)), [x!])[0]! };
    },
  },
  {
    why: 'layer norm and its gradients',
    on: medium,
    op: 'layerNorm',
    shapes: { x: [300, 17], scale: [17], shift: [17], dy: [300, 17] },
    graph: ({ x, scale, shift, dy }) => {
      const y = layerNorm(x!, scale!, shift!);
      const [dx, dscale, dshift] = grad(sum(mul(y, dy!)), [x!, scale!, shift!]);
      return { y, dx: dx!, dscale: dscale!, dshift: dshift! };
    },
    tolerance: 1e-6,
  },
  {
    why: 'batch norm in training and its gradient; blocks of 256 rows stay whole',
    op: 'batchNorm',
    on: medium,
    shapes: { x: [1100, 12], dy: [1100, 12] },
    graph: ({ x, dy }) => {
      const layer = batchNormLayer(modelVariables('net'), 'norm', 12);
      const y = layer(x!, { training: true });
      return { y, dx: grad(sum(mul(y, dy!)), [x!])[0]! };
    },
    tolerance: 1e-6,
  },
  {
    why: 'rows by index',
    op: 'gather',
    shapes: { table: [50, 12], index: [300] },
    graph: ({ table, index }) => ({ y: gather(table!, index!) }),
  },
  {
    why: 'axes in another order',
    op: 'transpose',
    shapes: { x: [40, 30, 10] },
    graph: ({ x }) => ({ y: transpose(x!, [1, 0, 2]) }),
  },
  {
    why: 'tensors after one another, with an edge around them, and cut out again',
    op: 'concat',
    shapes: { a: [30, 40, 3], b: [30, 17, 3] },
    graph: ({ a, b }) => {
      const joined = pad(
        concat([a!, b!], 1),
        [
          [1, 0],
          [2, 3],
          [0, 0],
        ],
        7,
      );
      return { joined, cut: slice(joined, [3, 1, 1], [20, 50, 2]) };
    },
  },
];

for (const { why, op, graph, shapes, on = small, tolerance = 0 } of cases) {
  test(why, async () => {
    const rows = shapes.table?.[0] ?? 0;
    const expected = await outputsOn(whole, graph, shapes, rows);
    const cut = await outputsOn(on, graph, shapes, rows);
    expect(cut.counts.get(op)).toBeGreaterThan(expected.counts.get(op)!);
    for (const [name, values] of Object.entries(cut.read)) {
      expect(
        values.some((v) => v !== 0),
        name,
      ).toBe(true);
      if (tolerance === 0) expect(values, name).toEqual(expected.read[name]);
      else expect(worst(values, expected.read[name]!), name).toBeLessThan(tolerance);
    }
  });
}

test('axes whose values are apart: a transposed matrix is copied by parts that fit', async () => {
  const shapes = { x: [64, 64] };
  const graph: Graph = ({ x }) => ({ y: transpose(x!) });
  const expected = await outputsOn(whole, graph, shapes, 0);
  const cut = await outputsOn(small, graph, shapes, 0);
  expect(cut.read.y).toEqual(expected.read.y);
});

test('a whole training step, with slabs of parameters that are cut', async () => {
  const run = async (gpu: Gpu) => {
    const { program, train } = await openTrainer(gpu, { width: 60, batch: 16 });
    const losses = await train(4);
    const cut = program.plan.dispatches.filter(({ kernel }) => kernel.file === 'adamw.wgsl').length;
    const state = await program.snapshot();
    program.dispose();
    return { losses, cut, state };
  };
  const [a, b] = [await run(whole), await run(medium)];
  expect([a.cut, b.cut > 1]).toEqual([1, true]);
  // The norm of the gradient, which clips it, is added up in another order.
  for (const [i, loss] of a.losses.entries()) expect(b.losses[i]! / loss).toBeCloseTo(1, 5);
  for (const set of ['martinez', 'martinez.statistics', 'martinez.average'])
    for (const [name, values] of a.state.sets.get(set)!) {
      if (values.every((v) => v === 0)) continue;
      expect(worst(b.state.sets.get(set)!.get(name)!, values), name).toBeLessThan(1e-3);
    }
  expect(Object.keys(bitsOf(b.state).values)).toEqual(Object.keys(bitsOf(a.state).values));
});

test('what cannot be cut names the tensor, its size, what the device allows, and what to do', async () => {
  const attempt = outputsOn(
    small,
    ({ a, b }) => ({ y: matmul(a!, b!) }),
    { a: [8, 64], b: [64, 32] },
    0,
  );
  await expect(attempt).rejects.toThrow(LimitError);
  await expect(attempt).rejects.toThrow(
    /^matmul_\w+\.wgsl: b \[64, 32\] in one binding needs 8\.0 KiB, and the device allows 4\.0 KiB: this kernel cannot cut it, so use a smaller batch or a device with larger bindings$/,
  );
  await expect(
    outputsOn(small, ({ x }) => ({ y: softmax(x!) }), { x: [3, 2000] }, 0),
  ).rejects.toThrow(/softmax\.wgsl: \d+ rows of x .*needs .*: rows this long do not fit a binding/);
});
