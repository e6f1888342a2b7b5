/** Training in a page: it survives a reload and a lost device, and gives Node's numbers. */

import { expect, test } from 'vitest';
import { bodySource } from '../../src/data/body/source.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { configOf } from '../../src/train/config.ts';
import { openTraining } from '../../src/train/training.ts';
import { openSite, type PageWindow } from './package_site.ts';

declare const window: PageWindow;

const site = openSite();

const STEPS = 100;
const given = {
  setting: { width: 32, batch: 32, steps: STEPS, dropout: 0.2 },
  people: { train: { seed: 1, count: 400 }, validation: { seed: 2, count: 64 } },
  steps: STEPS,
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

test('a page that goes away in mid-training goes on from its checkpoint, as Node goes through', async () => {
  const { page, calm } = await site.open();
  const part = (from: number, to: number) =>
    page.evaluate(
      async ({ setting, people, from, to }) => {
        const k = window.kinegrad;
        const gpu = await k.openGpu();
        const data = {
          train: k.bodySource(people.train),
          validation: k.bodySource(people.validation),
        };
        const training = await k.openTraining(gpu, k.configOf(setting), data);
        const path = 'runs/one/checkpoint.safetensors';
        if (from > 0) await training.restore(k.readCheckpoint(await k.readFile(path)).snapshot);
        const losses: number[] = [];
        const pauses = (step: number) => step === to;
        for await (const { loss } of k.trainingSteps(training, to, pauses, () => false))
          losses.push(loss);
        await k.writeFileAtomic(path, k.writeCheckpoint(await training.snapshot(), {}));
        const judged = await training.validate();
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { losses, judged, longest: window.longestTask };
      },
      { ...given, from, to },
    );
  const first = await part(0, 50);
  await page.reload();
  await page.waitForFunction(() => window.kinegrad);
  const second = await part(50, STEPS);
  const whole = await inNode;
  expect([...first.losses, ...second.losses]).toEqual(whole.losses);
  expect(second.judged).toEqual(whole.judged);
  expect(Math.max(first.longest, second.longest)).toBeLessThan(200);
  expect(calm()).toEqual([]);
});

/** Ways to lose a device: the page gives it up, or the process that drives the GPU dies. */
const losses: [
  string,
  (kill: { page(): Promise<void>; process(): Promise<void> }) => Promise<void>,
][] = [
  ['its device is destroyed', ({ page }) => page()],
  ['the GPU process crashes', ({ process }) => process()],
];

test.each(losses)('training goes on from its last snapshot when %s', async (_, lose) => {
  const { page } = await site.open();
  await page.evaluate(async ({ setting, people, steps }) => {
    const k = window.kinegrad;
    const gpu = await k.openGpu();
    const data = {
      train: k.bodySource(people.train),
      validation: k.bodySource(people.validation),
    };
    const training = await k.openTraining(gpu, k.configOf(setting), data);
    const told: string[] = [];
    gpu.addEventListener('lost', ({ error }) => told.push(error.name));
    gpu.addEventListener('recovered', () => told.push('recovered'));
    const curve: number[] = [];
    let kept = 0;
    const all = async () => {
      const pauses = (step: number) => step % 10 === 0;
      for await (const { step, loss } of k.trainingSteps(training, steps, pauses, () => false)) {
        curve[step - 1] = loss;
        if (pauses(step)) kept = (await training.snapshot()).step;
        if (step === 55) Object.assign(window, { inTheMiddle: true });
        // The loss may come at any moment from here, so there must be steps left for it.
        if (step >= 55 && told.length === 0) await new Promise((done) => setTimeout(done, 100));
      }
    };
    const answer = all().then(
      () => ['it was not lost'],
      async (error) => {
        const last = kept;
        await gpu.recover();
        const from = training.step;
        await all();
        const judged = await training.validate();
        return { error: error.name, last, from, told, curve, judged };
      },
    );
    Object.assign(window, { gpu, finished: answer });
  }, given);
  await page.waitForFunction(() => 'inTheMiddle' in window);
  await lose({
    page: () =>
      page.evaluate(() =>
        (window as unknown as { gpu: { device: GPUDevice } }).gpu.device.destroy(),
      ),
    // What chrome://gpucrash does, for a browser without that page.
    process: async () => {
      const session = await site.browser.newBrowserCDPSession();
      await session.send('Browser.crashGpuProcess');
    },
  });
  const found = await page.evaluate(() => (window as unknown as { finished: unknown }).finished);
  const { losses, judged } = await inNode;
  expect(found).toMatchObject({ error: 'DeviceLostError', told: ['DeviceLostError', 'recovered'] });
  const { last, from, curve } = found as { last: number; from: number; curve: number[] };
  expect([50, 60, 70, 80, 90]).toContain(from);
  expect(from).toBe(last);
  expect(curve).toEqual(losses);
  expect(found).toMatchObject({ judged });
});
