/** What a training will take, said before it is opened. */

import { expect, test } from 'vitest';
import { bodySource } from '../../src/data/body/source.ts';
import { LimitError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { configOf } from '../../src/train/config.ts';
import { forecastTraining } from '../../src/train/step.ts';
import { openTraining } from '../../src/train/training.ts';

const people = {
  train: bodySource({ seed: 1, count: 64 }),
  validation: bodySource({ seed: 2, count: 16 }),
};

test.each([
  { width: 20, batch: 6, blocks: 1 },
  { width: 96, batch: 48, clip: 1 },
])('a forecast is what is allocated: %o', async (setting) => {
  await using gpu = await openGpu();
  const config = configOf({ ...setting, steps: 4 });
  const forecast = forecastTraining(gpu, config);
  expect(gpu.counts).toMatchObject({ buffers: 0, pipelines: 0, bytes: 0 });
  const training = await openTraining(gpu, config, people);
  expect(gpu.counts.bytes).toBe(forecast.total);
  expect(training.bytes).toBe(forecast.program);
  await training.dispose();
  expect(gpu.counts.bytes).toBe(0);
});

test('a training with a tensor larger than the device takes is refused', async () => {
  await using gpu = await openGpu();
  const config = configOf({ width: 16384, batch: 65536 });
  expect(() => forecastTraining(gpu, config)).toThrow(LimitError);
});
