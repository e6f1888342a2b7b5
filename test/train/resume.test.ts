/** A training goes on after the tuning has changed as if it had not, validation included. */

import { expect, test } from 'vitest';
import { bodySource } from '../../src/data/body/source.ts';
import { DeviceLostError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { TUNING_FORMAT, TUNING_VERSION, type TuningDatabase } from '../../src/platform/tuning.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { configOf } from '../../src/train/config.ts';
import { openTraining } from '../../src/train/training.ts';
import { bitsOf } from '../graph/trainer.ts';

const config = configOf({ width: 16, batch: 16, steps: 60, dropout: 0.2 });
const data = {
  train: bodySource({ seed: 1, count: 200 }),
  validation: bodySource({ seed: 2, count: 100 }),
};

async function open(tuning?: TuningDatabase) {
  const gpu = await openGpu({ poison: true, ...(tuning && { tuning }) });
  const training = await openTraining(gpu, config, data);
  const steps = async (count: number) => {
    for (let i = 0; i < count; i++) await training.next();
  };
  /** What the training is after some steps: how it is judged, and what goes on. */
  const end = async (count: number) => {
    await steps(count);
    const judged = await training.validate();
    const snapshot = await training.snapshot();
    await training.dispose();
    gpu.close();
    return { judged, snapshot };
  };
  return { gpu, training, steps, end };
}

/** A database that prefers one variant of matmul at every shape of this training. */
async function preferring(variant: string): Promise<TuningDatabase> {
  const { gpu, end } = await open();
  const { kind, name, driver } = gpu.adapter;
  const keys = Object.keys((await end(0)).snapshot.chosen!.variants);
  const entries = keys
    .filter((key) => key.startsWith('matmul '))
    .map((key) => key.slice('matmul '.length).split(',').map(Number))
    .map((shape) => ({ family: 'matmul', shape, variant, us: 1 }));
  const adapter = { kind, name, driver };
  return { format: TUNING_FORMAT, version: TUNING_VERSION, adapter, date: 'today', entries };
}

test('resumed before its first validation, under another tuning, it equals the whole run', async () => {
  const [before, after] = [await preferring('naive'), await preferring('subgroup8')];
  const whole = await (await open(before)).end(6);
  const other = await (await open(after)).end(6);
  expect(other.snapshot.chosen).not.toEqual(whole.snapshot.chosen);

  const first = await open(before);
  await first.steps(3);
  const checkpoint = writeCheckpoint(await first.training.snapshot(), {});
  first.gpu.close();

  const second = await open(after);
  await second.training.validate();
  await second.training.restore(readCheckpoint(checkpoint).snapshot);
  const resumed = await second.end(3);
  expect(resumed.judged).toEqual(whole.judged);
  expect(bitsOf(resumed.snapshot)).toEqual(bitsOf(whole.snapshot));
  expect(resumed.snapshot.chosen).toEqual(whole.snapshot.chosen);
});

test('after a loss it goes on from its last snapshot, batches included', async () => {
  const whole = await (await open()).end(6);
  const { gpu, training, steps, end } = await open();
  await steps(2);
  await training.snapshot();
  const inFlight = [training.next(), training.next(), training.next()];
  gpu.device.destroy();
  for (const { status, reason } of (await Promise.allSettled(
    inFlight,
  )) as PromiseRejectedResult[]) {
    expect(status).toBe('rejected');
    expect(reason).toBeInstanceOf(DeviceLostError);
  }
  await gpu.recover();
  expect(training.step).toBe(2);
  const after = await end(4);
  expect(after.judged).toEqual(whole.judged);
  expect(bitsOf(after.snapshot)).toEqual(bitsOf(whole.snapshot));
});
