/** Fusing chains and epilogues changes how a program is computed, never what. */

import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import * as ops from '../../src/graph/ops/elementwise.ts';
import { reshape } from '../../src/graph/ops/layout.ts';
import { linear, matmul } from '../../src/graph/ops/matmul.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { mean, sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables } from '../../src/graph/store.ts';
import { scalar, type Tensor } from '../../src/graph/trace.ts';
import { ones, VariableSet, zeros } from '../../src/graph/variables.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import { martinez } from '../../src/models/martinez.ts';
import { meanJointDistance } from '../../src/train/losses.ts';
import { assertClose } from '../check.ts';
import { openDevices } from '../devices.ts';
import { normal } from '../reference.ts';

// What limits a device has does not matter here.
const devices = (await openDevices()).filter(({ gpu }) => !gpu.options.plain);

const shapes = {
  x: [6, 8],
  full: [6, 8],
  row: [8],
  column: [6, 1],
  one: [],
  deep: [2, 3, 8],
  middle: [2, 1, 8],
  w: [8, 12],
  bias: [12],
  residual: [6, 12],
} as const;
type Inputs = { readonly [K in keyof typeof shapes]: Tensor };

const { add, sub, mul, div, maximum, minimum, relu, gelu, silu, tanh, exp, sigmoid } = ops;

/** Graphs, and how many dispatches fusing leaves of them. */
const zoo: [why: string, graph: (t: Inputs) => Record<string, Tensor>, dispatches: number][] = [
  ['a chain of six stages', ({ x }) => ({ y: tanh(add(mul(exp(sub(relu(x), 1)), 0.1), 2)) }), 1],
  [
    'more stages than a kernel has',
    ({ x }) => ({ y: [1, 2, 3, 4, 5, 6, 7].reduce<Tensor>((y, c) => gelu(add(y, c)), x) }),
    3,
  ],
  [
    'operands of all kinds',
    ({ x, full, row, column, one }) => ({
      y: div(mul(sub(add(x, full), row), column), add(one, 9)),
    }),
    2,
  ],
  [
    'a row and a column, in either order',
    ({ x, row, column }) => ({ y: add(mul(x, column), row), z: mul(add(x, row), column) }),
    2,
  ],
  [
    'the running value comes second',
    ({ x, full }) => ({ y: sub(full, exp(x)), z: div(full, add(sigmoid(x), 1)) }),
    2,
  ],
  [
    'a value that is used twice is kept',
    ({ x }) => {
      const t = exp(x);
      return { y: mul(t, add(t, 1)) };
    },
    2,
  ],
  ['a value times itself', ({ x }) => ({ y: ops.square(add(x, 1)) }), 2],
  [
    'a value that is an output, too',
    ({ x }) => {
      const t = exp(x);
      return { t, y: add(t, 1) };
    },
    2,
  ],
  [
    'a row of one division and a row of another',
    ({ deep, row, middle }) => ({ y: add(add(deep, row), middle) }),
    2,
  ],
  [
    'a scalar of the step',
    ({ x }) => ({
      y: mul(
        add(
          x,
          scalar((step) => step + 0.5),
        ),
        2,
      ),
    }),
    1,
  ],
  ['a reshape between two chains', ({ x }) => ({ y: add(reshape(exp(x), [8, 6]), 1) }), 2],
  ['select', ({ x, full, row }) => ({ y: ops.select(ops.greater(x, 0), mul(full, 2), row) }), 4],
  [
    'a dense layer with all that fits',
    ({ x, w, bias, residual }) => ({ y: mul(add(relu(linear(x, w, bias)), residual), 0.5) }),
    1,
  ],
  [
    'more after a product than it can carry',
    ({ x, w, bias, residual }) => ({
      y: tanh(silu(mul(add(relu(linear(x, w, bias)), residual), 0.5))),
    }),
    2,
  ],
  [
    'a product of a batch, with a bias',
    ({ deep, w, bias }) => ({ y: relu(add(matmul(deep, w), bias)) }),
    1,
  ],
  [
    'a product whose factor is the operand',
    ({ x, w, residual }) => ({ y: sub(residual, matmul(x, w)) }),
    1,
  ],
  ['the smaller and the larger', ({ x, full }) => ({ y: minimum(maximum(x, full), 0.5) }), 1],
];

async function outputs(gpu: Gpu, graph: (t: Inputs) => Record<string, Tensor>, fuse: boolean) {
  const program = await compile(gpu, graph, shapes, { fuse });
  const batch = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const random = normal(name);
      return [name, Float32Array.from({ length: sizeOf(shape) }, random)];
    }),
  ) as Record<keyof typeof shapes, Float32Array>;
  const read = Object.keys(program.plan.outputs);
  const values = await program.run(batch, { read });
  program.dispose();
  return { values, dispatches: program.plan.dispatches.length };
}

