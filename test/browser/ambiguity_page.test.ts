/** Why is depth ambiguous?, in the built page. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenedSite, openSite } from './site.ts';

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const text = (page: Page, selector: string) => page.locator(selector).first().innerText();

test('steps through people of the same picture, turns bones over, and says who can be', async () => {
  const { page, calm } = await site.open('ambiguity');
  await page.waitForFunction(() =>
    / of \d/.test(document.querySelector('.place')?.textContent ?? ''),
  );
  expect(await text(page, '.place')).toMatch(/^1 of [\d,]+$/);
  expect(await text(page, '.verdict h2')).toBe("The lifter's choice");
  expect(await text(page, '.verdict .badge')).toBe('A body can take this');

  await page.keyboard.press('ArrowRight');
  expect(await text(page, '.place')).toMatch(/^2 of /);
  expect(await text(page, '.verdict h2')).toBe('1 bone turned over');
  // Who was stepped to is another person, whom the picture cannot tell from the first.
  expect(await text(page, '.same')).toBe('off by 0.000000 px');
  await page.keyboard.press('ArrowLeft');
  expect(await text(page, '.verdict h2')).toBe("The lifter's choice");

  // A shin turned over bends a knee forwards, or stays possible; its button says where it goes now.
  const shin = page.locator('.bone', { hasText: 'shin' }).first();
  const before = await shin.getAttribute('aria-label');
  await shin.click();
  expect(await shin.getAttribute('aria-pressed')).toBe('true');
  expect(await shin.getAttribute('aria-label')).not.toBe(before);
  await page.getByRole('button', { name: "Lifter's choice" }).click();
  expect(await shin.getAttribute('aria-pressed')).toBe('false');

  await page.getByRole('button', { name: 'All', exact: true }).click();
  const [, all] = (await text(page, '.place')).match(/of ([\d,]+)/)!;
  const [, reach, human] = (await text(page, '.counts')).match(
    /^([\d,]+) of 65,536 .* ([\d,]+)\.$/,
  )!;
  expect(all).toBe(reach);
  const number = (digits: string) => Number(digits.replaceAll(',', ''));
  expect(number(human!)).toBeLessThan(number(reach!));
  expect(calm()).toEqual([]);
});
