/** The built package in a real browser: plain modules over HTTP, a Worker, a strict policy, faults. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodySource } from '../../src/data/body/source.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { loadLifter } from '../../src/lift/load.ts';
import { martinez } from '../../src/models/martinez.ts';
import { cameraFromFov } from '../../src/pose/camera.ts';
import { configOf } from '../../src/train/config.ts';
import { openTraining } from '../../src/train/training.ts';
import { built, root } from '../built.ts';
import { openBrowser, openPage } from './chromium.ts';
import { type Site, serve } from './server.ts';

const weights = readFileSync(join(root, 'weights/martinez.safetensors'));

/** A standing person of Human3.6M's 17 joints, in pixels of 1000 x 667. */
const STANDING = [
  [500, 320],
  [470, 320],
  [465, 430],
  [460, 540],
  [530, 320],
  [535, 430],
  [540, 540],
  [500, 260],
  [500, 190],
  [502, 150],
  [505, 110],
  [545, 195],
  [560, 260],
  [570, 320],
  [455, 195],
  [440, 260],
  [430, 320],
].flat();

/** No eval, nothing inline, no blobs: only modules, workers and data of the site itself. */
const POLICY = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'";

const site: Site = {
  folders: { '/kinegrad/': join(root, 'dist'), '/weights/': join(root, 'weights') },
  files: {
    '/': '<!doctype html><title>Test</title><script type="module" src="/page.js"></script>',
    '/page.js': `
      import * as kinegrad from '/kinegrad/kinegrad.js';
      window.kinegrad = kinegrad;
      window.longestTask = 0;
      let last = performance.now();
      setInterval(() => {
        window.longestTask = Math.max(window.longestTask, performance.now() - last);
        last = performance.now();
      }, 4);
    `,
    '/worker.html': '<!doctype html><script type="module" src="/starts.js"></script>',
    '/starts.js': `
      const worker = new Worker('/worker.js', { type: 'module' });
      worker.onmessage = ({ data }) => { window.answer = data; };
    `,
    '/worker.js': `
      import { cameraFromFov, loadLifter, martinez } from '/kinegrad/kinegrad.js';
      const lifter = await loadLifter(martinez, '/weights/martinez.safetensors');
      const lifted = await lifter.lift(${JSON.stringify(STANDING)}, cameraFromFov(1000, 667, 60));
      postMessage(lifted.joints);
    `,
    '/short': (_, response) => {
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 2e6));
      setTimeout(() => response.destroy(), 300);
    },
    '/damaged': (_, response) => {
      response.end(Buffer.concat([weights.subarray(0, -1), Buffer.from([1])]));
    },
  },
  headers: { 'content-security-policy': POLICY },
};

let browser: Browser;
let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  await built();
  server = await serve(site);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

type Kinegrad = typeof import('../../src/index.ts');
declare const window: {
  kinegrad: Kinegrad;
  /** Milliseconds for which no timer could fire, at most. */
  longestTask: number;
  answer?: unknown;
} & typeof globalThis;

const opened = async () => {
  const { page, calm } = await openPage(browser, server.url);
  await page.waitForFunction(() => window.kinegrad);
  return { page, calm };
};

/** What Node makes of the same person on SwiftShader. */
async function inNode() {
  const gpu = await openGpu({ adapter: 'swiftshader' });
  const lifter = await loadLifter(martinez, weights, { gpu });
  const { joints } = await lifter.lift(STANDING, cameraFromFov(1000, 667, 60));
  gpu.close();
  return joints;
}

test('a plain page under a strict policy lifts a person, as Node does, and stays alive meanwhile', async () => {
  const { page, calm } = await opened();
  const found = await page.evaluate(async (standing) => {
    const { cameraFromFov, loadLifter, martinez } = window.kinegrad;
    const phases = new Set<string>();
    const lifter = await loadLifter(martinez, 'weights/martinez.safetensors', {
      onProgress: ({ phase }) => phases.add(phase),
    });
    const { joints, reprojectionError } = await lifter.lift(standing, cameraFromFov(1000, 667, 60));
    const { adapter, counts } = lifter.gpu;
    const before = { ...counts };
    for (let i = 0; i < 200; i++) await lifter.lift(standing, cameraFromFov(1000, 667, 60));
    const after = { ...counts };
    await lifter.dispose();
    return {
      joints,
      reprojectionError,
      longest: window.longestTask,
      before,
      after,
      phases: [...phases],
      name: adapter.name,
      left: counts.bytes,
    };
  }, STANDING);
  expect(found.phases).toEqual(['download', 'compile']);
  expect(found.reprojectionError).toBeLessThan(40);
  expect(found.joints).toEqual(await inNode());
  expect(found.after).toEqual({ ...found.before, submits: found.before.submits + 200 });
  expect(found.left).toBe(0);
  expect(found.longest).toBeLessThan(100);
  expect(calm()).toEqual([]);
});

test('a Worker lifts, too', async () => {
  const { page, calm } = await openPage(browser, `${server.url}/worker.html`);
  await page.waitForFunction(() => window.answer);
  expect(await page.evaluate(() => window.answer)).toEqual(await inNode());
  expect(calm()).toEqual([]);
});

