/** Every view of the page: nothing serious that axe-core finds, in light and dark; and how it looks. */

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenedSite, openSite } from './site.ts';
import { choose, click, ready } from './train_view.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Pictures are kept in the repository, and made anew with KINEGRAD_SCREENSHOTS=1. */
const pictures = fileURLToPath(new URL('screenshots/', import.meta.url));
const keep = process.env.KINEGRAD_SCREENSHOTS === '1';

/** Views, and the view train where it offers rendered people. */
const VIEWS = ['lift', 'play', 'ambiguity', 'train', 'rendered', 'inspect'] as const;

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
}, 120_000);
afterAll(() => site?.close());

/** Where a view has come to rest: WebGPU is there, and nothing is being loaded. */
const settled = async (page: Page, view: (typeof VIEWS)[number]) => {
  await page.waitForSelector('main h1, main h2');
  await page.waitForLoadState('networkidle');
  if (view === 'rendered') await rendered(page);
  if (keep && view === 'train') await trained(page);
  await page.waitForTimeout(keep ? 6000 : 500);
};

const hashOf = (view: (typeof VIEWS)[number]) => (view === 'rendered' ? 'train' : view);

/** Rendered people are chosen and shown; for the pictures, some steps learn from them. */
async function rendered(page: Page) {
  await ready(page);
  await choose(page, { architecture: 'cnn' });
  await page.waitForSelector('.seen canvas[width="64"]');
  if (!keep) return;
  await choose(page, { steps: 50 });
  await click(page, 'go');
  await page.waitForFunction(
    () => /All 50 steps/.test(document.querySelector('.status')!.textContent!),
    undefined,
    { timeout: 240_000 },
  );
}

/** Steps after which curves and people show what training is. */
const STEPS = 400;

async function trained(page: Page) {
  await click(page, 'go');
  await page.waitForFunction(
    (steps) =>
      Number(/^Step([\d,]+)/.exec(document.querySelector('.tile')!.textContent!)?.[1]) >= steps,
    STEPS,
    { timeout: 60_000 },
  );
}

describe.each(VIEWS)('%s', { timeout: keep ? 300_000 : 60_000 }, (view) => {
  test.each(['light', 'dark'] as const)('is accessible in %s', async (colorScheme) => {
    // The checker is run by the test, which the policy of the page would not let it.
    const { page, calm } = await site.open(hashOf(view), { colorScheme, bypassCSP: true });
    await settled(page, view);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    const serious = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
    expect(serious).toEqual([]);
    expect(calm()).toEqual([]);
    if (keep) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${view}-${colorScheme}.png`) });
    }
    await page.context().close();
  });

  test('fits a phone', async () => {
    const { page } = await site.open(hashOf(view), { viewport: { width: 390, height: 844 } });
    await settled(page, view);
    const { scrollWidth, clientWidth } = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return { scrollWidth, clientWidth };
    });
    expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
    if (keep) await page.screenshot({ path: join(pictures, `${view}-phone.png`), fullPage: true });
    await page.context().close();
  });
});
