/** Visitors who do two things at once, too fast, or in browsers that lack something. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../built.ts';
import { dotOf, labelOf, openLift } from './lift_view.ts';
import { type OpenedSite, openSite } from './site.ts';

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

test('undo while a joint is still held takes that move back, and redo brings it again', async () => {
  const { page, calm } = await openLift(site);
  const before = await labelOf(page, 'leftWrist');
  const [x, y] = await dotOf(page, 'leftWrist');
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x - 30, y - 30);
  const moved = await labelOf(page, 'leftWrist');
  await page.keyboard.press('Control+z');
  expect(await labelOf(page, 'leftWrist')).toBe(before);
  await page.mouse.up();
  await page.keyboard.press('Control+Shift+z');
  expect(await labelOf(page, 'leftWrist')).toBe(moved);
  await page.keyboard.press('Control+z');
  expect(await labelOf(page, 'leftWrist')).toBe(before);
  expect(calm()).toEqual([]);
});

test('a second finger does not take a joint out of the hand of the first', async () => {
  const { page } = await openLift(site);
  const wrist = await dotOf(page, 'leftWrist');
  const ankle = await dotOf(page, 'rightAnkle');
  const stays = await labelOf(page, 'rightAnkle');
  await page.mouse.move(...wrist);
  await page.mouse.down();
  await page.mouse.move(wrist[0] - 20, wrist[1] - 20);
  const moved = await labelOf(page, 'leftWrist');
  for (const type of ['pointerdown', 'pointermove', 'pointerup'])
    await page.dispatchEvent('.pose-canvas svg', type, {
      pointerId: 77,
      pointerType: 'touch',
      clientX: ankle[0] + (type === 'pointermove' ? 40 : 0),
      clientY: ankle[1],
    });
  expect(await labelOf(page, 'rightAnkle')).toBe(stays);
  expect(await labelOf(page, 'leftWrist')).toBe(moved);
  await page.mouse.move(wrist[0] - 40, wrist[1] - 20);
  expect(await labelOf(page, 'leftWrist')).not.toBe(moved);
  await page.mouse.up();
});

test('of samples chosen one right after the other, the last one stays', async () => {
  const { page, calm } = await openLift(site);
  // The pictures come in the opposite order.
  let waits = 900;
  await page.route('**/samples/*.jpg', async (route) => {
    waits -= 150;
    await new Promise((resolve) => setTimeout(resolve, waits));
    await route.continue();
  });
  const ids = await page.$$eval('.sample', (all) =>
    all.map((button) => {
      (button as HTMLElement).click();
      return (button as HTMLElement).dataset.sample;
    }),
  );
  await page.waitForTimeout(1500);
  const pressed = await page.$$eval('.sample[aria-pressed=true]', (all) =>
    all.map((button) => (button as HTMLElement).dataset.sample),
  );
  expect(pressed).toEqual(ids.slice(-1));
  expect(calm()).toEqual([]);
});

test('a photo that is opened while a sample still loads stays, and stands upright', async () => {
  const { page, calm } = await openLift(site);
  await page.route('**/samples/kick.jpg', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 800));
    await route.continue();
  });
  await page.getByRole('button', { name: 'Kick' }).click();
  const photo = join(root, 'web/public/samples/stride.jpg');
  await page.locator('input[type=file]').setInputFiles(photo);
  await page.getByText('stride.jpg').waitFor();
  await page.waitForTimeout(1500);
  expect(await page.getByText('stride.jpg').isVisible()).toBe(true);
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as JSON' }).click();
  const { lifted } = JSON.parse(readFileSync(await (await coming).path(), 'utf8'));
  const depth = (name: string) => lifted.joints[name][2] - lifted.joints.pelvis[2];
  for (const name of ['thorax', 'head', 'leftKnee', 'rightKnee', 'leftAnkle', 'rightAnkle'])
    expect(Math.abs(depth(name)), name).toBeLessThan(0.2);
  expect(calm()).toEqual([]);
});

test('the first Tab goes to the link that skips the tabs, from any view', async () => {
  for (const view of ['lift', 'inspect']) {
    const { page } = await site.open(view, { viewport: { width: 390, height: 844 } });
    await page.waitForSelector('main h1, main h2');
    // The tab of the view is in sight.
    await expect.poll(() => page.locator('#tabs [aria-current]').boundingBox()).toBeTruthy();
    const { x, width } = (await page.locator('#tabs [aria-current]').boundingBox())!;
    expect(x).toBeGreaterThanOrEqual(-1);
    expect(x + width).toBeLessThanOrEqual(391);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement!.className)).toBe('skip');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement!.id)).toBe('view');
    expect(await page.locator('#tabs [aria-current]').getAttribute('href')).toBe(`#${view}`);
  }
});

