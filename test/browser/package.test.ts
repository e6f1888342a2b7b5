/** The built package in a real browser: plain modules over HTTP, a Worker, a strict policy, a shared device. */

import { expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import type { Lifter } from '../../src/lift/lifter.ts';
import { loadLifter } from '../../src/lift/load.ts';
import { martinez } from '../../src/models/martinez.ts';
import { cameraFromFov } from '../../src/pose/camera.ts';
import { openPage } from './chromium.ts';
import { KILLINGS, type WindowWithDevice } from './killings.ts';
import { longestTask } from './longest_task.ts';
import { openSite, type PageWindow, STANDING, weights } from './package_site.ts';

declare const window: PageWindow &
  WindowWithDevice & { lifter: Lifter; broken: Promise<string>; told: string[] };

const site = openSite({
  'worker.html': '<!doctype html><script type="module" src="starts.js"></script>',
  'starts.js': `
    const worker = new Worker('worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => { window.answer = data; };
  `,
  'worker.js': `
    import { cameraFromFov, loadLifter, martinez } from './kinegrad/kinegrad.js';
    const lifter = await loadLifter(martinez, 'weights/martinez.safetensors');
    const lifted = await lifter.lift(${JSON.stringify(STANDING)}, cameraFromFov(1000, 667, 60));
    postMessage(lifted.joints);
  `,
});

/** What Node makes of the same person on SwiftShader. */
const inNode = (async () => {
  const gpu = await openGpu({ adapter: 'swiftshader' });
  const lifter = await loadLifter(martinez, weights, { gpu });
  const { joints } = await lifter.lift(STANDING, cameraFromFov(1000, 667, 60));
  gpu.close();
  return joints;
})();

test('a plain page under a strict policy lifts a person, as Node does, and stays alive meanwhile', async () => {
  const { page, calm } = await site.open();
  const lifting = () =>
    page.evaluate(async (standing) => {
      const { cameraFromFov, loadLifter, martinez } = window.kinegrad;
      const phases = new Set<string>();
      const lifter = await loadLifter(martinez, 'weights/martinez.safetensors', {
        onProgress: ({ phase }) => phases.add(phase),
      });
      const camera = cameraFromFov(1000, 667, 60);
      const { joints, reprojectionError } = await lifter.lift(standing, camera);
      const { counts } = lifter.gpu;
      await lifter.dispose();
      return { joints, reprojectionError, phases: [...phases], left: counts.bytes };
    }, STANDING);
  const { result: found, longest } = await longestTask(page, lifting);
  expect(found.phases).toEqual(['download', 'compile']);
  expect(found.reprojectionError).toBeLessThan(40);
  expect(found.joints).toEqual(await inNode);
  expect(found.left).toBe(0);
  expect(longest).toBeLessThan(100);
  expect(calm()).toEqual([]);
});

test('a Worker lifts, too', async () => {
  const { page, calm } = await openPage(site.browser, `${site.url}worker.html`);
  await page.waitForFunction(() => window.answer);
  expect(await page.evaluate(() => window.answer)).toEqual(await inNode);
  expect(calm()).toEqual([]);
});

test('3,000 lifts create nothing, by the count of the page', async () => {
  const { page, calm } = await site.open();
  const found = await page.evaluate(async (standing) => {
    const live = { buffers: 0, bytes: 0, bindGroups: 0, pipelines: 0, shaders: 0 };
    const device = GPUDevice.prototype;
    const { createBuffer } = device;
    device.createBuffer = function (descriptor) {
      live.buffers++;
      live.bytes += descriptor.size;
      return createBuffer.call(this, descriptor);
    };
    const { destroy } = GPUBuffer.prototype;
    const destroyed = new WeakSet<GPUBuffer>();
    GPUBuffer.prototype.destroy = function () {
      if (!destroyed.has(this)) {
        live.buffers--;
        live.bytes -= this.size;
      }
      destroyed.add(this);
      return destroy.call(this);
    };
    const counted = (
      name: 'createBindGroup' | 'createShaderModule' | 'createComputePipelineAsync',
      as: keyof typeof live,
    ) => {
      const create = device[name] as (descriptor: unknown) => unknown;
      Object.assign(device, {
        [name](descriptor: unknown) {
          live[as]++;
          return create.call(this, descriptor);
        },
      });
    };
    counted('createBindGroup', 'bindGroups');
    counted('createShaderModule', 'shaders');
    counted('createComputePipelineAsync', 'pipelines');

    const k = window.kinegrad;
    const gpu = await k.openGpu();
    // A narrow network: what is created does not depend on its width, and the time does.
    const options = { width: 32 };
    const network = k.martinez(options);
    const { parameters, statistics } = network;
    const values = new Map<string, Float32Array>();
    for (const set of [parameters, statistics])
      for (const [name, own] of await k.readVariables(gpu, set)) values.set(name, own);
    const bytes = await k.writeWeights({ architecture: 'martinez', options }, network, values);
    for (const set of [parameters, statistics]) k.releaseVariables(gpu, set);

    const camera = k.cameraFromFov(1000, 667, 60);
    const lifter = await k.loadLifter(k.martinez, bytes, { gpu });
    const seen = [];
    for (let i = 0; i < 3000; i++) {
      if (i % 1000 === 0) seen.push({ ...live });
      await lifter.lift(standing, camera);
    }
    seen.push({ ...live });
    const told = gpu.counts.bytes;
    await lifter.dispose();
    return { seen, told, left: live };
  }, STANDING);
  const [first] = found.seen;
  expect(first!.buffers).toBeGreaterThan(0);
  expect(first!.bindGroups).toBeGreaterThan(0);
  for (const later of found.seen) expect(later).toEqual(first);
  // What the engine says of itself is what the page counts.
  expect(found.told).toBe(first!.bytes);
  expect([found.left.buffers, found.left.bytes]).toEqual([0, 0]);
  expect(calm()).toEqual([]);
});

test('several lifters on a device that others use: no call disturbs another, and it outlives them', async () => {
  const { page } = await site.open();
  const found = await page.evaluate(async (standing) => {
    const { cameraFromFov, loadLifter, martinez, openGpu } = window.kinegrad;
    const camera = cameraFromFov(1000, 667, 60);
    const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
    const foreign: string[] = [];
    device.addEventListener('uncapturederror', (event) => {
      foreign.push(event.error.message);
      event.preventDefault();
    });
    let lost = false;
    void device.lost.then(() => {
      lost = true;
    });
    const gpu = await openGpu({ device });
    const source = 'weights/martinez.safetensors';
    const load = () => loadLifter(martinez, source, { gpu });
    const lifters = await Promise.all([load(), load()]);

    /** What somebody else does on the device: a mistake, and work whose result is known. */
    const { MAP_READ, COPY_DST } = GPUBufferUsage;
    const mistakes = 5;
    const otherWork = async () => {
      for (let i = 0; i < mistakes; i++) {
        device.createBuffer({ size: 16, usage: 0 });
        const own = device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST });
        device.queue.writeBuffer(own, 0, Uint32Array.of(i, 2, 3, 4));
        await own.mapAsync(GPUMapMode.READ);
        if (new Uint32Array(own.getMappedRange())[0] !== i) throw new Error('other work is wrong');
      }
    };
    const moved = (by: number) => standing.map((v, i) => (i % 2 ? v : v + by));
    const people = Array.from({ length: 12 }, (_, i) => moved(10 * i));
    const alone = [];
    for (const person of people) alone.push((await lifters[0]!.lift(person, camera)).joints);
    const [together, batches] = await Promise.all([
      Promise.all(people.map((person, i) => lifters[i % 2]!.lift(person, camera))),
      Promise.all(lifters.map((lifter) => lifter.lift(people, camera))),
      otherWork(),
    ]);
    const lonelyBatch = await lifters[1]!.lift(people, camera);

    await lifters[0]!.dispose();
    const after = (await lifters[1]!.lift(people[3]!, camera)).joints;
    await lifters[1]!.dispose();
    const left = gpu.counts.bytes;
    gpu.close();
    await otherWork();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return {
      alone,
      together: together.map(({ joints }) => joints),
      batches: batches.map((batch) => batch.map(({ joints }) => joints)),
      lonelyBatch: lonelyBatch.map(({ joints }) => joints),
      after,
      left,
      lost,
      foreign: foreign.length,
      mistakes,
    };
  }, STANDING);
  expect(found.together).toEqual(found.alone);
  expect(found.batches).toEqual([found.lonelyBatch, found.lonelyBatch]);
  expect(found.after).toEqual(found.alone[3]);
  expect(found.left).toBe(0);
  expect(found.lost).toBe(false);
  // All of the others' mistakes reached the others.
  expect(found.foreign).toBe(2 * found.mistakes);
});

