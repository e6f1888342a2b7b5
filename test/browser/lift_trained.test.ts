/** The view Lift with lifters that do not come with the page: runs of the view Train, and weights files. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { initialValuesOf } from '../../src/graph/store.ts';
import { cnn } from '../../src/models/cnn.ts';
import { writeWeights } from '../../src/models/weights.ts';
import { bring, dotOf, lifts, openLift, savedJson, settled } from './lift_view.ts';
import { type OpenedSite, openSite } from './site.ts';
import { choose, click, ready } from './train_view.ts';

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const note = (page: Page) => page.locator('.lifters [role=status]');
/** Waits for a lifter that looks at pictures to be at work, its first person included. */
async function looking(page: Page) {
  await note(page).getByText('Looks at 64 × 64 pixels').waitFor({ timeout: 90_000 });
  await settled(page, 600);
}
const flat = ({ lifted }: Awaited<ReturnType<typeof savedJson>>) =>
  Object.values(lifted.joints).flat();
/** Largest difference of a coordinate from the pelvis, which comes first, in metres. */
const apart = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - a[i % 3]! - (b[i]! - b[i % 3]!))));

test('a network that learns in the tab lifts the photo, in its own way, and follows a joint', async () => {
  const { page, calm } = await openLift(site);
  await settled(page);
  const own = await savedJson(page);
  await page.getByRole('link', { name: 'Train' }).click();
  await ready(page);
  const setting = { size: 64, width: 0.125, batch: 2, steps: 1000 };
  await choose(page, { architecture: 'cnn', ...setting });
  await click(page, 'go');
  // In the middle of its training; it is saved, and could go on.
  await page.waitForFunction(
    () => /^Step[1-9]/.test(document.querySelector('.tile')!.textContent!),
    undefined,
    { timeout: 150_000 },
  );
  await page.getByRole('button', { name: 'Lift with it' }).click();
  await looking(page);
  expect(await page.inputValue('select[name=lifter]')).toBe('run Run 1');
  const trained = await savedJson(page);
  expect(trained.joints).toEqual(own.joints);
  expect(apart(flat(trained), flat(own))).toBeGreaterThan(0.05);

  const [x, y] = await dotOf(page, 'leftWrist');
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 1; i <= 10; i++) await page.mouse.move(x - 4 * i, y - 12 * i);
  await page.mouse.up();
  const end = await lifts(page);
  await settled(page, 600);
  // At most the lift that ran, and the newest: none waits for an old one.
  expect((await lifts(page)) - end).toBeLessThanOrEqual(2);
  const moved = await savedJson(page);
  expect(moved.lifted.joints.leftWrist![1]).toBeLessThan(trained.lifted.joints.leftWrist![1] - 0.2);
  await page.keyboard.press('Control+z');

  await page.selectOption('select[name=lifter]', 'the lifter of this page');
  await note(page).getByText('Reads the joints alone').waitFor();
  await settled(page);
  expect(await savedJson(page)).toEqual(own);
  expect(calm()).toEqual([]);
}, 300_000);

test('weights of another machine lift, and those of a network that the page has not are refused', async () => {
  const options = { size: 64, width: 0.125 };
  const network = cnn(options);
  const values = new Map([
    ...(await initialValuesOf(network.parameters, 3)),
    ...(await initialValuesOf(network.statistics)),
  ]);
  const training = { step: 6000, mpjpe: 61.2 };
  const file = async (architecture: string) =>
    Buffer.from(await writeWeights({ architecture, options, training }, network, values));
  const { page, calm } = await openLift(site);
  await settled(page);
  const own = await savedJson(page);
  await bring(page, 'model.safetensors', '', await file('cnn'));
  await looking(page);
  await note(page).getByText('After step 6,000: 61 mm off').waitFor();
  const lifted = flat(await savedJson(page));
  expect(apart(lifted, flat(own))).toBeGreaterThan(0.05);

  await bring(page, 'other.safetensors', '', await file('vit'));
  await page
    .getByRole('alert')
    .getByText(
      'The weights in other.safetensors are of vit, and this page lifts by martinez and cnn.',
    )
    .waitFor();
  await bring(page, 'broken.safetensors', '', Buffer.from('{"joints": 1}'));
  await page.getByRole('alert').getByText('no weights file').waitFor();
  // What lifted before still does, here and after a look at another view.
  await settled(page, 600);
  expect(flat(await savedJson(page))).toEqual(lifted);
  await page.getByRole('link', { name: 'Play' }).click();
  await page.getByRole('link', { name: 'Lift', exact: true }).click();
  await looking(page);
  expect(await page.locator('select[name=lifter] option:checked').textContent()).toBe(
    'model.safetensors',
  );
  expect(flat(await savedJson(page))).toEqual(lifted);
  expect(calm()).toEqual([]);
}, 300_000);
