/** What an embedder relies on: memory that comes back, devices that recover, any number of people. */

import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { loadLifter } from '../../src/lift/lifter.ts';
import { martinez } from '../../src/models/martinez.ts';
import { cameraFromFov } from '../../src/pose/camera.ts';

const weights = readFileSync(new URL('../../weights/martinez.safetensors', import.meta.url));
const gpu = await openGpu();
afterAll(() => gpu.close());

/** Rays [n, 17, 2] of blobs the size of people. */
function people(n: number): Float64Array {
  const random = randomAt(11);
  return Float64Array.from({ length: n * 34 }, () => random.normal(0, 0.12));
}

test('loading, lifting and disposing leaves nothing on the device', async () => {
  const before = gpu.counts.bytes;
  for (let round = 0; round < 3; round++) {
    const lifter = await loadLifter(gpu, martinez, weights);
    await lifter.liftRays(people(2));
    expect(gpu.counts.bytes).toBeGreaterThan(before);
    await lifter.dispose();
    expect(gpu.counts.bytes).toBe(before);
  }
});

test('any number of people is lifted, each as if alone', async () => {
  const lifter = await loadLifter(gpu, martinez, weights);
  const rays = people(67);
  const all = await lifter.liftRays(rays);
  expect(all.length).toBe(67 * 51);
  for (const i of [0, 1, 62, 63, 64, 66]) {
    const alone = await lifter.liftRays(rays.subarray(34 * i, 34 * (i + 1)));
    alone.forEach((v, k) => {
      expect(Math.abs(v - all[51 * i + k]!), `person ${i}`).toBeLessThan(1e-5);
    });
  }
  expect((await lifter.liftRays([])).length).toBe(0);
  await lifter.dispose();
});

test('a lifter whose device was lost before its first lift works after recovery', async () => {
  const own = await openGpu();
  const lifter = await loadLifter(own, martinez, weights);
  own.device.destroy();
  await expect(lifter.liftRays(people(1))).rejects.toThrow(/lost.*recover\(\)/s);
  await own.recover();
  const again = await lifter.liftRays(people(1));
  const other = await loadLifter(gpu, martinez, weights);
  expect([...again]).toEqual([...(await other.liftRays(people(1)))]);
  await other.dispose();
  await lifter.dispose();
  own.close();
});

test('mistakes are named: numbers that make no person, and weights of something else', async () => {
  const lifter = await loadLifter(gpu, martinez, weights);
  await expect(lifter.liftRays(people(1).subarray(1))).rejects.toThrow(/33 numbers.*34 for each/s);
  const camera = cameraFromFov(640, 480, 60);
  await expect(lifter.lift(new Float64Array(26), camera)).rejects.toThrow(/17 joints.*26 numbers/s);
  await lifter.dispose();
  const other = Object.assign((...options: Parameters<typeof martinez>) => martinez(...options), {
    architecture: 'other',
  });
  await expect(loadLifter(gpu, other, weights)).rejects.toThrow(
    /weights of martinez, not of other/,
  );
});