test.each(KILLINGS)(
  'when %s, the page is told, the call in flight rejects, and the next one is lifted',
  async (_, kill) => {
    const { page } = await site.open();
    const first = await page.evaluate(async (standing) => {
      const { cameraFromFov, loadLifter, martinez } = window.kinegrad;
      const camera = cameraFromFov(1000, 667, 60);
      const lifter = await loadLifter(martinez, 'weights/martinez.safetensors');
      const { joints } = await lifter.lift(standing, camera);
      const told: string[] = [];
      lifter.gpu.addEventListener('lost', ({ error }) => told.push(error.name));
      const on = async () => {
        while (told.length === 0) await lifter.lift(standing, camera);
        return 'nothing';
      };
      const broken = on().catch((error) => error.name as string);
      Object.assign(window, { lifter, told, broken, device: lifter.gpu.device });
      return joints;
    }, STANDING);
    await kill(page);
    const found = await page.evaluate(async (standing) => {
      const { broken, kinegrad, lifter, told } = window;
      const rejected = await broken;
      const next = await lifter.lift(standing, kinegrad.cameraFromFov(1000, 667, 60));
      return { rejected, told, next: next.joints };
    }, STANDING);
    expect(found).toEqual({ rejected: 'DeviceLostError', told: ['DeviceLostError'], next: first });
  },
);
