/** A lifter of pictures in a page: it learns from rendered people as in Node, and lifts with Node's weights. */

import { describe, expect, test } from 'vitest';
import * as kinegrad from '../../src/index.ts';
import { bundleTest } from './bundle.ts';
import { openSite, type PageWindow, STANDING } from './package_site.ts';
import { type GivenViews, liftPhoto, openViews } from './view_train_part.ts';

type Parts = typeof import('./view_train_part.ts');
declare const window: PageWindow & { parts: Parts };

const site = openSite({
  'parts.js': await bundleTest("export * from './view_train_part.ts';", 'browser'),
  'adds.js': "import * as parts from './parts.js'; window.parts = parts;",
});

/** The smallest networks, for few steps: SwiftShader takes its time. */
const STEPS = 6;
const networks = {
  cnn: { width: 0.125 },
  vit: { width: 32, depth: 1, heads: 2, mapSize: 16, fusion: 1, encoder: 1, encoderHeads: 2 },
};
const givenOf = (architecture: keyof typeof networks): GivenViews => ({
  setting: {
    ...{ architecture, options: networks[architecture] },
    ...{ size: 64, loss: 'joints', batch: 2, steps: STEPS, average: 0.5, judged: 2 },
  },
  people: 20,
});

/** The uninterrupted training in Node, what it lifts in the end, and its weights as a file. */
async function trainInNode(given: GivenViews) {
  await using gpu = await kinegrad.openGpu({ adapter: 'swiftshader' });
  const training = await openViews(kinegrad, gpu, given);
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) losses.push((await training.next()).loss);
  const judged = await training.validate();
  const header = { architecture: given.setting.architecture as string, options: training.options };
  const file = await kinegrad.writeWeights(header, training.network, await training.values());
  await training.dispose();
  return { losses, judged, file, lifted: await liftPhoto(kinegrad, gpu, file, STANDING) };
}

const opened = async () => {
  const { page, calm } = await site.open();
  const withParts = async () => {
    await page.waitForFunction(() => window.kinegrad);
    await page.addScriptTag({ url: 'adds.js', type: 'module' });
    await page.waitForFunction(() => window.parts);
  };
  await withParts();
  return { page, calm, withParts };
};

describe.each(['cnn', 'vit'] as const)('%s', (architecture) => {
  const given = givenOf(architecture);
  let trained: ReturnType<typeof trainInNode> | undefined;
  const inNode = () => (trained ??= trainInNode(given));

  test('a page goes away in mid-training, and goes on to the bits of an uninterrupted run in Node', async () => {
    const { page, calm, withParts } = await opened();
    const inPage = (from: number, to: number) =>
      page.evaluate(
        ({ given, from, to }) => window.parts.partOfViews(window.kinegrad, given, from, to),
        { given, from, to },
      );
    const first = await inPage(0, 3);
    await page.reload();
    await withParts();
    const second = await inPage(3, STEPS);
    const whole = await inNode();
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    expect(second.judged).toEqual(whole.judged);
    expect(calm()).toEqual([]);
  }, 240_000);

  test('weights that were trained in Node lift a photo in a page, to the same bits', async () => {
    const { page, calm } = await opened();
    const { file, lifted } = await inNode();
    const there = await page.evaluate(
      async ({ file, pixels }) => {
        const gpu = await window.kinegrad.openGpu();
        const joints = await window.parts.liftPhoto(
          window.kinegrad,
          gpu,
          Uint8Array.from(file),
          pixels,
        );
        gpu.close();
        return joints;
      },
      { file: [...file], pixels: STANDING },
    );
    expect(there).toHaveLength(51);
    expect(there.every(Number.isFinite)).toBe(true);
    expect(there).toEqual(lifted);
    expect(calm()).toEqual([]);
  }, 240_000);
});
