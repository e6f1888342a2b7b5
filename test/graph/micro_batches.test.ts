/** Micro-batches: gradients of several batches, averaged before one update. */

import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { mul, relu } from '../../src/graph/ops/elementwise.ts';
import { linear } from '../../src/graph/ops/matmul.ts';
import { adamW, sgdMomentum } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables } from '../../src/graph/store.ts';
import { heNormal, VariableSet, zeros } from '../../src/graph/variables.ts';
import { mse } from '../../src/train/losses.ts';
import { normal } from '../reference.ts';
import { batchOf, openTrainer } from './trainer.ts';

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

/** A network without norm or dropout: its gradient of a batch is the mean of those of its parts. */
async function openPlain(rows: number, microBatches: number) {
  const set = new VariableSet('plain');
  const w1 = set.add('w1', [6, 16], heNormal(6), { decays: true });
  const b1 = set.add('b1', [16], zeros);
  const w2 = set.add('w2', [16, 4], heNormal(16), { decays: true });
  const program = await compile(
    gpu,
    ({ x, t }) => {
      const loss = mse(linear(relu(linear(x, w1, b1)), w2), t);
      const { gradientNorm } = adamW(loss, set, {
        rate: 1e-2,
        decay: 1e-2,
        clip: 0.5,
        microBatches,
      });
      // Traced after the update, but made of each micro-batch, and of the update.
      return { loss, gradientNorm, thousand: mul(loss, 1000), twice: mul(gradientNorm, 2) };
    },
    { x: [rows, 6], t: [rows, 4] },
  );
  return { set, program };
}

test('several micro-batches are as one batch of their size, with one update', async () => {
  const [one, parts] = [await openPlain(24, 1), await openPlain(8, 3)];
  const z = normal('micro-batches');
  const read = ['loss', 'gradientNorm', 'thousand', 'twice'] as const;
  for (let step = 0; step < 4; step++) {
    const x = Float32Array.from({ length: 24 * 6 }, z);
    const t = Float32Array.from({ length: 24 * 4 }, z);
    const micro = [0, 1, 2].map((i) => ({
      x: x.subarray(i * 48, (i + 1) * 48),
      t: t.subarray(i * 32, (i + 1) * 32),
    }));
    const before = gpu.counts.submits;
    const a = await one.program.run({ x, t }, { read });
    expect(gpu.counts.submits - before).toBe(1);
    const b = await parts.program.run(micro, { read });
    expect(gpu.counts.submits - before).toBe(4);
    for (const name of read) expect(b[name][0]! / a[name][0]!, name).toBeCloseTo(1, 5);
    expect(b.thousand[0]! / b.loss[0]!).toBeCloseTo(1000, 2);
    expect(b.twice[0]).toBe(2 * b.gradientNorm[0]!);
  }
  expect([one.program.count, parts.program.count]).toEqual([4, 4]);
  const [v, w] = [await readVariables(gpu, one.set), await readVariables(gpu, parts.set)];
  for (const [name, values] of v)
    for (const [i, value] of values.entries()) expect(w.get(name)![i]).toBeCloseTo(value, 5);
});

test('schedules and random numbers follow steps and micro-batches', async () => {
  // Two micro-batches of the same data differ by their dropout masks alone.
  const { program } = await openTrainer(gpu, { optimiser: { microBatches: 2 } });
  const same = batchOf(0);
  const { loss } = await program.run([same, same], { read: ['loss'] });
  const last = await program.read('loss');
  expect(loss[0]).not.toBe(last[0]);
  await expect(program.run(same)).rejects.toThrow(
    'run: this program takes 2 micro-batches a step, got 1',
  );
});

test('a run with micro-batches is repeatable and can be resumed', async () => {
  const micro = (step: number) => [batchOf(2 * step), batchOf(2 * step + 1)];
  const open = () => openTrainer(gpu, { optimiser: { microBatches: 2 } });
  const whole = await open();
  const losses: number[] = [];
  const saved = [];
  for (let step = 0; step < 4; step++) {
    losses.push((await whole.program.run(micro(step), { read: ['loss'] })).loss[0]!);
    if (step === 1) saved.push(await whole.program.snapshot());
  }
  const resumed = await open();
  await resumed.program.restore(saved[0]!);
  for (let step = 2; step < 4; step++)
    expect((await resumed.program.run(micro(step), { read: ['loss'] })).loss[0]).toBe(losses[step]);
});

test('updates that take different numbers of micro-batches are refused', async () => {
  const [a, b] = ['a', 'b'].map((name) => {
    const set = new VariableSet(name);
    return { set, w: set.add('w', [4, 1], heNormal(4)) };
  });
  const attempt = compile(
    gpu,
    ({ x, t }) => {
      const loss = mse(linear(x, a!.w), t);
      sgdMomentum(loss, a!.set, { rate: 0.1, microBatches: 2 });
      sgdMomentum(mse(linear(x, b!.w), t), b!.set, { rate: 0.1, microBatches: 3 });
      return { loss };
    },
    { x: [2, 4], t: [2, 1] },
  );
  await expect(attempt).rejects.toThrow(
    'one update takes 2 micro-batches and another 3: give both optimisers the same microBatches',
  );
});
