/** Training in a page: it survives a reload and a lost device, moves to a Worker, and gives Node's numbers. */

import { expect, test } from 'vitest';
import { bodySource } from '../../src/data/body/source.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { configOf } from '../../src/train/config.ts';
import { openTraining } from '../../src/train/training.ts';
import { bundleTest } from './bundle.ts';
import { KILLINGS, type WindowWithDevice } from './killings.ts';
import { longestTask } from './longest_task.ts';
import { openSite, type PageWindow } from './package_site.ts';

type Parts = typeof import('./train_part.ts');
declare const window: PageWindow &
  WindowWithDevice & { parts: Parts; survived: ReturnType<Parts['survive']> };

const site = openSite({
  'parts.js': await bundleTest("export * from './train_part.ts';", 'browser'),
  'adds.js': "import * as parts from './parts.js'; window.parts = parts;",
  'worker.js': `
    import * as kinegrad from './kinegrad/kinegrad.js';
    import { part } from './parts.js';
    onmessage = async ({ data }) => postMessage(await part(kinegrad, ...data));
  `,
});

const opened = async () => {
  const { page, calm } = await site.open();
  const withParts = async () => {
    await page.addScriptTag({ url: 'adds.js', type: 'module' });
    await page.waitForFunction(() => window.parts);
  };
  await withParts();
  return { page, calm, withParts };
};

const STEPS = 100;
const given = {
  setting: { width: 32, batch: 32, steps: STEPS, dropout: 0.2 },
  people: { train: { seed: 1, count: 400 }, validation: { seed: 2, count: 64 } },
};

/** The uninterrupted training, in Node on SwiftShader. */
const inNode = (async () => {
  const gpu = await openGpu({ adapter: 'swiftshader' });
  const { train, validation } = given.people;
  const data = { train: bodySource(train), validation: bodySource(validation) };
  const training = await openTraining(gpu, configOf(given.setting), data);
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) losses.push((await training.next()).loss);
  const judged = await training.validate();
  gpu.close();
  return { losses, judged };
})();

test('a page goes away in mid-training and goes on from its checkpoint, then a Worker does', async () => {
  const { page, calm, withParts } = await opened();
  const inPage = (from: number, to: number) =>
    page.evaluate(({ given, from, to }) => window.parts.part(window.kinegrad, given, from, to), {
      given,
      from,
      to,
    });
  const { result: first, longest } = await longestTask(page, () => inPage(0, 40));
  await page.reload();
  await page.waitForFunction(() => window.kinegrad);
  await withParts();
  const second = await inPage(40, 75);
  const third = await page.evaluate(
    (message) =>
      new Promise<Awaited<ReturnType<Parts['part']>>>((resolve) => {
        const worker = new Worker('worker.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(message);
      }),
    [given, 75, STEPS] as const,
  );
  const whole = await inNode;
  expect([...first.losses, ...second.losses, ...third.losses]).toEqual(whole.losses);
  expect(third.judged).toEqual(whole.judged);
  expect(longest).toBeLessThan(100);
  expect(calm()).toEqual([]);
});

test.each(KILLINGS)('training goes on from its last snapshot when %s', async (_, kill) => {
  const { page } = await opened();
  await page.evaluate(
    ({ given, STEPS }) => {
      window.survived = window.parts.survive(window.kinegrad, given, STEPS, (device) => {
        window.device = device;
      });
    },
    { given, STEPS },
  );
  await page.waitForFunction(() => window.device);
  await kill(page);
  const found = await page.evaluate(() => window.survived);
  expect(found.rejected).toBe('DeviceLostError');
  expect(found.told).toEqual(['DeviceLostError', 'recovered']);
  expect([50, 60, 70, 80, 90]).toContain(found.from);
  expect(found.from).toBe(found.last);
  const { losses, judged } = await inNode;
  expect(found.losses).toEqual(losses);
  expect(found.judged).toEqual(judged);
});
