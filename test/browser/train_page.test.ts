/** The view Train: a lifter learns in the tab, through pauses, reloads and lost devices. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodySource } from '../../src/data/body/source.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { cnn } from '../../src/models/cnn.ts';
import { configOf } from '../../src/train/config.ts';
import { forecastTraining } from '../../src/train/step.ts';
import { openTraining, type Validation } from '../../src/train/training.ts';
import { viewConfigOf } from '../../src/train/view_config.ts';
import { renderedViews } from '../../src/train/view_data.ts';
import { viewErrors } from '../../src/train/view_errors.ts';
import { openViewTraining } from '../../src/train/view_training.ts';
import { type OpenedSite, openSite } from './site.ts';
import { choose, click, openTrain, ready, SETTING, savedRun, says, status } from './train_view.ts';

let site: OpenedSite;
/** What an uninterrupted run in Node makes of the same setting. */
let uninterrupted: { losses: number[]; last: Validation };
beforeAll(async () => {
  [site, uninterrupted] = await Promise.all([openSite(), inNode()]);
});
afterAll(() => site?.close());

async function inNode() {
  await using gpu = await openGpu({ adapter: 'swiftshader' });
  const training = await openTraining(gpu, configOf(SETTING), {
    train: bodySource({ seed: 1, count: 50_000 }),
    validation: bodySource({ seed: 2, count: 128 }),
  });
  const losses: number[] = [];
  for (let i = 0; i < SETTING.steps; i++) losses.push((await training.next()).loss);
  return { losses, last: await training.validate() };
}

test('a run that is cut off by a reload goes on, to the same curve as an uninterrupted one', async () => {
  const { page, calm } = await openTrain(site);
  await choose(page, SETTING);
  await click(page, 'go');
  await says(page, /Saved at step [2-6]\d\b/);
  await page.reload();
  await ready(page);
  expect(await status(page)).toMatch(/^Paused at step \d\d\. Saved at step \d\d\.$/);
  await click(page, 'go');
  await says(page, /All 100 steps are done\. Saved at step 100\./);
  const { losses, judgements } = (await savedRun(page))!;
  expect(losses).toEqual(uninterrupted.losses);
  const { mpjpe, paMpjpe } = judgements.at(-1)!;
  expect({ mpjpe, paMpjpe }).toEqual(uninterrupted.last);
  expect(judgements.map(({ step }) => step)).toEqual(Array.from({ length: 11 }, (_, i) => 10 * i));
  expect(calm()).toEqual([]);
});

test('a lost device is told, and training goes on from the last checkpoint', async () => {
  const { page } = await site.open('lift');
  // Every device that the page opens, so that the last one can be taken away.
  await page.addInitScript(() => {
    const { requestDevice } = GPUAdapter.prototype;
    const devices: GPUDevice[] = [];
    Object.assign(window, { devices });
    GPUAdapter.prototype.requestDevice = async function (...given) {
      const device = await requestDevice.apply(this, given);
      devices.push(device);
      return device;
    };
  });
  await page.goto(`${site.url}#train`);
  await page.reload();
  await ready(page);
  await choose(page, SETTING);
  await click(page, 'go');
  await says(page, /Saved at step [2-6]\d\b/);
  await page.evaluate(() =>
    (window as never as { devices: GPUDevice[] }).devices.at(-1)!.destroy(),
  );
  const told = await page.waitForSelector('.toast');
  expect(await told.textContent()).toMatch(
    /^The GPU device was lost at step \d+\. Training goes on from step \d0 on a fresh one\./,
  );
  await says(page, /All 100 steps are done/);
  expect((await savedRun(page))!.losses).toEqual(uninterrupted.losses);
});

test('a pause stops and saves, and a reset forgets', async () => {
  const { page, calm } = await openTrain(site);
  await choose(page, { ...SETTING, steps: 1000 });
  await click(page, 'go');
  await page.waitForFunction(() => /^Step\d+/.test(document.querySelector('.tile')!.textContent!));
  await says(page, /^Training/);
  await click(page, 'go');
  await says(page, /^Paused at step/);
  const paused = (await status(page))!;
  const [, at, kept] = /^Paused at step (\d+)\. Saved at step (\d+)\.$/.exec(paused)!;
  expect(kept).toBe(at);
  await page.waitForTimeout(300);
  expect(await status(page)).toBe(paused);
  expect((await savedRun(page))!.losses).toHaveLength(Number(at));
  await click(page, 'reset');
  await click(page, 'reset');
  await page.waitForSelector('select[name=width]:enabled');
  expect(await status(page)).toBe('');
  expect(await savedRun(page)).toBeUndefined();
  expect(calm()).toEqual([]);
});

