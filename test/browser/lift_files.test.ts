/** Files that a visitor brings to the view Lift, whatever is in them. */

import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../built.ts';
import { bring, bringJson, labelOf, openLift, type Point, SAMPLE, saved } from './lift_view.ts';
import { type OpenedSite, openSite } from './site.ts';

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

test('of a file of several people, the one of this picture is taken', async () => {
  const { page, calm } = await openLift(site);
  const name = 'stride.jpg';
  await page.locator('input[type=file]').setInputFiles(join(root, 'web/public/samples', name));
  await page.getByText(name).waitFor();
  const { joints } = SAMPLE;
  const moved = { ...joints, head: [400, 120] };
  await bringJson(page, { 'other.jpg': { joints }, [name]: { joints: moved } });
  await expect.poll(() => labelOf(page, 'head')).toBe('head, 400, 120');
  expect(calm()).toEqual([]);
});

test.each([
  ['all in one place', () => [100, 100], 'within 2 pixels'],
  ['shares of the picture', ([x, y]: Point) => [x / SAMPLE.width, y / SAMPLE.height], 'not shares'],
  ['beyond all pictures', ([x, y]: Point) => [x * 1e4, y * 1e4], '8 to 16384 on each side'],
  ['on a line', ([x]: Point) => [10 * x, 3], 'none more than 20 times the other'],
  ['beside the picture', ([x, y]: Point) => [-x, -y], 'none of them lies in the picture'],
])('joints %s are refused in a sentence', async (_, change, words) => {
  const { page } = await openLift(site);
  const before = await labelOf(page, 'head');
  const joints = Object.fromEntries(
    Object.entries(SAMPLE.joints).map(([name, at]) => [name, change(at)]),
  );
  await bringJson(page, { joints });
  await page.getByRole('alert').filter({ hasText: words }).waitFor();
  expect(await labelOf(page, 'head')).toBe(before);
});

test.each([
  [16_384, 820],
  [205, 4096],
])('a picture of %d x %d pixels is saved as PNG', async (width, height) => {
  const { page, calm } = await openLift(site);
  const [right, down] = [width / SAMPLE.width, height / SAMPLE.height];
  const joints = Object.fromEntries(
    Object.entries(SAMPLE.joints).map(([name, [x, y]]) => [name, [x * right, y * down]]),
  );
  await bringJson(page, { joints, width, height });
  await expect.poll(() => labelOf(page, 'head')).toMatch(`head, ${Math.round(joints.head![0]!)},`);
  const png = await sharp(await saved(page, 'PNG')).metadata();
  expect([png.format, png.height]).toEqual(['png', 900]);
  expect(png.width).toBeGreaterThan(Math.min(1800, (900 * width) / height));
  expect(calm()).toEqual([]);
});

test('a photo on which nobody could be seen is refused in a sentence', async () => {
  const { page } = await openLift(site);
  const before = await page.textContent('.caption');
  const buffer = await sharp({
    create: { width: 400, height: 3, channels: 3, background: 'teal' },
  })
    .png()
    .toBuffer();
  await bring(page, 'line.png', 'image/png', buffer);
  await page
    .getByRole('alert')
    .getByText('Nobody could be seen in a picture of 400 x 3 pixels')
    .waitFor();
  expect(await page.textContent('.caption')).toBe(before);
});