test('a lost device is told, the call in flight rejects, and the next one is lifted', async () => {
  const { page } = await opened();
  const found = await page.evaluate(async (standing) => {
    const { cameraFromFov, loadLifter, martinez } = window.kinegrad;
    const camera = cameraFromFov(1000, 667, 60);
    const lifter = await loadLifter(martinez, 'weights/martinez.safetensors');
    const first = await lifter.lift(standing, camera);
    const told: string[] = [];
    lifter.gpu.addEventListener('lost', ({ error }) => told.push(error.name));
    const inFlight = lifter.lift(standing, camera).catch((error) => error.name);
    lifter.gpu.device.destroy();
    const rejected = await inFlight;
    const next = await lifter.lift(standing, camera);
    return { first: first.joints, rejected, next: next.joints, told };
  }, STANDING);
  expect(found.rejected).toBe('DeviceLostError');
  expect(found.told).toEqual(['DeviceLostError']);
  expect(found.next).toEqual(found.first);
});

test('every error of loading has its own type, and a sentence to show', async () => {
  const { page } = await opened();
  const failures = await page.evaluate(async (elsewhere) => {
    const { KinegradError, loadLifter, martinez, openGpu } = window.kinegrad;
    const gpu = await openGpu();
    const failure = (work: Promise<unknown>) =>
      work.then(
        () => 'no error',
        (error) => `${error instanceof KinegradError} ${error.name}: ${error.message}`,
      );
    const load = (url: string) => failure(loadLifter(martinez, url, { gpu }));
    const found: Record<string, string> = {};
    for (const path of ['/short', '/damaged', '/none', '/page.js', `${elsewhere}/x.safetensors`])
      found[path.replace(elsewhere, 'elsewhere')] = await load(path);

    // What a browser without a GPU, with an older engine or a stricter policy does.
    const real = navigator.gpu;
    const pretend = (gpu: unknown) =>
      Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
    pretend({ requestAdapter: async () => null });
    found.adapter = await failure(openGpu());
    pretend({
      requestAdapter: () => Promise.reject(new DOMException('denied', 'NotAllowedError')),
    });
    found.policy = await failure(openGpu());
    pretend({
      requestAdapter: async () => {
        const adapter = await real.requestAdapter();
        const device = await adapter!.requestDevice();
        Object.defineProperty(device, 'limits', {
          value: { ...device.limits, maxStorageBuffersPerShaderStage: 4 },
        });
        return Object.defineProperty(adapter!, 'requestDevice', { value: async () => device });
      },
    });
    found.limit = await failure(openGpu());
    pretend(undefined);
    found.webgpu = await failure(openGpu());
    Object.defineProperty(window, 'isSecureContext', { value: false, configurable: true });
    found.insecure = await failure(openGpu());
    const left = gpu.counts.bytes;
    return { found, left };
  }, 'https://example.invalid');
  const { found, left } = failures;
  expect(left).toBe(0);
  expect(found['/short']).toMatch(
    /^true TruncatedError: .*short broke off after \d+ of 4913528 bytes\. Load it again\.$/,
  );
  expect(found['/damaged']).toMatch(/^true ChecksumError: .* damaged or changed on its way/);
  expect(found['/none']).toMatch(
    /^true DownloadError: .*none was not read: the server says 404\.$/,
  );
  expect(found['/page.js']).toMatch(/^true WrongFileError: .*page\.js is no weights file/);
  expect(found['elsewhere/x.safetensors']).toMatch(
    /^true BlockedError: .* Add its origin to connect-src\.$/,
  );
  expect(found.adapter).toMatch(/^true NoAdapterError: The browser found no graphics adapter/);
  expect(found.policy).toMatch(/^true BlockedError: WebGPU is blocked by a policy .*denied/);
  expect(found.limit).toMatch(
    /^true LimitError: maxStorageBuffersPerShaderStage needs 8, and the device allows 4/,
  );
  expect(found.webgpu).toMatch(/^true NoWebGpuError: This browser has no WebGPU\. Use Chrome/);
  expect(found.insecure).toMatch(/^true BlockedError: WebGPU is blocked on this page, .* https/);
});

test('a page that goes away in mid-training goes on from its checkpoint, as Node goes through', async () => {
  const setting = { width: 32, batch: 32, steps: 40, dropout: 0.2 };
  const people = { train: { seed: 1, count: 400 }, validation: { seed: 2, count: 64 } };
  const { page, calm } = await opened();
  const part = (from: number, to: number) =>
    page.evaluate(
      async ({ setting, people, from, to }) => {
        const k = window.kinegrad;
        const gpu = await k.openGpu();
        const data = {
          train: k.bodySource(people.train),
          validation: k.bodySource(people.validation),
        };
        const training = await k.openTraining(gpu, k.configOf(setting), data);
        const path = 'runs/one/checkpoint.safetensors';
        if (from > 0) await training.restore(k.readCheckpoint(await k.readFile(path)).snapshot);
        const losses: number[] = [];
        const pauses = (step: number) => step === to;
        for await (const { loss } of k.trainingSteps(training, to, pauses, () => false))
          losses.push(loss);
        await k.writeFileAtomic(path, k.writeCheckpoint(await training.snapshot(), {}));
        const judged = await training.validate();
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { losses, judged, longest: window.longestTask };
      },
      { setting, people, from, to },
    );
  const first = await part(0, 20);
  await page.reload();
  await page.waitForFunction(() => window.kinegrad);
  const second = await part(20, 40);

  const gpu = await openGpu({ adapter: 'swiftshader' });
  const data = {
    train: bodySource(people.train),
    validation: bodySource(people.validation),
  };
  const training = await openTraining(gpu, configOf(setting), data);
  const losses: number[] = [];
  for (let i = 0; i < 40; i++) losses.push((await training.next()).loss);
  expect([...first.losses, ...second.losses]).toEqual(losses);
  expect(second.judged).toEqual(await training.validate());
  gpu.close();
  expect(Math.max(first.longest, second.longest)).toBeLessThan(200);
  expect(calm()).toEqual([]);
});
