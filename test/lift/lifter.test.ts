/** What an embedder relies on: memory that comes back, devices that recover, any number of people. */

import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import { DeviceLostError, KinegradError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { loadLifter } from '../../src/lift/load.ts';
import type { Lifted } from '../../src/lift/placed.ts';
import { martinez } from '../../src/models/martinez.ts';
import { findAdapters } from '../../src/platform/node/adapters.ts';
import { cameraFromFov, raysToPixels } from '../../src/pose/camera.ts';
import { JOINTS, type PixelPose, type RayPose } from '../../src/pose/skeleton.ts';
import { measure } from '../gpu/measured.ts';

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
    const lifter = await loadLifter(martinez, weights, { gpu });
    await lifter.liftRays(people(2));
    expect(gpu.counts.bytes).toBeGreaterThan(before);
    await lifter.dispose();
    expect(gpu.counts.bytes).toBe(before);
  }
});

test('any number of people is lifted, each as if alone', async () => {
  const lifter = await loadLifter(martinez, weights, { gpu });
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

/** The camera of the tests, and people in its pixels. */
const camera = cameraFromFov(640, 480, 60);
const pixels = (n: number) =>
  Array.from({ length: n }, (_, i) =>
    raysToPixels(camera, people(n).subarray(34 * i, 34 * (i + 1)) as RayPose),
  );

test('a person who lacks a joint is refused by its name, and the next one is lifted', async () => {
  const lifter = await loadLifter(martinez, weights, { gpu });
  const [whole] = pixels(1) as [PixelPose];
  const torn = whole.with(2 * JOINTS.indexOf('leftWrist'), Number.NaN);
  await expect(lifter.lift([whole, torn], camera)).rejects.toThrow(
    'lift: leftWrist is at NaN. Leave out a person',
  );
  expect((await lifter.lift(whole, camera)).pose.every(Number.isFinite)).toBe(true);
  await lifter.dispose();
});

test('a batch is lifted as its people are one by one, with names and errors', async () => {
  const lifter = await loadLifter(martinez, weights, { gpu });
  const [first, second] = pixels(2) as [PixelPose, PixelPose];
  const both = await lifter.lift([first, second], camera);
  expect(both).toHaveLength(2);
  expect(await lifter.lift([], camera)).toEqual([]);
  for (const [i, alone] of [
    await lifter.lift(first, camera),
    await lifter.lift(second, camera),
  ].entries()) {
    expect(Object.keys(alone.joints)).toEqual([...JOINTS]);
    // The error is that of the definition: the mean distance of joints, projected by fx x / z + cx.
    const image = i === 0 ? first : second;
    const distances = Object.values(alone.joints).map(([x, y, z], j) =>
      Math.hypot(
        (camera.fx * x) / z + camera.cx - image[2 * j]!,
        (camera.fy * y) / z + camera.cy - image[2 * j + 1]!,
      ),
    );
    const mean = distances.reduce((a, b) => a + b) / distances.length;
    expect(alone.reprojectionError).toBeCloseTo(mean, 6);
    for (const joint of JOINTS)
      for (const axis of [0, 1, 2] as const)
        expect(both[i]!.joints[joint][axis]).toBeCloseTo(alone.joints[joint][axis], 3);
  }
  await lifter.dispose();
  await expect(lifter.lift(first, camera)).rejects.toThrow(
    'this lifter is disposed: load it again',
  );
});

test('calls from several places, of several lifters on one device, do not mix', async () => {
  const lifters = await Promise.all([1, 2, 3].map(() => loadLifter(martinez, weights, { gpu })));
  const given = pixels(12);
  const alone: Lifted[] = [];
  for (const pose of given) alone.push(await lifters[0]!.lift(pose, camera));
  const together = await Promise.all(
    given.flatMap((pose) => lifters.map((lifter) => lifter.lift(pose, camera))),
  );
  together.forEach((lifted, i) => {
    expect(lifted).toEqual(alone[Math.floor(i / 3)]);
  });
  await Promise.all(lifters.map((lifter) => lifter.dispose()));
});

test('many lifts create nothing on the device', async () => {
  const { adapter } = await findAdapters();
  const device = await adapter!.requestDevice();
  const { live, calls } = measure(device);
  const own = await openGpu({ device });
  const lifter = await loadLifter(martinez, weights, { gpu: own });
  const [pose] = pixels(1) as [PixelPose];
  await lifter.lift(pixels(3), camera);
  const state = () => ({ ...own.counts, live: live.size, calls: { ...calls }, submits: 0 });
  const before = state();
  const { submits } = own.counts;
  for (let i = 0; i < 300; i++) await lifter.lift(pose, camera);
  for (let i = 0; i < 3; i++) await lifter.lift(pixels(2), camera);
  expect(own.counts.submits - submits).toBe(303);
  expect(state()).toEqual({ ...before, calls: { ...before.calls, submit: calls.submit } });
  await lifter.dispose();
  expect([live.size, own.counts.bytes]).toEqual([0, 0]);
  own.close();
  // It is borrowed, so its owner can go on.
  const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE });
  await device.queue.onSubmittedWorkDone();
  buffer.destroy();
  device.destroy();
});

