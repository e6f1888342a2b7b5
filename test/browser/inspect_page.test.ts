/** The view Inspect: the program of the model, its shaders, its memory, and the adapter. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../built.ts';
import { type OpenedSite, openSite } from './site.ts';

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const DISPATCHES = '.program tbody tr:not(.heading)';

const opened = async () => {
  const { page, calm } = await site.open('inspect');
  await page.waitForSelector(DISPATCHES, { state: 'attached' });
  return { page, calm };
};
const rows = (page: Page) =>
  page.$$eval(DISPATCHES, (all) =>
    all.map((row) => [...row.children].map((cell) => cell.textContent!.trim())),
  );
const shader = (file: string) => readFileSync(join(root, 'shaders', file), 'utf8');

test('every dispatch of a lift has its op, its shapes and its time', async () => {
  const { page, calm } = await opened();
  const found = await rows(page);
  // The layers of the network: one in, two blocks of two, one out. The person and the mirror image are its two rows.
  const products = found.filter(([, op]) => op!.startsWith('matmul'));
  expect(
    products.map(
      ([, , shapes]) => shapes!.match(/^a \[2, \d+\]b \[\d+, \d+\]|\[2, \d+\] b \[\d+, \d+\]/)?.[0],
    ),
  ).toEqual([
    '[2, 36] b [36, 768]',
    ...new Array(4).fill('[2, 768] b [768, 768]'),
    '[2, 768] b [768, 48]',
  ]);
  // A product of [2, 768] and [768, 768] reads that matrix once: 2.25 MiB.
  expect(products[1]![3]).toBe('2.3 MiB');
  await page.waitForSelector('.program.time-known');
  const all = (await rows(page)).map((cells) => cells.at(-1)!);
  // What the norms make of their statistics is computed before the first lift, and no time of a lift.
  const once = all.filter((time) => time === 'once').length;
  expect(once).toBeGreaterThan(0);
  expect(all.slice(0, once).every((time) => time === 'once')).toBe(true);
  expect(await page.textContent('.program-words')).toContain(`${all.length - once} dispatches, `);
  // Those are folded away until they are asked for, by the keyboard, too.
  const prepared = page.locator(DISPATCHES).first();
  expect(await prepared.isVisible()).toBe(false);
  await page.locator('.program .toggle').press('Enter');
  expect(await prepared.isVisible()).toBe(true);
  expect(await page.locator('.program .toggle').textContent()).toContain(`1 – ${once}: run once`);
  const times = all.slice(once);
  expect(times.every((time) => /^[\d.]+ (µs|ms)$/.test(time))).toBe(true);
  const ms = (time: string) => Number.parseFloat(time) * (time.endsWith('µs') ? 1e-3 : 1);
  const wall = /^([\d.]+ ms) a step/.exec((await page.textContent('.timing'))!)![1]!;
  expect(times.reduce((sum, time) => sum + ms(time), 0)).toBeLessThan(1.5 * ms(wall));
  expect(calm()).toEqual([]);
});

test('a dispatch opens its WGSL, as it was written, with the words that explain it', async () => {
  const { page, calm } = await opened();
  const product = (await rows(page)).findIndex(([, op]) => op!.startsWith('matmul'));
  await page.locator(DISPATCHES).nth(product).locator('button').focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  const file = (await page.textContent('.drawer h3 code'))!.replace('shaders/', '');
  const code = (await page.textContent('.drawer .code'))!;
  expect(code.trimEnd()).toBe(shader(file).trimEnd());
  const opening = shader(file).match(/^\/\/ (.*)$/m)![1]!;
  expect((await page.textContent('.header-comment'))!.startsWith(opening)).toBe(true);
  // Whatever it uses is there, too.
  for (const [, used] of shader(file).matchAll(/^\/\/ use (\S+)$/gm))
    expect(await page.textContent('.drawer-content')).toContain(`shaders/${used}`);
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  expect(calm()).toEqual([]);
});

test('a training step shows its update and its memory, and can be timed', async () => {
  const { page, calm } = await opened();
  await page.check('input[value=train]', { force: true });
  await page.selectOption('select[aria-label=Width]', '64');
  const ops = (await rows(page)).map(([, op]) => op!);
  expect(ops.filter((op) => op.includes('adamw.wgsl'))).toHaveLength(1);
  expect(ops.filter((op) => op.includes('batch_norm_active_backward.wgsl'))).toHaveLength(5);
  const memory = (await page.textContent('.memory-panel'))!;
  // Weights 36 x 64, 4 of 64 x 64 and 64 x 48, ten vectors of the norms and a bias, in slabs of whole 256 bytes.
  const parameters = 36 * 64 + 4 * 64 * 64 + 64 * 48 + 10 * 64 + 64;
  for (const set of ['martinez', 'martinez.moment1', 'martinez.moment2'])
    expect(memory).toContain(`${set}, 17 variables${((4 * parameters) / 1024).toFixed(1)} KiB`);
  const [, most, all] = /at most (\S+) KiB of (\S+) KiB/.exec(
    (await page.getAttribute('.memory-chart', 'aria-label'))!,
  )!;
  expect(Number(most)).toBeLessThanOrEqual(Number(all));
  await page.click('text=Measure times');
  await page.waitForSelector('.program.time-known');
  expect(calm()).toEqual([]);
});

test('the limits are those of the adapter', async () => {
  const { page } = await opened();
  const limit = await page.evaluate(
    async () => (await navigator.gpu.requestAdapter())!.limits.maxComputeInvocationsPerWorkgroup,
  );
  await page.click('.limits summary');
  const row = page.locator('.limits tr', { hasText: 'maxComputeInvocationsPerWorkgroup' });
  expect(await row.locator('td').first().textContent()).toBe(limit.toLocaleString('en-US'));
});
