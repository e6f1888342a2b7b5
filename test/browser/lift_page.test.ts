/** The view Lift in a real browser: joints are moved, and the person in space follows. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBvh, placeBvh } from '../../src/data/bvh.ts';
import { JOINTS, mirrorPose } from '../../src/pose/skeleton.ts';
import { root } from '../built.ts';
import {
  bringJson,
  dotOf,
  lifts,
  openLift,
  placeOf,
  SAMPLE,
  saved,
  savedJson,
  settled,
} from './lift_view.ts';
import { type OpenedSite, openSite } from './site.ts';

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

const opened = () => openLift(site);

test('a joint that is dragged moves the person in space, and undo brings them back', async () => {
  const { page, calm } = await opened();
  await settled(page);
  const scene = page.locator('canvas.scene');
  const [before, picture] = [await savedJson(page), await scene.screenshot()];
  const [x, y] = await dotOf(page, 'leftWrist');
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 1; i <= 10; i++) await page.mouse.move(x - 4 * i, y - 12 * i);
  await page.mouse.up();
  await settled(page);
  const after = await savedJson(page);
  // The wrist went up in the picture, and so it did in space, where y is down.
  expect(after.joints.leftWrist![1]).toBeLessThan(before.joints.leftWrist![1] - 100);
  expect(after.lifted.joints.leftWrist![1]).toBeLessThan(before.lifted.joints.leftWrist![1] - 0.2);
  expect((await scene.screenshot()).equals(picture)).toBe(false);
  await page.keyboard.press('Control+z');
  await settled(page);
  expect(await savedJson(page)).toEqual(before);
  await page.getByRole('button', { name: 'Redo' }).click();
  await settled(page);
  expect((await savedJson(page)).joints).toEqual(after.joints);
  expect(calm()).toEqual([]);
});

test('by keyboard a joint moves a little, by shift more', async () => {
  const { page } = await opened();
  const [x, y] = await placeOf(page, 'rightKnee');
  await page.locator('[data-joint=rightKnee]').focus();
  await page.keyboard.press('ArrowRight');
  const [near] = await placeOf(page, 'rightKnee');
  expect(near - x).toBeGreaterThanOrEqual(1);
  // Screen readers are told where it is now.
  expect(await page.textContent('#announce')).toBe(`right knee, ${near}, ${y}`);
  await page.keyboard.press('Shift+ArrowDown');
  const [, far] = await placeOf(page, 'rightKnee');
  expect(far - y).toBeGreaterThan(3 * (near - x));
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  expect(await placeOf(page, 'rightKnee')).toEqual([x, y]);
});

test('a mirror swaps left and right in the picture, and in space', async () => {
  const { page } = await opened();
  await settled(page);
  const before = await savedJson(page);
  await page.getByRole('button', { name: 'Mirror' }).click();
  await settled(page);
  const after = await savedJson(page);
  const flat = (points: Record<string, number[]>) => JOINTS.flatMap((name) => points[name]!);
  const expected = mirrorPose(flat(before.joints), 2).map((v, i) => (i & 1 ? v : v + SAMPLE.width));
  flat(after.joints).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
  const mirror = mirrorPose(flat(before.lifted.joints), 3);
  flat(after.lifted.joints).forEach((value, i) => expect(value).toBeCloseTo(mirror[i]!, 3));
});

test('a narrower field of view puts the person farther away', async () => {
  const { page } = await opened();
  const distance = async () =>
    Number.parseFloat((await page.locator('[data-fact=distance]').textContent())!);
  await settled(page);
  const before = await distance();
  const slider = page.getByRole('slider', { name: 'Field of view' });
  await slider.fill('30');
  await settled(page);
  // The picture keeps its size, so the distance goes as the focal length: tan 30 to tan 15 degrees.
  const longer = Math.tan(Math.PI / 6) / Math.tan(Math.PI / 12);
  expect((await distance()) / before / longer).toBeGreaterThan(0.85);
  expect((await distance()) / before / longer).toBeLessThan(1.15);
});

test('JSON comes back as it went, BVH and glTF have the joints where they are', async () => {
  const { page, calm } = await opened();
  await settled(page);
  const json = await savedJson(page);
  expect(json.joints.leftKnee).toEqual(SAMPLE.joints.leftKnee);
  const at = (name: string) => json.lifted.joints[name]!;
  const pelvis = at('pelvis');
  // From the pelvis, with y up and towards the viewer.
  const relative = (name: string) => at(name).map((v, i) => (i ? -1 : 1) * (v - pelvis[i]!));

  const bvh = parseBvh((await saved(page, 'BVH')).toString());
  const { positions } = placeBvh(bvh, 0);
  const placed = (name: string) => positions[bvh.nodes.findIndex((node) => node.name === name)]!;
  for (const name of JOINTS)
    relative(name).forEach((value, i) =>
      expect((placed(name)[i]! - placed('pelvis')[i]!) / 100).toBeCloseTo(value, 4),
    );
  expect(Math.min(...JOINTS.map((name) => placed(name)[1]!))).toBeCloseTo(8, 3);

  const glb = await saved(page, 'glTF');
  const bytes = glb.buffer.slice(glb.byteOffset, glb.byteOffset + glb.length) as ArrayBuffer;
  const { scene } = await new GLTFLoader().parseAsync(bytes, '');
  scene.updateMatrixWorld(true);
  const origin = scene.getObjectByName('pelvis')!.matrixWorld.elements;
  for (const name of JOINTS) {
    const { elements } = scene.getObjectByName(name)!.matrixWorld;
    relative(name).forEach((value, i) =>
      expect(elements[12 + i]! - origin[12 + i]!).toBeCloseTo(value, 5),
    );
  }
  const limb = scene.getObjectByName('leftThighLimb')!;
  const knee = scene.getObjectByName('leftKnee')!.matrixWorld.elements;
  const hip = scene.getObjectByName('leftHip')!.matrixWorld.elements;
  for (let i = 12; i < 15; i++)
    expect(limb.matrixWorld.elements[i]).toBeCloseTo((knee[i]! + hip[i]!) / 2, 5);

  const png = await saved(page, 'PNG');
  expect(png.subarray(1, 4).toString()).toBe('PNG');

  // What was saved is opened again, after something else.
  await page.getByRole('button', { name: 'Kick' }).click();
  await settled(page);
  await bringJson(page, json);
  await settled(page);
  expect(await savedJson(page)).toEqual(json);
  expect(calm()).toEqual([]);
});

test('joints are pasted; what is none is refused in a sentence', async () => {
  const { page } = await opened();
  const paste = (text: string) =>
    page.evaluate((value) => {
      const data = new DataTransfer();
      data.setData('text/plain', value);
      document.body.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true }),
      );
    }, text);
  const joints = { ...SAMPLE.joints, head: [400, 120] };
  await paste(JSON.stringify({ joints, width: SAMPLE.width, height: SAMPLE.height }));
  await expect.poll(() => placeOf(page, 'head')).toEqual([400, 120]);
  await paste('{ "joints": 5 }');
  await page.getByRole('alert').filter({ hasText: 'joints: expected an object' }).waitFor();
});

test.each(['drop', 'paste'] as const)(
  'a photo by %s gets a person to pull into place',
  async (way) => {
    const { page, calm } = await opened();
    // A slider that has the focus takes no photo away.
    await page.getByRole('slider', { name: 'Field of view' }).focus();
    const photo = readFileSync(join(root, 'web/public/samples/kick.jpg')).toString('base64');
    await page.evaluate(
      ({ photo, way }) => {
        const bytes = Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], 'mine.jpg', { type: 'image/jpeg' }));
        const options = { bubbles: true, cancelable: true };
        const events =
          way === 'drop'
            ? ['dragenter', 'drop'].map(
                (name) => new DragEvent(name, { ...options, dataTransfer: data }),
              )
            : [new ClipboardEvent('paste', { ...options, clipboardData: data })];
        for (const event of events) document.activeElement!.dispatchEvent(event);
      },
      { photo, way },
    );
    await page.getByText('mine.jpg').waitFor();
    await settled(page);
    const { width, height, joints } = await savedJson(page);
    expect([width, height]).toEqual([900, 720]);
    expect(joints.pelvis).toEqual([450, 360]);
    expect(calm()).toEqual([]);
  },
);

test('while a joint is dragged, nothing is created on the device, and no lift waits for an old one', async () => {
  const { page, calm } = await site.open('lift');
  await page.waitForSelector('[data-lifts]');
  await settled(page);
  const made = await page.evaluate(() => {
    const counts: Record<string, number> = {};
    for (const name of ['createBuffer', 'createBindGroup', 'createComputePipeline'] as const) {
      const original = GPUDevice.prototype[name] as (...args: unknown[]) => unknown;
      counts[name] = 0;
      Object.assign(GPUDevice.prototype, {
        [name](this: GPUDevice, ...args: unknown[]) {
          counts[name]!++;
          return original.apply(this, args);
        },
      });
    }
    Object.assign(window, { made: counts });
    return counts;
  });
  expect(made.createBuffer).toBe(0);
  const [x, y] = await dotOf(page, 'leftElbow');
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 0; i < 60; i++)
    await page.mouse.move(x + 30 * Math.sin(i / 5), y + 30 * Math.cos(i / 5));
  await page.mouse.up();
  const end = await lifts(page);
  // At most the lift that runs, and the newest.
  await settled(page);
  expect((await lifts(page)) - end).toBeLessThanOrEqual(2);
  expect(await page.evaluate(() => (window as unknown as { made: object }).made)).toEqual({
    createBuffer: 0,
    createBindGroup: 0,
    createComputePipeline: 0,
  });
  expect(calm()).toEqual([]);
});

test('a device that is lost is replaced, and the person follows again', async () => {
  const { page } = await site.open('train');
  await page.addInitScript(() => {
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...given) {
      const device = await request.apply(this, given);
      Object.assign(window, { device });
      return device;
    };
  });
  await page.goto('about:blank');
  await page.goto(`${site.url}#lift`);
  await page.waitForSelector('[data-lifts]');
  await settled(page);
  const before = await savedJson(page);
  await page.evaluate(() => (window as unknown as { device: GPUDevice }).device.destroy());
  await page.locator('[data-joint=leftWrist]').focus();
  for (let i = 0; i < 8; i++) await page.keyboard.press('Shift+ArrowUp');
  await expect
    .poll(async () => (await savedJson(page)).lifted.joints.leftWrist![1], { timeout: 20_000 })
    .toBeLessThan(before.lifted.joints.leftWrist![1] - 0.1);
});

test('without WebGPU, the page says what to do', async () => {
  const { page } = await site.open('lift', {});
  await page.addInitScript(() => Object.defineProperty(navigator, 'gpu', { value: undefined }));
  await page.reload();
  await page.getByRole('heading', { name: 'This page needs WebGPU' }).waitFor();
  expect(await page.getByRole('listitem').count()).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  expect(await page.getByRole('alert').count()).toBe(1);
});

test('the first paint comes within 2 s, and the first lift within 3 s of a visit with a warm cache', async () => {
  const { page } = await opened();
  const times: { paint: number; lift: number }[] = [];
  for (let visit = 0; visit < 3; visit++) {
    await page.goto('about:blank');
    await page.goto(`${site.url}#lift`);
    await page.waitForSelector('[data-lifts]');
    times.push(
      await page.evaluate(() => ({
        lift: performance.now(),
        paint: performance.getEntriesByName('first-contentful-paint')[0]!.startTime,
      })),
    );
  }
  expect(Math.min(...times.map(({ paint }) => paint))).toBeLessThan(2000);
  expect(Math.min(...times.map(({ lift }) => lift))).toBeLessThan(3000);
});
