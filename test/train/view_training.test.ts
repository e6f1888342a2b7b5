/** Training of a two-stage lifter on rendered people: it learns, resumes, and judges what it keeps. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { cnn } from '../../src/models/cnn.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { viewConfigOf } from '../../src/train/view_config.ts';
import { renderedViews } from '../../src/train/view_data.ts';
import { forecastViews } from '../../src/train/view_step.ts';
import { openViewTraining } from '../../src/train/view_training.ts';
import { COMPILING } from '../check.ts';
import { bitsOf } from '../graph/trainer.ts';

const config = viewConfigOf({
  size: 64,
  options: { width: 0.1 },
  batch: 4,
  steps: 40,
  judged: 8,
  loss: 'joints',
  average: 0.5,
});
const people = (split: 'train' | 'validation', count: number) =>
  renderedViews({ seed: 1, split, size: config.size, count, depthError: false });
const data = { train: people('train', 16), validation: people('validation', 8) };

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openGpu({ poison: true });
});
afterAll(() => gpu.close());

async function steps(training: Awaited<ReturnType<typeof openViewTraining>>, count: number) {
  const losses = [];
  for (let i = 0; i < count; i++) losses.push((await training.next()).loss);
  return losses;
}
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;

describe('a small convolutional lifter', { timeout: COMPILING }, () => {
  test('learns the people that it is shown, and a resumed run goes on as if nothing had been', async () => {
    const whole = await openViewTraining(gpu, cnn, config, data);
    const losses = await steps(whole, 20);
    const kept = writeCheckpoint(await whole.snapshot(), {});
    losses.push(...(await steps(whole, 20)));
    expect(mean(losses.slice(-5))).toBeLessThan(0.85 * mean(losses.slice(0, 5)));
    const judged = await whole.validate();
    const end = await whole.snapshot();
    await whole.dispose();

    const other = await openGpu({ poison: true });
    const resumed = await openViewTraining(other, cnn, config, data);
    await resumed.restore(readCheckpoint(kept).snapshot);
    expect(resumed.step).toBe(20);
    expect(await steps(resumed, 20)).toEqual(losses.slice(20));
    expect(await resumed.validate()).toEqual(judged);
    expect(bitsOf(await resumed.snapshot())).toEqual(bitsOf(end));
    other.close();
  });

  test('computes blocks again where it is asked to: the same bits, in less memory, told beforehand', async () => {
    const again = { ...config, recompute: true };
    const { total, recomputation } = forecastViews(gpu, cnn, again, data.train);
    const plain = forecastViews(gpu, cnn, config, data.train);
    expect(plain.recomputation).toBeUndefined();
    expect(recomputation!.saved).toBe(plain.total - total);
    expect(recomputation!.saved).toBeGreaterThan(0.2 * plain.program);
    expect(recomputation!.flops).toBeGreaterThan(0.1);
    expect(recomputation!.flops).toBeLessThan(0.5);
    const [one, two] = [
      await openViewTraining(gpu, cnn, config, data),
      await openViewTraining(await openGpu({ poison: true }), cnn, again, data),
    ];
    expect(two.bytes).toBeLessThan(one.bytes);
    expect(await steps(two, 3)).toEqual(await steps(one, 3));
  });

  test('a whole network begins from its points alone, and its average, too', async () => {
    const part = await openViewTraining(
      gpu,
      cnn,
      { ...config, options: { ...config.options, convolutions: false } },
      data,
    );
    await steps(part, 2);
    const { poses: end } = await part.guess(await data.validation.draw([0, 1]));
    const values = await part.values();
    const shapes = new Map([...part.network.parameters.variables].map((v) => [v.name, v.shape]));
    const from = { architecture: 'cnn', options: {}, values, shapes };
    await part.dispose();

    const whole = await openViewTraining(gpu, cnn, config, { ...data, from });
    const anew = await openViewTraining(gpu, cnn, config, data);
    const [begun, fresh] = [await whole.values(), await anew.values()];
    expect(values.size).toBeGreaterThan(10);
    for (const [name, given] of begun)
      expect(given, name).toEqual(values.get(name) ?? fresh.get(name));
    // It sees pictures now, and makes nothing of them before its first step.
    const batch = await data.validation.draw([0, 1]);
    const { poses } = await whole.guess(batch);
    const other = (await anew.guess(batch)).poses;
    for (const [i, x] of poses.entries()) expect(x, `${i}`).toBeCloseTo(end[i]!, 5);
    expect(Math.max(...poses.map((x, i) => Math.abs(x - other[i]!)))).toBeGreaterThan(1e-3);
    await whole.dispose();
    await anew.dispose();
  });

  test('takes of the device what was forecast, the lifter that judges included', async () => {
    await using fresh = await openGpu();
    const own = { ...config, batch: 3, judged: 7 };
    const forecast = forecastViews(fresh, cnn, own, data.train, undefined, data.validation);
    expect(fresh.counts.bytes).toBe(0);
    const training = await openViewTraining(fresh, cnn, own, data);
    expect(fresh.counts.bytes).toBe(forecast.total);
    expect(forecast.judging).toBeGreaterThan(0.1 * forecast.program);
    await training.dispose();
    expect(fresh.counts.bytes).toBe(0);
  });

  test('judges the average that it keeps, with depth and without', async () => {
    const training = await openViewTraining(gpu, cnn, config, data);
    await steps(training, 3);
    const batch = await data.validation.draw([0, 1, 2]);
    const [seen, again, blind] = [
      await training.guess(batch),
      await training.guess(batch),
      await training.guess(batch, { depth: false }),
    ];
    expect(seen.poses.length).toBe(3 * 51);
    expect(again.poses).toEqual(seen.poses);
    expect(blind.poses).not.toEqual(seen.poses);
    // What is kept is not what the last step left.
    const values = await training.values();
    const { sets } = await training.snapshot();
    const name = [...values.keys()].find((key) => key.endsWith('head3.weight'))!;
    expect(values.get(name)).not.toEqual(sets.get('cnn')!.get(name));
    await training.dispose();
  });
});
