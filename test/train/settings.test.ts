/** Settings of trainings: halves and the scale of the loss, averages. */

import { expect, test } from 'vitest';
import { bodySource } from '../../src/data/body/source.ts';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { f16 } from '../../src/graph/halves.ts';
import { averageOf } from '../../src/graph/ops/optimiser.ts';
import { readVariables } from '../../src/graph/store.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { configOf } from '../../src/train/config.ts';
import { trainingSteps } from '../../src/train/loop.ts';
import { forecastTraining } from '../../src/train/step.ts';
import { openTraining, type Training } from '../../src/train/training.ts';
import { assertSame } from '../check.ts';
import { bitsOf } from '../graph/trainer.ts';

const data = {
  train: bodySource({ seed: 1, count: 200 }),
  validation: bodySource({ seed: 2, count: 100 }),
};
const small = { width: 16, batch: 16, steps: 60, dropout: 0.2 };
const open = (gpu: Gpu, more: Readonly<Record<string, unknown>>) =>
  openTraining(gpu, configOf({ ...small, ...more }), data, undefined, f16);
const steps = async (training: Training, count: number) => {
  const reports = [];
  for (let i = 0; i < count; i++) reports.push(await training.next());
  return reports;
};

test('f32 without scale or average are the defaults; halves have a scale', () => {
  const plain = { storage: 'f32', lossScale: 0, average: 0 };
  expect(configOf({})).toMatchObject(plain);
  expect(configOf({ storage: 'f16' })).toMatchObject({ storage: 'f16', lossScale: 65_536 });
  expect(configOf({ storage: 'f16', lossScale: 0 })).toMatchObject({ lossScale: 0 });
  expect(() => configOf({ storage: 'f8' })).toThrow('storage must be one of f32, f16');
  expect(() => configOf({ average: 1 })).toThrow('average must be a number from 0 to 0.999999');
  expect(() => configOf({ mirror: 1 })).toThrow('must be true or false');
});

test('a run with all of them goes on from a checkpoint as if nothing had been', async () => {
  const more = { storage: 'f16', average: 0.9 };
  const end = async (training: Training, count: number) => {
    const reports = await steps(training, count);
    return [reports.at(-1), await training.validate(), bitsOf(await training.snapshot())];
  };
  await using gpu = await openGpu({ poison: true });
  const whole = await end(await open(gpu, more), 6);

  await using before = await openGpu({ poison: true });
  const first = await open(before, more);
  await steps(first, 3);
  const checkpoint = writeCheckpoint(await first.snapshot(), {});
  await using after = await openGpu({ poison: true });
  const second = await open(after, more);
  await second.restore(readCheckpoint(checkpoint).snapshot);
  expect(await end(second, 3)).toEqual(whole);
  expect(whole[0]).toMatchObject({ lossScale: 65_536, skippedSteps: 0 });
});

test('a step that overflows is skipped, counted and reported, and the training goes on', async () => {
  await using gpu = await openGpu({ poison: true });
  const training = await open(gpu, { storage: 'f16', lossScale: 2 ** 24, batch: 4 });
  const [first] = await steps(training, 1);
  expect(first).toMatchObject({ lossScale: 2 ** 23, skippedSteps: 1 });
  expect(Number.isFinite(first!.gradientNorm)).toBe(false);
  expect(Number.isFinite(first!.loss)).toBe(true);
  const last = (await steps(training, 12)).at(-1)!;
  expect(last.skippedSteps!).toBeGreaterThan(0);
  expect(last.lossScale).toBe(2 ** (24 - last.skippedSteps!));
  expect(Number.isFinite(last.gradientNorm)).toBe(true);
});

test('what is judged and shipped is the average', async () => {
  await using gpu = await openGpu({ poison: true });
  const [plain, averaged] = [await open(gpu, {}), await open(gpu, { average: 0.99 })];
  for (const training of [plain, averaged]) await steps(training, 8);
  expect(await plain.validate()).not.toEqual(await averaged.validate());
  // The same steps are made.
  const { parameters } = averaged.network;
  const learned = await readVariables(gpu, parameters);
  const average = await readVariables(gpu, averageOf(parameters));
  const [shipped, others] = [await averaged.values(), await plain.values()];
  for (const name of learned.keys()) {
    assertSame(learned.get(name)!, others.get(name)!);
    assertSame(shipped.get(name)!, average.get(name)!);
  }
  const name = 'output.weight';
  expect(average.get(name)).not.toEqual(learned.get(name));
});

test('halves that are not given are asked for', async () => {
  await using gpu = await openGpu({ poison: true });
  const config = configOf({ ...small, storage: 'f16' });
  expect(() => forecastTraining(gpu, config)).toThrow('storage f16 needs the storage itself');
  const halves = forecastTraining(gpu, config, f16);
  expect(halves.program).toBeLessThan(forecastTraining(gpu, configOf(small)).program);
});

test('losses that are no number end a training, unless a scale of the loss skips the step', async () => {
  const run = async (losses: readonly number[], lossScale?: number) => {
    const training = {
      step: 0,
      queued: 0,
      async next() {
        const step = ++training.queued;
        const scaled = lossScale === undefined ? {} : { lossScale, skippedSteps: 1 };
        return { step, loss: losses[step - 1]!, gradientNorm: 1, rate: 0.1, ...scaled };
      },
    };
    let done = 0;
    for await (const { step } of trainingSteps(
      training,
      losses.length,
      () => false,
      () => false,
    ))
      done = step;
    return done;
  };
  const some = [1, Number.NaN, 1, Infinity, 1];
  await expect(run(some)).rejects.toThrow('the loss of step 2 is NaN');
  expect(await run(some, 1024)).toBe(5);
  await expect(run(Array<number>(60).fill(Number.NaN), 1024)).rejects.toThrow('diverged');
});
