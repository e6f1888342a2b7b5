import { describe, expect, test } from 'vitest';
import { openShards } from '../../../src/data/shards/dataset.ts';
import { keptSamples, trainableSamples } from '../../../src/data/shards/selection.ts';
import { shardStream } from '../../../src/data/shards/stream.ts';
import { ioOf, madeFiles } from './made.ts';

const COUNTS = [4, 3, 5, 1, 7];
const joints = Float32Array.from({ length: 34 }, (_, j) => j);
const pose = Float32Array.from({ length: 51 }, (_, j) => j / 50);
const take = (i: number) => ({ subject: i < 12 ? 'S1' : 'S8', camera: i % 2 });

/** All are whole but every third; of the seventh, one joint lacks a place in space. */
const files = () =>
  madeFiles(COUNTS, (sample, i) => ({
    ...sample,
    joints: i % 3 === 0 && i % 2 === 0 ? sample.joints : joints,
    pose: i % 3 === 0 && i % 2 === 1 ? undefined : i === 7 ? pose.with(20, Number.NaN) : pose,
    ...(i > 1 && { take: take(i) }),
  }));
const whole = Array.from({ length: 20 }, (_, i) => i).filter((i) => i % 3 !== 0 && i !== 7);

const open = async () => {
  const io = ioOf(await files());
  return { io, data: await openShards('data', io, 1) };
};
const namesOf = async (samples: Awaited<ReturnType<typeof keptSamples>>) =>
  (await Promise.all(Array.from({ length: samples.count }, (_, i) => samples.sample(i)))).map(
    ({ name }) => Number.parseInt(name, 10),
  );

describe('samples to learn from', () => {
  test('are those with every joint, in the picture and in space', async () => {
    const { data } = await open();
    const samples = trainableSamples(data);
    expect(samples.count).toBe(whole.length);
    expect(samples.counts.reduce((a, b) => a + b)).toBe(whole.length);
    expect(await namesOf(samples)).toEqual(whole);
    await expect(samples.sample(whole.length)).rejects.toThrow(/there is no sample 12/);
  });

  test.each([
    [0, 5],
    [3, 4],
    [4, 11],
    [8, 99],
    [5, 5],
  ])('may be a range, from %i to %i', async (from, to) => {
    const { data } = await open();
    expect(await namesOf(trainableSamples(data, () => true, [from, to]))).toEqual(
      whole.slice(from, to),
    );
  });

  test('are told by who is seen by which camera; shards without them are not read', async () => {
    const { data, io } = await open();
    const wanted = trainableSamples(data, (t) => t?.subject === 'S8' && t.camera === 1);
    expect(await namesOf(wanted)).toEqual(whole.filter((i) => i >= 12 && i % 2 === 1));
    expect(io.read.filter((name) => /shard-[012]/.test(name))).toEqual([]);
    expect(await namesOf(trainableSamples(data, (t) => t === undefined))).toEqual([1]);
  });

  test('stream in epochs of their own, and a state goes on', async () => {
    const draw = async (steps: number, from = 0) => {
      const samples = trainableSamples((await open()).data);
      const options = { size: 3, seed: 2, mixed: 2 };
      const state = { ...options, step: from, fingerprint: samples.fingerprint };
      const stream = shardStream(samples, { ...options, state });
      const names = [];
      for (let i = 0; i < steps; i++) names.push(...(await stream.next()).map(({ name }) => name));
      return names;
    };
    const names = await draw(8);
    for (const epoch of [names.slice(0, 12), names.slice(12)])
      expect(epoch.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b)).toEqual(whole);
    expect(await draw(3, 5)).toEqual(names.slice(15));
  });
});

test('kept samples are spread over all, and nothing is read for them again', async () => {
  const { data, io } = await open();
  const kept = await keptSamples(trainableSamples(data), 4);
  const reads = io.read.length;
  expect(await namesOf(kept)).toEqual([1, 4, 7, 10].map((i) => whole[i]));
  expect(io.read.length).toBe(reads);
  const { image } = await kept.packed(0);
  expect(image.buffer.byteLength).toBe(image.length);
});

test('an index that does not fit its shards is told', async () => {
  const all = await files();
  const index = JSON.parse(new TextDecoder().decode(all.get('data/index.json')));
  index.shards[0].trainable = [{ count: 4 }];
  all.set('data/index.json', new TextEncoder().encode(JSON.stringify(index)));
  const data = await openShards('data', ioOf(all));
  await expect(trainableSamples(data).sample(0)).rejects.toThrow(
    /shard-0\.safetensors has 2 samples to learn from where the index says 4\..*--replace/,
  );
});