test.each(['lift', 'play', 'ambiguity'])('without WebGL, %s works all the same', async (view) => {
  const { page } = await site.open('train');
  await page.addInitScript(() => {
    const { getContext } = HTMLCanvasElement.prototype;
    Object.assign(HTMLCanvasElement.prototype, {
      getContext(this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
        return kind.startsWith('webgl')
          ? null
          : (getContext as (...given: unknown[]) => unknown).call(this, kind, ...rest);
      },
    });
  });
  await page.goto('about:blank');
  await page.goto(`${site.url}#${view}`);
  await page.getByText('This browser draws no 3D here').waitFor();
  const works = {
    lift: () => page.waitForSelector('[data-lifts]'),
    play: () => page.locator('.facts div', { hasText: /^Frames lifted[1-9]/ }).waitFor(),
    ambiguity: () => page.getByText('off by 0.000000 px').waitFor(),
  };
  await works[view as keyof typeof works]();
  expect(await page.locator('.toast').count()).toBe(0);
});

test('an address of no view shows the first one', async () => {
  const { page, calm } = await site.open('constructor');
  await page.waitForSelector('[data-lifts]');
  expect(calm()).toEqual([]);
});

test('what is saved right after a change is the person of that change', async () => {
  const { page } = await openLift(site);
  const distance = async (fov: string) => {
    await page.getByRole('slider', { name: 'Field of view' }).fill(fov);
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as JSON' }).click();
    const saved = JSON.parse(readFileSync(await (await coming).path(), 'utf8'));
    expect(saved.fov).toBe(Number(fov));
    return saved.lifted.joints.pelvis[2];
  };
  const [wide, narrow] = [await distance('90'), await distance('20')];
  // As the focal lengths: tan 45 to tan 10 degrees.
  expect(narrow / wide / 5.67).toBeGreaterThan(0.8);
  expect(narrow / wide / 5.67).toBeLessThan(1.2);
});

test('what was done can be undone after a look at another view', async () => {
  const { page, calm } = await openLift(site);
  const before = await labelOf(page, 'leftWrist');
  await page.locator('[data-joint=leftWrist]').focus();
  await page.keyboard.press('Shift+ArrowUp');
  const moved = await labelOf(page, 'leftWrist');
  await page.click('a[href="#inspect"]');
  await page.locator('main h1').waitFor();
  await page.goBack();
  await page.waitForSelector('[data-joint=leftWrist]');
  await expect.poll(() => labelOf(page, 'leftWrist')).toBe(moved);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => labelOf(page, 'leftWrist')).toBe(before);
  expect(calm()).toEqual([]);
});

test('weights that do not come are told in the place of the view, and another try loads them', async () => {
  const { page } = await site.open('train');
  const weights = '**/martinez.safetensors';
  await page.route(weights, (route) => route.fulfill({ status: 503, body: 'later' }));
  await page.goto('about:blank');
  await page.goto(`${site.url}#lift`);
  await page.getByRole('heading', { name: 'Lift did not load' }).waitFor();
  await page.getByRole('alert').getByText('the server says 503').waitFor();
  await page.unroute(weights);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.waitForSelector('[data-lifts]');
});

test('another film keeps the speed that was chosen', async () => {
  const { page } = await site.open('play');
  await page.waitForFunction(() =>
    /^[\d.]+ \/ /.test(document.querySelector('.time')?.textContent ?? ''),
  );
  await page.selectOption('select[aria-label=Speed]', '0.25');
  await page.getByRole('button', { name: 'Walk' }).click();
  const time = async () => Number.parseFloat((await page.textContent('.time'))!);
  await page.waitForFunction(() => /^0\.[1-5]/.test(document.querySelector('.time')!.textContent!));
  const [begin, from] = [Date.now(), await time()];
  // Time is shown in tenths of a second, and a slow machine holds the film up: it may seem slower, not faster.
  await page.waitForFunction(
    (from) => Number.parseFloat(document.querySelector('.time')!.textContent!) >= from + 0.6,
    from,
  );
  const speed = ((await time()) - from) / ((Date.now() - begin) / 1000);
  expect(speed).toBeLessThan(0.45);
});

test('views that are left before they have come leave nothing behind', async () => {
  const { page, calm } = await site.open('lift');
  const views = ['play', 'ambiguity', 'train', 'inspect', 'lift'];
  for (let i = 0; i < 20; i++) {
    await page.goto(`${site.url}#${views[i % 5]}`);
    await page.waitForTimeout(i % 3 === 0 ? 300 : 20);
  }
  await page.goto(`${site.url}#ambiguity`);
  await page.click('.bone');
  await page.getByText('off by 0.000000 px').waitFor();
  expect(await page.locator('.toast').count()).toBe(0);
  expect(calm()).toEqual([]);
});

test('a bone that is pressed before the lifter has come is no fault', async () => {
  const { page, calm } = await site.open('train');
  let weights = () => {};
  const held = new Promise<void>((resolve) => {
    weights = resolve;
  });
  await page.route('**/martinez.safetensors', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('about:blank');
  await page.goto(`${site.url}#ambiguity`);
  await page.click('.bone');
  await page.getByRole('button', { name: "Lifter's choice" }).click();
  weights();
  await page.getByText('off by 0.000000 px').waitFor();
  expect(calm()).toEqual([]);
});
