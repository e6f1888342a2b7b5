/** `kinegrad look` draws what a network sees, of rendered people and of a photo. */

import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluateRendered } from '../../src/cli/evaluate_views.ts';
import { lookCommand } from '../../src/cli/look/command.ts';
import { insidesOf, loadNetwork } from '../../src/cli/look/insides.ts';
import { jointsOf, peopleOf } from '../../src/cli/look/people.ts';
import { channelsPicture } from '../../src/cli/look/pictures.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { initialValuesOf } from '../../src/graph/store.ts';
import { cnn } from '../../src/models/cnn.ts';
import { vit } from '../../src/models/vit.ts';
import { readWeights, writeWeights } from '../../src/models/weights.ts';
import { JOINTS } from '../../src/pose/skeleton.ts';
import { COMPILING } from '../check.ts';
import { elementsOf, named } from '../picture/parse.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-look-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const OPTIONS = {
  cnn: { size: 64, width: 0.1 },
  vit: {
    ...{ size: 64, patch: 16, width: 24, depth: 1, heads: 2, mapSize: 32, mapPatch: 4 },
    ...{ fusion: 2, encoder: 1, encoderHeads: 2 },
  },
};

/** Weights as they are drawn before any training. */
async function weightsFile(architecture: 'cnn' | 'vit') {
  const options = OPTIONS[architecture];
  const network = architecture === 'cnn' ? cnn(OPTIONS.cnn) : vit(OPTIONS.vit);
  const values = new Map([
    ...(await initialValuesOf(network.parameters, 1)),
    ...(await initialValuesOf(network.statistics, 1)),
  ]);
  return writeWeights({ architecture, options }, network, values);
}

beforeAll(async () => {
  for (const name of ['cnn', 'vit'] as const)
    writeFileSync(at(`${name}.safetensors`), await weightsFile(name));
});

const RENDERED = { count: 2, first: 0, seed: 1, split: 'test' };

test(
  'several networks in one go: pictures of a size for documents, and the errors that eval finds',
  async () => {
    const model = ['cnn', 'vit'].map((name) => at(`${name}.safetensors`));
    const said = await lookCommand({ ...RENDERED, model, out: at('out') });
    expect(readdirSync(at('out')).sort()).toEqual([
      ...['cnn-channels.png', 'cnn-features.png', 'cnn-people.png'],
      ...['vit-attention.png', 'vit-channels.png', 'vit-features.png', 'vit-people.png'],
    ]);
    for (const file of readdirSync(at('out'))) {
      const path = join(at('out'), file);
      const { width, height } = await sharp(path).metadata();
      expect(width).toBeGreaterThan(600);
      expect(width).toBeLessThan(1400);
      expect(height).toBeGreaterThan(300);
      expect(statSync(path).size).toBeLessThan(300_000);
    }
    expect(said).toMatch(/stem +\[16, 16, 16\]\n/);
    expect(said).toMatch(/image tokens, fused +\[4, 4, 24\]\n/);
    const [ofCnn] = said.split('\n\n');
    const errors = [
      ...ofCnn!.matchAll(/test person \d +with depth (\S+) mm, without depth (\S+)/g),
    ];
    expect(errors.length).toBe(2);
    for (const [i, depth] of [
      [1, true],
      [2, false],
    ] as const) {
      const { mpjpe } = await evaluateRendered({ ...RENDERED, model: model[0]!, depth });
      const mean = errors.reduce((sum, found) => sum + Number(found[i]) / errors.length, 0);
      expect(mean).toBeCloseTo(mpjpe.value, 0);
    }
  },
  2 * COMPILING,
);

