import { expect, test } from 'vitest';
import { packDepth, resizeDepth, toMetres, unpackDepth } from '../../../src/data/depth.ts';
import { openShards } from '../../../src/data/shards/dataset.ts';
import { ioOf, madeFiles, madeSample } from './made.ts';

test('samples come back as they were, in any order', async () => {
  const data = await openShards('data/', ioOf(await madeFiles([3, 2, 10])));
  expect(data.count).toBe(15);
  for (const i of [14, 0, 3, 7, 2, 14]) {
    const { image, depth, ...packed } = await madeSample(i);
    const sample = await data.sample(i);
    expect(sample).toMatchObject({ ...packed, pose: packed.pose });
    expect(sample.camera.distortion).toEqual(packed.camera.distortion);
    expect([...sample.rgba.subarray(0, 8)]).toEqual([i, 0, 2, 255, i, 0, 6, 255]);
    expect(sample.depth === undefined).toBe(i % 3 === 0);
    if (sample.depth)
      for (const [p, metres] of sample.depth.metres.entries())
        expect(metres).toBeCloseTo(p % 5 === 0 ? 0 : (1000 + 10 * i + p) / 1000, 5);
  }
  await expect(data.sample(15)).rejects.toThrow('there is no sample 15, there are 15');
});

test('few shards are in memory when samples are read at random', async () => {
  const io = ioOf(await madeFiles([2, 2, 2]));
  const data = await openShards('data', io, 2);
  for (const i of [0, 2, 0, 1, 3]) await data.sample(i);
  expect(io.read.length).toBe(3);
  await data.sample(4);
  await data.sample(3);
  expect(io.read.length).toBe(4);
  await data.sample(0);
  expect(io.read.length).toBe(5);
});

test('whatever is missing, cut off or damaged is named, with the repair', async () => {
  const path = 'data/shard-1.safetensors';
  const broken = async (change: (files: Map<string, Uint8Array>) => void) => {
    const files = await madeFiles([2, 2]);
    change(files);
    return (await openShards('data', ioOf(files))).sample(3);
  };
  await expect(broken((files) => files.delete(path))).rejects.toThrow(
    /^data\/shard-1\.safetensors, one of the shards, is missing.*Run 'kinegrad prepare' again/,
  );
  await expect(
    broken((files) => files.set(path, files.get(path)!.subarray(0, 500))),
  ).rejects.toThrow(/shard-1.* has 500 bytes where the index says \d+: it was cut off.*Delete it/);
  await expect(
    broken((files) => {
      files.get(path)![300]! ^= 1;
    }),
  ).rejects.toThrow(
    /shard-1.* is damaged: its SHA-256.*Delete it and run 'kinegrad prepare' again/,
  );
  await expect(broken((files) => files.delete('data/index.json'))).rejects.toThrow(
    /^data holds no finished shards: .*Make them by 'kinegrad prepare --out data'/,
  );
  await expect(
    broken((files) => files.set('data/index.json', new TextEncoder().encode('{"format":"x"}'))),
  ).rejects.toThrow(/index\.json is no index of shards: its format is 'x'/);
});

test('depth maps are packed to the millimetre, and what is no distance is unknown', async () => {
  const values = [0.0004, 1.2344, 70, Number.NaN, -1, Number.POSITIVE_INFINITY, 0, 65.535];
  const metres = toMetres(values, 1);
  expect([...metres.subarray(3, 7)]).toEqual([0, 0, 0, 0]);
  const packed = await packDepth({ width: 4, height: 2, metres });
  const map = await unpackDepth(packed, 4, 2);
  expect([...map.metres].map((m) => Math.round(1000 * m))).toEqual([
    1, 1234, 65535, 0, 0, 0, 0, 65535,
  ]);
  await expect(unpackDepth(packed, 4, 3)).rejects.toThrow(/16 bytes were unpacked where 24/);
  await expect(unpackDepth(packed.slice(0, 9), 4, 2)).rejects.toThrow(/damaged/);
});

test('a depth map in another size is never averaged, and fills from what is known', () => {
  const map = {
    width: 4,
    height: 4,
    metres: Float32Array.of(1, 1, 0, 0, 1, 0, 0, 9, 2, 2, 3, 3, 2, 2, 3, 3),
  };
  expect([...resizeDepth(map, 2, 2).metres]).toEqual([1, 9, 2, 3]);
  expect([...resizeDepth(map, 8, 8).metres].filter((m) => ![0, 1, 2, 3, 9].includes(m))).toEqual(
    [],
  );
  const unknown = { width: 2, height: 2, metres: new Float32Array(4) };
  expect([...resizeDepth(unknown, 1, 1).metres]).toEqual([0]);
});
