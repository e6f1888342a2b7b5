/** The built package in a real browser: plain modules over HTTP, a Worker, a strict policy, faults. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { loadLifter } from '../../src/lift/load.ts';
import { martinez } from '../../src/models/martinez.ts';
import { cameraFromFov } from '../../src/pose/camera.ts';
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
    '/page.js': "import * as kinegrad from '/kinegrad/kinegrad.js'; window.kinegrad = kinegrad;",
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
      response.write(weights.subarray(0, 2e6), () => response.destroy());
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
declare const window: { kinegrad: Kinegrad; answer?: unknown } & typeof globalThis;

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
    const long: number[] = [];
    const observer = new PerformanceObserver((list) =>
      long.push(...list.getEntries().map(({ duration }) => duration)),
    );
    observer.observe({ type: 'longtask' });
    const phases = new Set<string>();
    const begin = performance.now();
    const lifter = await loadLifter(martinez, 'weights/martinez.safetensors', {
      onProgress: ({ phase }) => phases.add(phase),
    });
    const loaded = performance.now() - begin;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { joints, reprojectionError } = await lifter.lift(standing, cameraFromFov(1000, 667, 60));
    const { adapter, counts } = lifter.gpu;
    const before = { ...counts };
    const start = performance.now();
    for (let i = 0; i < 200; i++) await lifter.lift(standing, cameraFromFov(1000, 667, 60));
    const each = (performance.now() - start) / 200;
    const after = { ...counts };
    await lifter.dispose();
    return {
      joints,
      reprojectionError,
      long,
      loaded,
      each,
      before,
      after,
      phases: [...phases],
      name: adapter.name,
      left: counts.bytes,
    };
  }, STANDING);
  console.log(JSON.stringify({ ...found, joints: 0 }));
  expect(found.phases).toEqual(['download', 'compile']);
  expect(found.reprojectionError).toBeLessThan(40);
  expect(found.joints).toEqual(await inNode());
  expect(found.after).toEqual({ ...found.before, submits: found.before.submits + 200 });
  expect(found.left).toBe(0);
  expect(Math.max(0, ...found.long)).toBeLessThan(100);
  expect(calm()).toEqual([]);
});

test('a Worker lifts, too', async () => {
  const { page, calm } = await openPage(browser, `${server.url}/worker.html`);
  await page.waitForFunction(() => window.answer);
  expect(await page.evaluate(() => window.answer)).toEqual(await inNode());
  expect(calm()).toEqual([]);
});
