/** Runs of the view Train by their names: one tab each, whatever storage the browser has. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenedSite, openSite } from './site.ts';
import { choose, click, openTrain, ready, SETTING, savedRun, says, status } from './train_view.ts';

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

test('a second tab is told that a run is open, reads along, and trains under another name', async () => {
  const { page: first, calm } = await openTrain(site);
  await choose(first, SETTING);
  await click(first, 'go');
  await says(first, /Saved at step [1-6]0/);

  const second = await first.context().newPage();
  await second.goto(`${site.url}#train`);
  const notice = second.locator('.run-notice');
  await notice.getByText('in another tab').waitFor();
  expect(await notice.locator('p').textContent()).toBe(
    "“Run 1” is open in another tab, and two tabs would overwrite each other's checkpoint.",
  );
  expect(await second.isVisible('[data-act=go]')).toBe(false);
  expect(await second.isEnabled('select[name=width]')).toBe(false);

  await notice.getByRole('button', { name: 'Only read along' }).click();
  await notice.getByText('Reading only').waitFor();
  await says(first, /All 100 steps are done/);
  // What the first tab saves is seen in the second, which has no button to change it.
  await says(second, /All 100 steps are done\. Saved at step 100\./);
  expect(await second.locator('.actions').isVisible()).toBe(false);

  await notice.getByRole('button', { name: 'Train as “Run 2”' }).click();
  await ready(second);
  expect(await second.inputValue('select[name=run]')).toBe('Run 2');
  await choose(second, { ...SETTING, rate: 8e-3 });
  await click(second, 'go');
  await says(second, /All 100 steps are done/);
  const [one, two] = [await savedRun(first, 'Run 1'), await savedRun(first, 'Run 2')];
  expect([one!.step, two!.step]).toEqual([100, 100]);
  expect(one!.losses).not.toEqual(two!.losses);

  // The tab remembers its run, and can have the other one once that is free.
  await second.reload();
  await says(second, /All 100 steps are done/);
  expect(await second.inputValue('select[name=run]')).toBe('Run 2');
  await second.selectOption('select[name=run]', 'Run 1');
  await notice.getByText('in another tab').waitFor();
  await first.close();
  await second.getByRole('button', { name: 'Go on with “Run 1” here' }).click();
  await second.waitForSelector('[data-act=reset]');
  expect((await savedRun(second, 'Run 1'))!.losses).toEqual(one!.losses);
  expect(calm()).toEqual([]);
});

test('where a page has no private files, runs are kept in its IndexedDB', async () => {
  const context = await site.browser.newContext();
  // As in private windows; Safari before 26 has files that only Workers can write.
  await context.addInitScript(() => {
    // @ts-expect-error It is always there, says the standard.
    delete StorageManager.prototype.getDirectory;
  });
  const page = await context.newPage();
  await page.goto(`${site.url}#train`);
  await ready(page);
  await choose(page, SETTING);
  await click(page, 'go');
  await says(page, /Saved at step [2-6]\d\b/);
  await page.reload();
  await ready(page);
  expect(await status(page)).toMatch(/^Paused at step \d\d\. Saved at step \d\d\.$/);
  await click(page, 'go');
  await says(page, /All 100 steps are done\. Saved at step 100\./);
  await page.reload();
  await says(page, /All 100 steps are done\. Saved at step 100\./);
  await click(page, 'reset');
  await click(page, 'reset');
  await page.waitForSelector('select[name=width]:enabled');
  await page.reload();
  await page.waitForSelector('select[name=width]:enabled');
  expect(await status(page)).toBe('');
  await context.close();
});
