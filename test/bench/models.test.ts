import { expect, test } from 'vitest';
import { models } from '../../bench/models/index.ts';
import { openDevices } from '../devices.ts';

const [device] = await openDevices();

/** Sizes that are quick, and still those of the model. */
const SMALL: Readonly<Record<string, { batch: number; width: number; size?: number }>> = {
  martinez: { batch: 16, width: 32 },
  'irb-se': { batch: 2, width: 8 },
  wasp: { batch: 2, width: 8 },
  cnn: { batch: 4, width: 10, size: 64 },
  vit: { batch: 2, width: 32, size: 64 },
  'vit-block': { batch: 1, width: 64 },
};

const STEPS = 30;

test.each(Object.keys(models))('%s learns what it is timed by', async (name) => {
  const { gpu } = device!;
  const { program, batch } = await models[name]!.train(gpu, SMALL[name]!);
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++)
    losses.push((await program.run(batch, { read: ['loss'] })).loss![0]!);
  // Dropout makes single steps differ.
  const mean = (some: number[]) => some.reduce((a, b) => a + b) / some.length;
  expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)));
  program.dispose();
});

test.each(Object.keys(models))('%s gives numbers', async (name) => {
  const { program, batch, read } = await models[name]!.infer(device!.gpu, SMALL[name]!);
  const outputs = await program.run(batch, { read: [...read] });
  const [y] = Object.values(outputs) as [Float32Array];
  expect(y.some((v) => v !== 0) && y.every(Number.isFinite)).toBe(true);
  program.dispose();
});
