/** Weights out of a checkpoint are those that the training itself would write. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodySource } from '../../src/data/body/source.ts';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { cnn } from '../../src/models/cnn.ts';
import { martinez } from '../../src/models/martinez.ts';
import { valuesOf } from '../../src/models/weights.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { configOf } from '../../src/train/config.ts';
import { trainedWeights } from '../../src/train/trained_weights.ts';
import { openTraining } from '../../src/train/training.ts';
import { viewConfigOf } from '../../src/train/view_config.ts';
import { renderedViews } from '../../src/train/view_data.ts';
import { openViewTraining } from '../../src/train/view_training.ts';
import { COMPILING } from '../check.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openGpu({ poison: true });
});
afterAll(() => gpu.close());

const few = { batch: 2, steps: 10, average: 0.5 };
const view = viewConfigOf({ ...few, size: 64, options: { width: 0.1 }, loss: 'dep-p', judged: 2 });
const openViews = () => {
  const people = (split: 'train' | 'validation') =>
    renderedViews({ seed: 1, split, size: 64, count: 4, depthError: false });
  return openViewTraining(gpu, cnn, view, {
    train: people('train'),
    validation: people('validation'),
  });
};
const joints = (average: number) => configOf({ ...few, average, width: 16 });
const openJoints = (average: number) => {
  const people = bodySource({ seed: 1, count: 20 });
  return openTraining(gpu, joints(average), { train: people, validation: people });
};

test.each([
  ['a residual lifter', martinez, joints(0), () => openJoints(0)],
  ['the average of one', martinez, joints(0.9), () => openJoints(0.9)],
  ['a two-stage lifter', cnn, view, openViews],
] as const)('of %s', { timeout: COMPILING }, async (_, build, config, open) => {
  const training = await open();
  await training.next();
  await training.next();
  const { snapshot } = readCheckpoint(writeCheckpoint(await training.snapshot(), {}));
  const weights = trainedWeights(build, config, snapshot);
  expect(weights.architecture).toBe(config.architecture);
  expect(weights.options).toEqual(training.options);
  expect(weights.values).toEqual(await training.values());
  // A network of these options takes them all.
  expect(valuesOf(build(weights.options as never), weights)).toHaveLength(2);
  await training.dispose();
});

test('another network is refused, and so is a snapshot of another', () => {
  expect(() => trainedWeights(martinez, view, { sets: new Map() })).toThrow(
    'the configuration is of cnn, the network martinez',
  );
  expect(() => trainedWeights(cnn, view, { sets: new Map() })).toThrow(
    /the snapshot has no \S+ of cnn\.average\. Was it saved from another network\?/,
  );
});
