import { expect, test } from 'vitest';
import { openShards, type ShardDataset } from '../../../src/data/shards/dataset.ts';
import {
  drawOrder,
  type StreamState,
  shardStream,
  shardsHeld,
} from '../../../src/data/shards/stream.ts';
import { ioOf, madeFiles } from './made.ts';

const open = async (counts = [4, 7, 5, 6, 3]) => openShards('data', ioOf(await madeFiles(counts)));

async function take(data: ShardDataset, steps: number, state?: StreamState, seed = 3) {
  const stream = shardStream(data, { size: 4, seed, mixed: 2, ...(state && { state }) });
  const names: string[][] = [];
  for (let i = 0; i < steps; i++) names.push((await stream.next()).map(({ name }) => name));
  return { names, state: stream.state };
}

test('every epoch draws every sample once, and each in its own order', () => {
  const counts = [4, 7, 5, 6, 3];
  const { draw } = drawOrder(counts, 3, 2);
  const epochs = [0, 1, 2, 1000].map((epoch) =>
    Array.from({ length: 25 }, (_, i) => draw(25 * epoch + i)),
  );
  for (const order of epochs)
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i));
  expect(new Set(epochs.map((order) => order.join())).size).toBe(4);
  expect(epochs[0]).not.toEqual(Array.from({ length: 25 }, (_, i) => draw(i + 25)));
});

test('no more than the mixed shards are drawn from at a time, and they are mixed', () => {
  const counts = Array.from({ length: 9 }, () => 50);
  const { draw, group } = drawOrder(counts, 1, 3);
  for (let visit = 0; visit < 900; visit++)
    expect(group(visit).shards).toContain(Math.floor(draw(visit) / 50));
  const first = Array.from({ length: 30 }, (_, i) => Math.floor(draw(i) / 50));
  expect(new Set(first).size).toBe(3);
  expect(group(0).end).toBe(150);
});

test('a stream that goes on gives what an uninterrupted one would', async () => {
  const whole = await take(await open(), 20);
  for (const steps of [1, 6, 7, 13]) {
    const before = await take(await open(), steps);
    const state: StreamState = JSON.parse(JSON.stringify(before.state));
    expect(state.step).toBe(steps);
    const after = await take(await open(), 20 - steps, state);
    expect([...before.names, ...after.names]).toEqual(whole.names);
  }
  expect((await take(await open(), 20, undefined, 4)).names).not.toEqual(whole.names);
});

test('a stream loads each shard once an epoch, ahead of its samples', async () => {
  const counts = Array.from({ length: 8 }, () => 60);
  const io = ioOf(await madeFiles(counts));
  const stream = shardStream(await openShards('data', io), { size: 4, seed: 1, mixed: 2 });
  for (let step = 0; step < 120; step++) await stream.next();
  const loads = io.read.filter((name) => name.includes('shard-'));
  // an epoch has 120 steps, and the next one has begun to load
  expect(loads.length).toBeGreaterThanOrEqual(8);
  expect(loads.length).toBeLessThanOrEqual(10);
});

test('a batch may be longer than a shard, or than the data', async () => {
  const data = await open([1, 1, 2]);
  const stream = shardStream(data, { size: 9, seed: 1, mixed: 1 });
  for (let step = 0; step < 5; step++) {
    const batch = await stream.next();
    expect(new Set(batch.map(({ name }) => name)).size).toBe(4);
  }
});

test('a damaged shard fails the batch that needs it, with its name', async () => {
  const files = await madeFiles([4, 4]);
  files.get('data/shard-1.safetensors')![200]! ^= 1;
  const data = await openShards('data', ioOf(files));
  const stream = shardStream(data, { size: 4, seed: 1, mixed: 2 });
  await expect(stream.next()).rejects.toThrow(/shard-1\.safetensors is damaged/);
});

test('a state of other data or settings is refused', async () => {
  const { state } = await take(await open(), 2);
  const data = await open();
  expect(() => shardStream(data, { size: 5, seed: 3, mixed: 2, state })).toThrow(
    'had size 4, not 5. Give size 4.',
  );
  const other = await open([4, 7]);
  expect(() => shardStream(other, { size: 4, seed: 3, mixed: 2, state })).toThrow(
    /drew from other shards/,
  );
  expect(() => shardStream(data, { size: 0, seed: 3 })).toThrow(/size is 0/);
});

test('no more shards are in memory than is said', async () => {
  expect(shardsHeld(Array(9).fill(60), 4, 2)).toBe(4);
  expect(shardsHeld([60, 60, 60, 5], 4, 4)).toBe(4);
  expect(shardsHeld(Array(9).fill(4), 4, 2)).toBe(9);
  const data = await open(Array(9).fill(60));
  let most = 0;
  const watched = {
    ...data,
    keepOnly(shards: ReadonlySet<number>) {
      most = Math.max(most, shards.size);
      data.keepOnly(shards);
    },
  };
  const stream = shardStream(watched, { size: 4, seed: 1, mixed: 2 });
  for (let step = 0; step < 300; step++) await stream.next();
  expect(most).toBe(4);
});