test('a lost device is told, calls in flight reject, and the next one is lifted on a fresh device', async () => {
  const own = await openGpu();
  const heard: string[] = [];
  own.addEventListener('lost', ({ error }) => heard.push(error.name));
  own.addEventListener('recovered', () => heard.push('recovered'));
  const lifters = await Promise.all([1, 2].map(() => loadLifter(martinez, weights, { gpu: own })));
  const [pose] = pixels(1) as [PixelPose];
  const truth = await lifters[0]!.lift(pose, camera);
  for (let round = 1; round < 3; round++) {
    const inFlight = Array.from({ length: 8 }, (_, i) => lifters[i % 2]!.lift(pose, camera));
    own.device.destroy();
    for (const { reason, status } of (await Promise.allSettled(
      inFlight,
    )) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected');
      expect(reason).toBeInstanceOf(DeviceLostError);
      expect(reason).toBeInstanceOf(KinegradError);
    }
    const next = await Promise.all(lifters.map((lifter) => lifter.lift(pose, camera)));
    expect(next).toEqual([truth, truth]);
    expect(heard).toHaveLength(2 * round);
    expect(heard.slice(-2)).toEqual(['DeviceLostError', 'recovered']);
  }
  for (const lifter of lifters) await lifter.dispose();
  expect(own.counts.bytes).toBe(0);
  own.close();
});

test('a borrowed device that is lost is replaced by its owner', async () => {
  const { adapter } = await findAdapters();
  const device = await adapter!.requestDevice();
  const own = await openGpu({ device });
  const lifter = await loadLifter(martinez, weights, { gpu: own });
  const [pose] = pixels(1) as [PixelPose];
  const truth = await lifter.lift(pose, camera);
  device.destroy();
  for (let i = 0; i < 2; i++)
    await expect(lifter.lift(pose, camera)).rejects.toBeInstanceOf(DeviceLostError);
  await expect(lifter.lift(pose, camera)).rejects.toThrow(/borrowed.*recover\(device\)/);
  const { adapter: another } = await findAdapters();
  const fresh = await another!.requestDevice();
  await own.recover(fresh);
  expect(own.device).toBe(fresh);
  expect(await lifter.lift(pose, camera)).toEqual(truth);
  own.close();
  fresh.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE }).destroy();
  fresh.destroy();
});

test('mistakes of others on a borrowed device are none of ours', async () => {
  const { adapter } = await findAdapters();
  const device = await adapter!.requestDevice();
  device.onuncapturederror = (event) => event.preventDefault();
  const own = await openGpu({ device });
  const lifter = await loadLifter(martinez, weights, { gpu: own });
  device.createBuffer({ size: 16, usage: 0xffff });
  await device.queue.onSubmittedWorkDone();
  await lifter.lift(pixels(1)[0]!, camera);
  own.close();
  device.destroy();
});

test('mistakes are named: numbers that make no person, and weights of something else', async () => {
  const lifter = await loadLifter(martinez, weights, { gpu });
  await expect(lifter.liftRays(people(1).subarray(1))).rejects.toThrow(/33 numbers.*34 for each/s);
  await expect(lifter.lift(new Float64Array(26), camera)).rejects.toThrow(/17 joints.*got 26/s);
  await lifter.dispose();
  const other = Object.assign((...options: Parameters<typeof martinez>) => martinez(...options), {
    architecture: 'other',
  });
  await expect(loadLifter(other, weights, { gpu })).rejects.toThrow(
    /weights of martinez, not of other/,
  );
});