test('a training that does not fit is refused, with what it needs and the most that fits', async () => {
  const { page, calm } = await openTrain(site);
  const limit = 256 * 2 ** 20;
  await choose(page, { width: 4096, batch: 256, steps: 100, limit });
  await click(page, 'go');
  const refusal = (await page.textContent('.refusal'))!;
  expect(await status(page)).toBe('');
  expect(await page.isEnabled('select[name=width]')).toBe(true);

  await using gpu = await openGpu({ adapter: 'swiftshader' });
  const total = (width: number) =>
    forecastTraining(gpu, configOf({ width, batch: 256, steps: 100 })).total;
  const needed = (total(4096) / 2 ** 30).toFixed(1);
  expect(refusal).toContain(
    `needs ${needed} GiB of the device's memory, and the limit is 256 MiB.`,
  );
  expect(refusal).toContain('Width 1,024 with batches of 256');
  expect(total(1024)).toBeLessThan(limit);
  expect(total(2048)).toBeGreaterThan(limit);
  await page.click('.refusal button');
  expect(await page.inputValue('select[name=width]')).toBe('1024');
  expect(await page.textContent('.refusal')).toBe('');
  expect(calm()).toEqual([]);
});

test('a lifter of pictures learns from rendered people as in Node, who are shown to the visitor', async () => {
  const { page, calm } = await openTrain(site);
  const setting = { size: 64, width: 0.125, batch: 2, rate: 2e-3, steps: 10 };
  await choose(page, { architecture: 'cnn', ...setting });
  // What it will be shown is there before it begins: four people in colours and in depth.
  await page.waitForSelector('.seen canvas[width="64"]');
  expect(await shades(page)).toEqual(Array(8).fill(true));
  await click(page, 'go');
  await page.waitForFunction(
    () => /All 10 steps are done/.test(document.querySelector('.status')!.textContent!),
    undefined,
    { timeout: 150_000 },
  );
  const { losses, judgements } = (await savedRun(page))!;
  expect(judgements.map(({ step }) => step)).toEqual([0, 10]);
  const captions = () =>
    page.$$eval('.people figcaption', (all) => all.map(({ textContent }) => textContent));
  const found = await captions();
  for (const text of found) expect(text).toMatch(/^\d+ mm off$/);
  // The same people without depth, as a photo is.
  await page.getByRole('checkbox', { name: 'Lifted with depth' }).uncheck();
  expect(await captions()).not.toEqual(found);
  expect(calm()).toEqual([]);

  await using gpu = await openGpu({ adapter: 'swiftshader' });
  const { width, ...others } = setting;
  const network = { architecture: 'cnn', options: { width }, loss: 'joints' } as const;
  const config = viewConfigOf({ ...network, ...others, average: 0.95, judged: 32 });
  const people = (split: 'train' | 'validation', count: number) =>
    renderedViews({ seed: 1, split, size: 64, count, depthError: false });
  const validation = people('validation', 32);
  const data = { train: people('train', 100_000), validation };
  const training = await openViewTraining(gpu, cnn, config, data);
  const inNode: number[] = [];
  for (let i = 0; i < 10; i++) inNode.push((await training.next()).loss);
  expect(losses).toEqual(inNode);
  const {
    step,
    people: seen,
    peopleWithoutDepth: unseen,
    withoutDepth,
    ...judged
  } = judgements.at(-1)!;
  expect(judged).toEqual(await training.validate());
  const blind = await viewErrors(validation, 32, (batch) =>
    training.guess(batch, { depth: false }),
  );
  expect(withoutDepth).toBe(blind.mpjpe.value);
  expect(withoutDepth).not.toBe(judged.mpjpe);
  expect(unseen).toHaveLength(seen.length);
  expect(unseen).not.toEqual(seen);
}, 300_000);

/** Of every picture that is shown, whether it has shades: a blank one has none. */
const shades = (page: Page) =>
  page.$$eval('.seen canvas', (all) =>
    all.map((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement)
        .getContext('2d')!
        .getImageData(0, 0, width, height);
      return new Set(data).size > 20;
    }),
  );
