/** Play, in the built page: the walk, a file that is dropped in, and a webcam with a detector. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JOINT_SETS } from '../../src/pose/joint_sets.ts';
import { root } from '../built.ts';
import { openBrowser, openPage } from './chromium.ts';
import { serve } from './server.ts';
import { site as folder, type OpenedSite, openSite } from './site.ts';

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const fact = async (page: Page, name: string) => {
  const row = page.locator('.facts > div', { hasText: name });
  return Number((await row.locator('dd').innerText()).replace(/[^\d.]/g, ''));
};
const lifted = (page: Page, least: number) =>
  page.waitForFunction((least) => {
    const rows = [...document.querySelectorAll('.facts > div')];
    const row = rows.find((row) => row.textContent?.startsWith('Frames lifted'));
    return Number(row?.lastChild?.textContent?.replaceAll(',', '')) >= least;
  }, least);

test('the walk plays, counts what it drops, stands still, and goes where it is told', async () => {
  const { page, calm } = await site.open('play');
  await lifted(page, 40);
  const frames = (await fact(page, 'Frames lifted')) + (await fact(page, 'Frames dropped'));
  // What is lifted and dropped is what a film of 30 frames a second has shown.
  const seconds = (await page.evaluate(() => performance.now())) / 1000;
  expect(frames).toBeLessThanOrEqual(30 * seconds + 5);
  expect(await fact(page, 'Lifts a second')).toBeGreaterThan(5);
  expect(await fact(page, 'Reprojection error')).toBeLessThan(20);
  const lag = page.locator('.cost output').first();
  await expect.poll(() => lag.innerText(), { timeout: 10_000 }).toMatch(/^\d+ ms$/);
  expect(Number.parseInt(await lag.innerText(), 10)).toBeGreaterThan(5);

  await page.getByRole('button', { name: 'Pause' }).click();
  const slider = page.getByRole('slider', { name: 'Frame' });
  await slider.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => page.locator('.time').innerText()).toMatch(/^0\.0 \/ 6\.4 s$/);
  // The figures are written four times a second: once they hold what came before the pause, nothing follows.
  await page.waitForTimeout(600);
  const before = await fact(page, 'Frames lifted');
  await page.waitForTimeout(600);
  expect(await fact(page, 'Frames lifted')).toBe(before);
  await page.getByRole('switch', { name: 'One-Euro filter' }).uncheck();
  await expect.poll(() => lag.innerText()).toBe('0 ms');
  expect(calm()).toEqual([]);
});

test('a file that is no sequence is refused in a sentence, and a webcam without a detector says what to do', async () => {
  const { page } = await site.open('play');
  await lifted(page, 1);
  const input = page.locator('input[type=file]');
  await input.setInputFiles({
    name: 'x.json',
    mimeType: 'application/json',
    buffer: Buffer.from('[]'),
  });
  await page.getByRole('alert').getByText('expected a list of frames').waitFor();
  const names = ['leftHip', 'rightHip', 'leftShoulder', 'rightShoulder'];
  const metres = JOINT_SETS.coco17.map((name, i) => [name, [i / 20, names.indexOf(name) / 5]]);
  await input.setInputFiles({
    name: 'metres.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify([Object.fromEntries(metres)])),
  });
  await page.getByRole('alert').getByText('not shares of its size or metres').waitFor();
  await page.getByRole('button', { name: 'Webcam' }).click();
  await page.getByText('Plug in a detector').waitFor();
});

test('what was asked for last plays, though an older wish comes later', async () => {
  const { page, calm } = await site.open('play');
  await lifted(page, 1);
  await page.route('**/walk.json', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 700));
    await route.continue();
  });
  await page.getByRole('button', { name: 'Walk' }).click();
  const frames = [Object.fromEntries(JOINT_SETS.coco17.map((name, i) => [name, [9 * i, 7 * i]]))];
  const buffer = Buffer.from(JSON.stringify(frames));
  const mimeType = 'application/json';
  await page.locator('input[type=file]').setInputFiles({ name: 'mine.json', mimeType, buffer });
  const title = page.getByRole('heading', { name: 'mine.json' });
  await title.waitFor();
  await page.waitForTimeout(1200);
  expect(await title.isVisible()).toBe(true);
  expect(calm()).toEqual([]);
});

test('a detector that does not start says why', async () => {
  const { page } = await site.open('play');
  await lifted(page, 1);
  await page.route('**/detector.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: "throw new Error('No model here.');" }),
  );
  await page.getByRole('button', { name: 'Webcam' }).click();
  await page.getByText('detector.js does not start: No model here. Mend it').waitFor();
  // It takes no room from the numbers below, on a low screen either.
  await page.setViewportSize({ width: 1280, height: 640 });
  const facts = page.locator('.facts');
  expect(await facts.evaluate((list) => list.scrollHeight - list.clientHeight)).toBe(0);
});

