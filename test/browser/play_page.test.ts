/** Play, in the built page: the walk, a file that is dropped in, and a webcam with a detector. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JOINT_SETS } from '../../src/pose/joint_sets.ts';
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

test('a webcam is lifted through the detector that lies beside the page', async () => {
  const detector = `
    let n = 0;
    export default async (video) => {
      n++;
      if (n % 5 === 0) return null;
      await new Promise((resolve) => setTimeout(resolve, 80));
      const { videoWidth: w, videoHeight: h } = video;
      const at = [[.5,.2],[.52,.18],[.48,.18],[.55,.2],[.45,.2],[.58,.32],[.42,.32],[.62,.45],[.38,.45],
        [.63,.58],[.37,.58],[.55,.55],[.45,.55],[.56,.74],[.44,.74],[.56,.92],[.44,.92]];
      return { skeleton: 'coco17', joints: at.map(([x, y]) => [x * w, y * h, 0.9]) };
    };`;
  const server = await serve({
    folders: { '/': `${folder}/` },
    files: { '/detector.js': detector },
  });
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
    expect(calm()).toEqual([]);
  } finally {
    await browser.close();
    server.close();
  }
});
