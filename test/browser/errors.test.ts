/** Everything that may go wrong in a page before the first lift: each has its own error, and a sentence to show. */

import { expect, test } from 'vitest';
import { openSite, type PageWindow, weights } from './package_site.ts';

declare const window: PageWindow;

/** A name that leads to this machine, which browsers take for no secure context. */
const INSECURE = 'insecure.test';

const site = openSite(
  {
    short: (_, response) => {
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 2e6));
      setTimeout(() => response.destroy(), 300);
    },
    damaged: (_, response) => {
      response.end(Buffer.concat([weights.subarray(0, -1), Buffer.from([1])]));
    },
    stalls: (_, response) => {
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 2e6));
    },
  },
  [`--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`],
);

test('weights that do not come, or not as they are', async () => {
  const { page } = await site.open();
  const { found, left } = await page.evaluate(async () => {
    const { KinegradError, loadLifter, martinez, openGpu } = window.kinegrad;
    const gpu = await openGpu();
    const load = (url: string) =>
      loadLifter(martinez, url, { gpu }).then(
        () => 'no error',
        (error) => `${error instanceof KinegradError} ${error.name}: ${error.message}`,
      );
    const found: Record<string, string> = {};
    for (const path of ['short', 'damaged', 'none', 'page.js']) found[path] = await load(path);
    found.elsewhere = await load('https://example.invalid/x.safetensors');
    return { found, left: gpu.counts.bytes };
  });
  expect(left).toBe(0);
  expect(found.short).toMatch(
    /^true TruncatedError: .*short broke off after \d+ of 4913528 bytes\. Load it again\.$/,
  );
  expect(found.damaged).toMatch(/^true ChecksumError: .* damaged on its way/);
  expect(found.none).toMatch(/^true DownloadError: .*none was not read: the server says 404\.$/);
  expect(found['page.js']).toMatch(/^true WrongFileError: .*page\.js is no weights file/);
  expect(found.elsewhere).toMatch(/^true BlockedError: .* Add its origin to connect-src\.$/);
});

test('browsers without a GPU, with an older engine or a stricter policy', async () => {
  const { page } = await site.open();
  const found = await page.evaluate(async () => {
    const { KinegradError, openGpu } = window.kinegrad;
    const failure = () =>
      openGpu().then(
        () => 'no error',
        (error) => `${error instanceof KinegradError} ${error.name}: ${error.message}`,
      );
    const real = navigator.gpu;
    const pretend = (gpu: unknown) =>
      Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
    const found: Record<string, string> = {};
    pretend({ requestAdapter: async () => null });
    found.adapter = await failure();
    pretend({
      requestAdapter: () => Promise.reject(new DOMException('denied', 'NotAllowedError')),
    });
    found.policy = await failure();
    pretend({
      requestAdapter: async () => {
        const adapter = (await real.requestAdapter())!;
        const device = await adapter.requestDevice();
        const limits = { ...device.limits, maxStorageBuffersPerShaderStage: 4 };
        Object.defineProperty(device, 'limits', { value: limits });
        return Object.defineProperty(adapter, 'requestDevice', { value: async () => device });
      },
    });
    found.limit = await failure();
    pretend(undefined);
    found.webgpu = await failure();
    return found;
  });
  expect(found.adapter).toMatch(/^true NoAdapterError: The browser found no graphics adapter/);
  expect(found.policy).toMatch(/^true BlockedError: WebGPU is blocked by a policy .*denied/);
  expect(found.limit).toMatch(
    /^true LimitError: maxStorageBuffersPerShaderStage needs 8, and the device allows 4/,
  );
  expect(found.webgpu).toMatch(/^true NoWebGpuError: This browser has no WebGPU\. Use Chrome/);
});

test('a page that did not come over https', async () => {
  const page = await site.browser.newPage();
  await page.goto(site.url.replace('localhost', INSECURE));
  await page.waitForFunction(() => window.kinegrad);
  const found = await page.evaluate(async () => {
    const { openGpu } = window.kinegrad;
    const error = await openGpu().catch((error) => error);
    return { secure: isSecureContext, hidden: !navigator.gpu, told: `${error}` };
  });
  expect(found).toEqual({
    secure: false,
    hidden: true,
    told: expect.stringMatching(/^BlockedError: WebGPU is blocked on this page, .* https/),
  });
});

test('what a device has no room for is refused with the sizes, before anything is allocated', async () => {
  const { page } = await site.open();
  const found = await page.evaluate(async () => {
    const { loadLifter, martinez, openGpu } = window.kinegrad;
    const gpu = await openGpu({ memoryCap: 1_000_000 });
    const error = await loadLifter(martinez, 'weights/martinez.safetensors', { gpu }).catch(
      (error) => error,
    );
    return { told: `${error}`, left: gpu.counts.bytes };
  });
  expect(found.told).toMatch(/^LimitError: .* needs \S+ MiB, and .* allows 976\.6 KiB/);
  expect(found.left).toBe(0);
});

test('a user who leaves in mid-download or mid-compile leaves nothing behind', async () => {
  const { page, calm } = await site.open();
  const found = await page.evaluate(async () => {
    const { loadLifter, martinez, openGpu } = window.kinegrad;
    const gpu = await openGpu();
    const leaveIn = (phase: string, url: string) => {
      const leaving = new AbortController();
      const reason = new Error(`left in ${phase}`);
      return loadLifter(martinez, url, {
        gpu,
        signal: leaving.signal,
        onProgress: (progress) => progress.phase === phase && leaving.abort(reason),
      }).then(
        () => 'no error',
        (error) => (error === reason ? error.message : `${error}`),
      );
    };
    const told = [
      await leaveIn('download', 'stalls'),
      await leaveIn('compile', 'weights/martinez.safetensors'),
    ];
    return { told, left: gpu.counts.bytes };
  });
  expect(found).toEqual({ told: ['left in download', 'left in compile'], left: 0 });
  expect(calm()).toEqual([]);
});