/** Where a standing person's joints of COCO are, as shares of the picture. */
const COCO = [
  [0.5, 0.2],
  [0.52, 0.18],
  [0.48, 0.18],
  [0.55, 0.2],
  [0.45, 0.2],
  [0.58, 0.32],
  [0.42, 0.32],
  [0.62, 0.45],
  [0.38, 0.45],
  [0.63, 0.58],
  [0.37, 0.58],
  [0.55, 0.55],
  [0.45, 0.55],
  [0.56, 0.74],
  [0.44, 0.74],
  [0.56, 0.92],
  [0.44, 0.92],
];
const OWN = `
  let n = 0;
  export default async (video) => {
    n++;
    if (n % 5 === 0) return null;
    await new Promise((resolve) => setTimeout(resolve, 80));
    const { videoWidth: w, videoHeight: h } = video;
    const joints = ${JSON.stringify(COCO)}.map(([x, y]) => [x * w, y * h, 0.9]);
    return { skeleton: 'coco17', joints };
  };`;
/** The same person as MediaPipe's Pose Landmarker gives them; what COCO lacks lies beside what it has. */
const BESIDE: Readonly<Record<string, string>> = {
  Eye: 'Eye',
  Mouth: 'Eye',
  Pinky: 'Wrist',
  Index: 'Wrist',
  Thumb: 'Wrist',
  Heel: 'Ankle',
  FootIndex: 'Ankle',
};
const LANDMARKS = JOINT_SETS.blazepose33.map((name) => {
  const coco: readonly string[] = JOINT_SETS.coco17;
  const [, side, part] = /^(left|right)(Eye|[A-Z][A-Za-z]*)/.exec(name) ?? [];
  const at = coco.indexOf(coco.includes(name) ? name : `${side}${BESIDE[part!]}`);
  const [x, y] = COCO[at]!;
  return { x, y, z: 0, visibility: 0.9 };
});
/** In place of MediaPipe, whose models no registry has: it takes what its types say, and takes 80 ms. */
const MEDIAPIPE = `
  export const FilesetResolver = {
    async forVisionTasks(path) {
      if (!path.endsWith('/mediapipe/wasm')) throw new Error('no wasm at ' + path);
      return { wasmLoaderPath: path + '/x.js', wasmBinaryPath: path + '/x.wasm' };
    },
  };
  export class PoseLandmarker {
    static async createFromOptions(files, { baseOptions, runningMode, numPoses }) {
      const model = await fetch(baseOptions.modelAssetPath);
      if (!files.wasmBinaryPath || !model.ok || runningMode !== 'VIDEO' || numPoses !== 1)
        throw new Error('wrong options');
      return new PoseLandmarker();
    }
    last = -1;
    calls = 0;
    detectForVideo(video, timestamp) {
      if (!(video instanceof HTMLVideoElement && timestamp > this.last))
        throw new Error('Packet timestamp mismatch');
      this.last = timestamp;
      for (const end = performance.now() + 80; performance.now() < end; );
      return { landmarks: this.calls++ % 5 === 4 ? [] : [${JSON.stringify(LANDMARKS)}] };
    }
  }`;
const example = readFileSync(join(root, 'web/examples/detector.js'), 'utf8');

test.each([
  ['of its owner', { '/detector.js': OWN }],
  [
    'in the examples',
    {
      '/detector.js': example,
      '/mediapipe/vision_bundle.mjs': MEDIAPIPE,
      '/mediapipe/pose_landmarker_lite.task': 'a model',
    },
  ],
])('a webcam is lifted through the detector %s, which lies beside the page', async (_, files) => {
  const server = await serve({ folders: { '/': `${folder}/` }, files });
  const browser = await openBrowser([
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
  ]);
  try {
    const { page, calm } = await openPage(browser, `${server.url}/index.html#play`);
    await lifted(page, 1);
    await page.getByRole('button', { name: 'Webcam' }).click();
    await page.getByRole('heading', { name: 'Webcam' }).waitFor();
    await lifted(page, 8);
    // A detector of 80 ms cannot take all frames of a camera of 20 a second or more.
    expect(await fact(page, 'Frames dropped')).toBeGreaterThan(3);
    // The person stands there: a lifter that was given other joints would not project onto them.
    expect(await fact(page, 'Reprojection error')).toBeLessThan(30);
    expect(calm()).toEqual([]);
  } finally {
    await browser.close();
    server.close();
  }
});
