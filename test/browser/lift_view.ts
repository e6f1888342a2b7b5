/** What a visitor does in the view Lift, and what they see of its joints. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { root } from '../built.ts';
import type { OpenedSite } from './site.ts';

export type Point = readonly [number, number];

interface Sample {
  readonly width: number;
  readonly height: number;
  readonly joints: Readonly<Record<string, Point>>;
}
/** The first of the sample poses, which the view opens with. */
export const [SAMPLE] = JSON.parse(
  readFileSync(join(root, 'web/public/samples/samples.json'), 'utf8'),
) as [Sample];

/** The view with its first person lifted. */
export async function openLift(site: OpenedSite) {
  const { page, calm } = await site.open('lift');
  await page.waitForSelector('[data-lifts]');
  return { page, calm };
}

/** What a joint is called, and where it is said to be, as of the next frame. */
export async function labelOf(page: Page, name: string): Promise<string> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  return (await page.locator(`[data-joint=${name}]`).getAttribute('aria-label'))!;
}

/** Where a joint is said to be, in pixels of the picture. */
export async function placeOf(page: Page, name: string): Promise<Point> {
  const [, x, y] = (await labelOf(page, name)).match(/, (-?\d+), (-?\d+)$/)!;
  return [Number(x), Number(y)];
}

/** Where a joint is on the screen. */
export async function dotOf(page: Page, name: string): Promise<Point> {
  const box = (await page.locator(`[data-joint=${name}] .dot`).boundingBox())!;
  return [box.x + box.width / 2, box.y + box.height / 2];
}

export async function saved(page: Page, kind: string): Promise<Buffer> {
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: `Save as ${kind}` }).click();
  return readFileSync(await (await coming).path());
}

export const bring = (page: Page, name: string, mimeType: string, buffer: Buffer) =>
  page.locator('input[type=file]').setInputFiles({ name, mimeType, buffer });
export const bringJson = (page: Page, value: unknown, name = 'joints.json') =>
  bring(page, name, 'application/json', Buffer.from(JSON.stringify(value)));

/** How many poses have been lifted. */
export const lifts = (page: Page) =>
  page
    .locator('[data-lifts]')
    .evaluate((element) => Number((element as HTMLElement).dataset.lifts));

/** Waits until what was asked for is lifted: no lift comes for so many milliseconds. */
export async function settled(page: Page, still = 120) {
  for (let last = -1, now = 0; last !== now; last = now, now = await lifts(page))
    await page.waitForTimeout(still);
}

interface Saved {
  readonly width: number;
  readonly height: number;
  readonly fov: number;
  readonly joints: Record<string, [number, number]>;
  readonly lifted: { readonly joints: Record<string, [number, number, number]> };
}
export const savedJson = async (page: Page) =>
  JSON.parse((await saved(page, 'JSON')).toString()) as Saved;
