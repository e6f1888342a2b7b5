/** A cap on the memory of a program, and what it takes in numbers. */

import { expect, test } from 'vitest';
import { bytes, LimitError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { checkpoint } from '../../src/graph/checkpoint.ts';
import { f16 } from '../../src/graph/halves.ts';
import { gelu } from '../../src/graph/ops/elementwise.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { adamW, averageOf } from '../../src/graph/ops/optimiser.ts';
import { mean } from '../../src/graph/ops/reduce.ts';
import { memoryOf } from '../../src/graph/plan_memory.ts';
import { type CompileOptions, compile, planOf } from '../../src/graph/program.ts';
import { readVariables, releaseVariables, writeVariables } from '../../src/graph/store.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { heNormal, VariableSet } from '../../src/graph/variables.ts';
import { assertSame } from '../check.ts';

const WIDTH = 64;
const ROWS = 512;

function network(microBatches = 1) {
  const set = new VariableSet('dense');
  const weights = Array.from({ length: 8 }, (_, i) =>
    set.add(`w${i}`, [WIDTH, WIDTH], heNormal(WIDTH)),
  );
  const forward = (x: Tensor) =>
    weights.reduce((y, w) => checkpoint((y: Tensor) => gelu(gelu(matmul(y, w))))(y), x);
  const step = ({ x }: { x: Tensor }) => {
    const loss = mean(forward(x));
    return { loss, ...adamW(loss, set, { rate: 1e-3, average: 0.9, microBatches }) };
  };
  return { set, forward, step };
}
const inputs = { x: [ROWS, WIDTH] } as const;

test('a plan says what it takes, and that is what is allocated', async () => {
  await using gpu = await openGpu();
  for (const options of [{}, { recompute: true }, { storage: f16, recompute: true }]) {
    const { step } = network(2);
    const memory = memoryOf(planOf(gpu, step, inputs, options));
    expect(gpu.counts.bytes).toBe(0);
    const program = await compile(gpu, step, inputs, options);
    expect(gpu.counts.bytes).toBe(memory.total);
    const parameters = 8 * 4 * WIDTH * WIDTH;
    expect(memory.gradients).toBe(2 * parameters);
    expect(memory.variables).toMatchObject({
      dense: parameters,
      'dense.moment1': parameters,
      'dense.moment2': parameters,
      'dense.average': parameters,
    });
    const { activations, gradients, held, staging, variables, total } = memory;
    const sum = Object.values(variables).reduce((a, b) => a + b, 0);
    expect(activations + gradients + held + staging + sum).toBe(total);
    program.dispose();
    for (const set of program.plan.sets) await releaseVariables(gpu, set);
  }
});

test('a cap refuses before anything is allocated, and names what has not been tried', async () => {
  await using gpu = await openGpu();
  const { step } = network();
  const total = (options: CompileOptions) => memoryOf(planOf(gpu, step, inputs, options)).total;
  const refused = (options: CompileOptions): LimitError => {
    try {
      planOf(gpu, step, inputs, options);
    } catch (error) {
      return error as LimitError;
    }
    throw new Error('it was not refused');
  };
  const cap = total({ recompute: true, storage: f16 });
  expect(total({ recompute: true })).toBeGreaterThan(cap);
  expect(total({})).toBeGreaterThan(total({ recompute: true }));

  const plain = refused({ cap });
  expect(plain).toBeInstanceOf(LimitError);
  expect([plain.needed, plain.allowed]).toEqual([total({}), cap]);
  expect(plain.message).toContain(`needs ${bytes(total({}))}, and cap allows ${bytes(cap)}`);
  expect(plain.message).toMatch(/activations \d.*, gradients 128.0 KiB.*dense.moment1 128.0 KiB/);
  expect(plain.message).toMatch(/use recompute, storage f16, a smaller batch, .* or raise cap$/);
  const recomputed = refused({ cap, recompute: true }).message;
  expect(recomputed).not.toContain('recompute');
  expect(recomputed).toContain('use storage f16, a smaller batch');
  expect(refused({ cap: cap - 1, recompute: true, storage: f16 }).message).not.toContain('f16');

  await expect(compile(gpu, step, inputs, { cap })).rejects.toThrow(LimitError);
  expect(gpu.counts).toMatchObject({ buffers: 0, bytes: 0 });
  const program = await compile(gpu, step, inputs, { cap, recompute: true, storage: f16 });
  expect(gpu.counts.bytes).toBe(cap);
  program.dispose();
});

test('a program reads one set in the stead of another', async () => {
  await using gpu = await openGpu({ poison: true });
  const { set, forward, step } = network();
  const x = Float32Array.from({ length: ROWS * WIDTH }, (_, i) => Math.sin(i));
  const learn = await compile(gpu, step, inputs);
  const stead = new Map([[set, averageOf(set)]]);
  const lift = ({ x }: { x: Tensor }) => ({ y: forward(x) });
  const raw = await compile(gpu, lift, inputs);
  const averaged = await compile(gpu, lift, inputs, { stead });
  expect(averaged.plan.sets).toEqual([averageOf(set)]);
  for (let i = 0; i < 3; i++) await learn.run({ x });
  const [a, b] = [
    await raw.run({ x }, { read: ['y'] }),
    await averaged.run({ x }, { read: ['y'] }),
  ];
  expect(a.y).not.toEqual(b.y);

  const other = network();
  const copy = await compile(gpu, ({ x }) => ({ y: other.forward(x) }), inputs);
  await writeVariables(gpu, other.set, await readVariables(gpu, averageOf(set)));
  assertSame((await copy.run({ x }, { read: ['y'] })).y, b.y);
});