test(
  'channels are drawn in their order, heatmaps bright where the joints are',
  async () => {
    const weights = await readWeights(await weightsFile('cnn'));
    const gpu = await openGpu();
    const loaded = await loadNetwork(gpu, weights);
    const people = await peopleOf(gpu, { ...RENDERED, count: 1 }, weights, loaded.size);
    const insides = await insidesOf(gpu, loaded, people);
    const drawn = elementsOf(await channelsPicture('cnn', people, insides));
    gpu.close();
    const tiles = named(drawn, 'image').slice(-21);
    const labels = named(drawn, 'text').flatMap(({ text }) => text.match(/^\d+ .*/) ?? []);
    expect(labels.slice(0, 4)).toEqual(['1 red', '2 green', '3 blue', '4 depth']);
    expect(labels.slice(4).map((label) => label.replace(/^\d+ /, ''))).toEqual(
      JOINTS.map((joint) => joint.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)),
    );
    const pixels = await Promise.all(
      tiles.map(async ({ attributes }) => {
        const png = Buffer.from(attributes.href!.replace(/^.*base64,/, ''), 'base64');
        return sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      }),
    );
    // Red, green and blue of the picture, as grey.
    const { image } = people.views;
    for (const channel of [0, 1, 2])
      for (const [x, y] of [
        [3, 5],
        [40, 20],
        [31, 60],
      ] as const) {
        const { data, info } = pixels[channel]!;
        const times = info.width / 64;
        const grey = data[3 * (y * times * info.width + x * times)]!;
        expect(Math.abs(grey - 255 * image[3 * (y * 64 + x) + channel]!)).toBeLessThan(1);
      }
    const joints = jointsOf(people, 0);
    JOINTS.forEach((name, j) => {
      const { data, info } = pixels[4 + j]!;
      const [x, y] = [joints[2 * j]! / 64, joints[2 * j + 1]! / 64];
      if (Math.min(x, y) < 0.02 || Math.max(x, y) > 0.98) return;
      const light = (i: number) => data[3 * i]! + data[3 * i + 1]! + data[3 * i + 2]!;
      const all = Array.from({ length: info.width * info.height }, (_, i) => light(i));
      const most = Math.max(...all);
      const brightest = all.flatMap((v, i) => (v === most ? [i] : []));
      const mean = (of: (i: number) => number) =>
        brightest.reduce((sum, i) => sum + of(i) + 0.5, 0) / brightest.length / info.width;
      expect(Math.abs(mean((i) => i % info.width) - x), name).toBeLessThan(0.6 / 64);
      expect(Math.abs(mean((i) => Math.floor(i / info.width)) - y), name).toBeLessThan(0.6 / 64);
    });
  },
  COMPILING,
);

test(
  'a photo with joints, and what cannot be looked at',
  async () => {
    const image = at('photo.png');
    const colour = { r: 120, g: 90, b: 60 };
    await sharp({ create: { width: 90, height: 120, channels: 3, background: colour } })
      .png()
      .toFile(image);
    const joints = at('joints.json');
    const places = JOINTS.map((name, i) => [name, [20 + 3 * i, 15 + 5 * i]] as const);
    writeFileSync(joints, JSON.stringify(Object.fromEntries(places)));
    const photo = { ...RENDERED, model: [at('cnn.safetensors')], out: at('photo'), image };
    const said = await lookCommand({ ...photo, joints, fov: 60 });
    // There is no depth, and no truth to hold a pose against.
    expect(said).toMatch(/photo\.png +without depth\n/);
    expect(readdirSync(at('photo')).length).toBe(3);

    await expect(lookCommand(photo)).rejects.toThrow(/--image and --joints, both/);
    const { image: _, ...rendered } = photo;
    await expect(lookCommand({ ...rendered, count: 99 })).rejects.toThrow(
      /--count 99: it must be a whole number from 1 to 16/,
    );
    const shipped = join(import.meta.dirname, '../../weights/martinez.safetensors');
    await expect(lookCommand({ ...rendered, model: [shipped] })).rejects.toThrow(
      /weights of martinez, which looks at joints alone\. Give --model of a cnn or vit/,
    );
  },
  COMPILING,
);