/** The parameters after some steps of training on batches of a sum of ops, and the losses. */
async function train(gpu: Gpu, fuse: boolean) {
  const batch = 24;
  const network = martinez({ width: 36, blocks: 1, dropout: 0.25, inputs: 34, outputs: 48 });
  const program = await compile(
    gpu,
    ({ x, t }) => {
      const y = reshape(network(x, { training: true }), [batch, 16, 3]);
      const loss = meanJointDistance(y, t);
      const options = { rate: 1e-3, decay: 1e-2, clip: 1, average: 0.9 };
      return { loss, ...adamW(loss, network.parameters, options) };
    },
    { x: [batch, 34], t: [batch, 16, 3] },
    { fuse },
  );
  const random = normal('poses');
  const draw = (size: number) => Float32Array.from({ length: size }, random);
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const values = { x: draw(batch * 34), t: draw(batch * 48) };
    losses.push((await program.run(values, { read: ['loss'] })).loss[0]!);
  }
  const inference = await compile(gpu, ({ x }) => ({ y: network(x) }), { x: [5, 34] }, { fuse });
  const { y } = await inference.run({ x: draw(5 * 34) }, { read: ['y'] });
  const dispatches = [program, inference].map(({ plan }) => plan.dispatches.length);
  program.dispose();
  inference.dispose();
  return { losses, y, dispatches, parameters: await readVariables(gpu, network.parameters) };
}

describe.each(devices)('on $label', ({ gpu }) => {
  test.each(zoo)('%s', async (_, graph, dispatches) => {
    const fused = await outputs(gpu, graph, true);
    const plain = await outputs(gpu, graph, false);
    expect(fused.dispatches).toBe(dispatches);
    expect(plain.dispatches).toBeGreaterThanOrEqual(dispatches);
    for (const [name, values] of Object.entries(plain.values))
      assertClose(fused.values[name]!, values, 1e-6);
  });

  test('gradients of all of them together', async () => {
    const graph = (t: Inputs) => {
      const terms = zoo.flatMap(([, graph]) => Object.values(graph(t)).map((y) => mean(y)));
      const names = Object.keys(shapes) as (keyof Inputs)[];
      const loss = sum(terms.reduce((a, b) => add(a, b)));
      const gradients = grad(
        loss,
        names.map((name) => t[name]),
      );
      return Object.fromEntries(names.map((name, i) => [name, gradients[i]!]));
    };
    const fused = await outputs(gpu, graph, true);
    const plain = await outputs(gpu, graph, false);
    expect(fused.dispatches).toBeLessThan(0.8 * plain.dispatches);
    for (const [name, values] of Object.entries(plain.values))
      assertClose(fused.values[name]!, values, 2e-6);
  });

  test('training the residual lifter, and its inference', async () => {
    const fused = await train(gpu, true);
    const plain = await train(gpu, false);
    expect(fused.dispatches[0]).toBeLessThan(plain.dispatches[0]!);
    // A dense layer, the norm of inference, the ReLU and the residual are one dispatch each.
    expect(fused.dispatches[1]).toBeLessThan(plain.dispatches[1]! / 2);
    assertClose(fused.losses, plain.losses, 1e-6);
    assertClose(fused.y, plain.y, 2e-5);
    for (const [name, values] of plain.parameters)
      assertClose(fused.parameters.get(name)!, values, 2e-5);
  });

  test('a call that reads a variable is not moved behind its update', async () => {
    const run = async (fuse: boolean) => {
      const network = martinez({ width: 8, blocks: 1 });
      const [mean, variance] = network.statistics.variables.map(({ tensor }) => tensor);
      const program = await compile(
        gpu,
        ({ x }) => {
          const before = add(mul(mean!, 1), 0);
          const scale = { scale: add(mul(x, 0), 1), shift: mul(x, 0) };
          const rows = reshape(add(x, scale.shift), [1, 8]);
          const y = batchNorm(
            matmul(reshape(x, [8, 1]), rows),
            { ...scale, mean: mean!, variance: variance! },
            { training: true },
          );
          return { y, before: add(before, 5) };
        },
        { x: [8] },
        { fuse },
      );
      const x = Float32Array.from({ length: 8 }, (_, i) => i + 1);
      const { before } = await program.run({ x }, { read: ['before', 'y'] });
      program.dispose();
      return before;
    };
    for (const fuse of [true, false]) expect([...(await run(fuse))]).toEqual(Array(8).fill(5));
  });

  test('batch norm carries what follows it, and stays before another that writes the same', async () => {
    const run = async (fuse: boolean, variant: string) => {
      const set = new VariableSet('statistics');
      const [mean, variance] = [set.add('mean', [8], zeros), set.add('variance', [8], ones)];
      const program = await compile(
        gpu,
        ({ x, full, row }) => {
          const variables = { scale: row!, shift: row!, mean, variance };
          const normal = (t: Tensor) => batchNorm(t, variables, { training: true });
          // Both are made before either goes on; what is remembered depends on their order.
          const [first, second] = [normal(x!), normal(mul(full!, 3))];
          const [y, z] = [relu(mul(first, 2)), relu(second)];
          const more = add(normal(full!), x!);
          return { y, z, more };
        },
        { x: [6, 8], full: [6, 8], row: [8] },
        { fuse, variants: { batchNorm: variant } },
      );
      const random = normal('batch norm');
      const draw = (n: number) => Float32Array.from({ length: n }, random);
      const batch = { x: draw(48), full: draw(48), row: draw(8) };
      const got = await program.run(batch, { read: ['y', 'z', 'more'] });
      const running = await readVariables(gpu, set);
      const dispatches = program.plan.dispatches.length;
      program.dispose();
      return { values: [...got.y, ...got.z, ...got.more], running, dispatches };
    };
    const plain = await run(false, 'blocks');
    for (const variant of ['blocks', 'columns']) {
      const fused = await run(true, variant);
      expect(fused.dispatches).toBeLessThan(plain.dispatches);
      assertClose(fused.values, plain.values, 1e-5);
      for (const [name, values] of plain.running)
        assertClose(fused.running.get(name)!, values, 1e-6);
    }
  });
});
