/** From rendered people in files over shards to a lifter: what it sees, learns, and survives. */

import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frameOfView, packScenes } from '../../src/data/scene/pack.ts';
import { sampleView } from '../../src/data/scene/view_sample.ts';
import { openShards } from '../../src/data/shards/dataset.ts';
import { trainableSamples } from '../../src/data/shards/selection.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { renderPeople } from '../../src/graph/ops/render.ts';
import { evaluate } from '../../src/graph/program.ts';
import { decodeImage, readFile } from '../../src/platform/node/index.ts';
import { project } from '../../src/pose/camera.ts';
import { outOfView, viewNumber } from '../../src/pose/view.ts';
import { shardViews } from '../../src/train/shard_views.ts';
import { COMPILING } from '../check.ts';
import { kinegrad, start } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-shards-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]) => join(folder, ...names);

/** The last of them judges, the others are learned from: three steps an epoch. */
const PEOPLE = 13;
const SIZE = 64;
const prepare = (out: string, ...more: string[]) =>
  kinegrad(
    ...['prepare', '--images', at('set/images'), '--joints', at('set/joints.json')],
    ...['--depth', at('set/depth'), '--depth-unit', 'mm', '--cameras', at('set/cameras.json')],
    ...['--shard-size', '3', '--workers', '1', '--out', at(out), ...more],
  );
const settings = {
  size: SIZE,
  options: { width: 0.1 },
  batch: 4,
  steps: 60,
  judged: 3,
  loss: 'joints',
  validateEvery: 20,
  checkpointEvery: 4,
};
const train = (out: string, data = 'shards', ...more: string[]) => [
  ...['train', 'cnn', '--config', at('config.json'), '--data', at(data), '--out', at(out)],
  ...more,
];
const logOf = (out: string) =>
  readFileSync(at(out, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  writeFileSync(at('config.json'), JSON.stringify(settings));
  const set = ['render', '--data-set', '--count', `${PEOPLE}`, '--size', '192'];
  const rendered = await kinegrad(...set, '--out', at('set'));
  expect(rendered.out).toContain('kinegrad prepare --images');
  const poses = ['--poses', at('set/poses.json')];
  expect((await prepare('shards', ...poses)).out).toContain(
    `prepared    ${PEOPLE} samples in 5 shards`,
  );
  expect((await prepare('poseless')).code).toBe(0);
}, COMPILING);

describe('shards of rendered people', { timeout: COMPILING }, () => {
  test('show in views what is known of their scenes', async () => {
    const data = await openShards(at('shards'), { readFile, decodeImage });
    const source = shardViews(trainableSamples(data), SIZE);
    expect(source.count).toBe(PEOPLE);
    const batch = await source.draw([0, 5, 11]);
    const truth = [0, 5, 11].map((index) =>
      sampleView({ seed: 1, split: 'train', index, sensorNoise: false }, SIZE),
    );
    const scenes = packScenes(
      truth.map(({ scene }) => scene),
      truth.map(({ view }) => frameOfView(view, SIZE)),
    );
    const gpu = await openGpu();
    const { pictures } = await evaluate(
      gpu,
      ({ scenes }) => ({ pictures: renderPeople(scenes, { size: SIZE }).pictures }),
      { scenes: { shape: [3, scenes.length / 3], values: scenes } },
    );
    gpu.close();
    const { image, depth, joints, view } = batch.inputs;
    truth.forEach((seen, i) => {
      expect(view![i]).toBeCloseTo(viewNumber(seen.view), 4);
      seen.joints.forEach((value, j) => {
        expect(Math.abs(joints![34 * i + j]! - value)).toBeLessThan(0.02);
      });
      seen.pose.forEach((value, j) => {
        expect(Math.abs(batch.poses[51 * i + j]! - value)).toBeLessThan(1e-3);
      });
      const off = { colour: 0, depth: 0, inside: 0 };
      for (let p = 0; p < SIZE ** 2; p++) {
        const at = i * SIZE ** 2 + p;
        const { focal } = seen.view;
        const ray = [(p % SIZE) + 0.5, Math.floor(p / SIZE) + 0.5].map(
          (v) => (v - SIZE / 2) / focal,
        );
        const [u, v] = project(seen.scene.camera, outOfView(seen.view, [...ray, 1]));
        const { width, height } = seen.scene.camera;
        const colour = [0, 1, 2].map((c) => image![3 * at + c]!);
        // What a pixel of the view is wide, in pixels of the camera: those at the edge are of both sides.
        const edge = (1.5 * seen.scene.camera.fx) / focal;
        const within = Math.min(u!, v!, width - u!, height - v!);
        if (within < -edge) expect([...colour, depth![at]]).toEqual([0.5, 0.5, 0.5, 0]);
        if (within < edge) continue;
        off.inside++;
        colour.forEach((value, c) => (off.colour += Math.abs(value - pictures[4 * at + c]!) / 3));
        // At outlines a pixel of the photo belongs to one side, one of the view to the other.
        const [found, wanted] = [depth![at]!, pictures[4 * at + 3]!];
        off.depth += Number(Math.abs(found - wanted) > 0.05 * Math.max(found, wanted));
      }
      expect(off.inside).toBeGreaterThan(SIZE ** 2 / 2);
      expect(off.colour / off.inside).toBeLessThan(0.04);
      expect(off.depth / off.inside).toBeLessThan(0.15);
    });
  });

  test('are learned from; a run that is killed within an epoch goes on as if nothing had been', async () => {
    const whole = await kinegrad(...train('whole'));
    expect(whole.err).toContain('12 people an epoch in 4 shards');
    expect(whole.err).toMatch(/; 1 of them chooses the weights\nup to 4 shards are in memory: /);
    expect(whole.code).toBe(0);
    const losses = logOf('whole').map(({ loss }) => loss);
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(mean(losses.slice(-6))).toBeLessThan(0.85 * mean(losses.slice(0, 6)));

    const killed = start(train('killed'));
    while (!existsSync(at('killed/checkpoint.safetensors')))
      await new Promise((resolve) => setTimeout(resolve, 5));
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect((await kinegrad('train', '--resume', at('killed'))).code).toBe(0);
    const weightsOf = (run: string) => readFileSync(at(run, 'model.safetensors'));
    expect(weightsOf('killed').equals(weightsOf('whole'))).toBe(true);
    expect(logOf('killed').map(({ loss }) => loss)).toEqual(losses);

    const measured = await kinegrad('eval', '--model', at('whole'), '--data', at('shards'));
    expect(measured.err).not.toContain('kinegrad:');
    expect(measured.err).toContain('it may know these people');
    expect(measured.out).toContain(`${PEOPLE} poses, 17 joints`);
  });

  test('are held to be the same where a run goes on', async () => {
    cpSync(at('shards'), at('copy'), { recursive: true });
    const run = start(train('other', 'copy'));
    while (!existsSync(at('other/checkpoint.safetensors')))
      await new Promise((resolve) => setTimeout(resolve, 5));
    run.child.kill('SIGKILL');
    await run.ended;
    const remade = await prepare(
      'copy',
      '--poses',
      at('set/poses.json'),
      '--size',
      '96',
      '--replace',
    );
    expect(remade.code).toBe(0);
    const { code, err } = await kinegrad('train', '--resume', at('other'));
    expect([code, err]).toEqual([1, expect.stringContaining('drew from other shards')]);
  });
});

test('what cannot be learned from is refused in a sentence', { timeout: COMPILING }, async () => {
  const refused = async (...args: string[]) => {
    const { code, err } = await kinegrad(...args);
    expect(code).toBe(1);
    expect(err).not.toContain('    at ');
    return err;
  };
  expect(await refused(...train('none', 'nowhere'))).toMatch(/there is no folder .*nowhere\. Give/);
  expect(await refused(...train('none', 'set'))).toMatch(/set holds no finished shards/);
  expect(await refused(...train('none', 'poseless'))).toMatch(
    /poseless has no sample to learn from .*: of 13, 13 have no 3D pose, and 0 lack a joint\. Give/,
  );
  expect(await refused(...train('none', 'shards', '--batch', '13'))).toMatch(
    /has 12 people to learn from, fewer than a batch of 13\. Give --batch 12 or less/,
  );
  expect(await refused(...train('none', 'shards', '--validation', 'S8'))).toMatch(
    /has no subject S8 .* Its subjects: none is told/,
  );
  cpSync(at('shards'), at('damaged'), { recursive: true });
  for (const name of readdirSync(at('damaged')).filter((n) => /0[0-3]\.safetensors/.test(n))) {
    const bytes = readFileSync(at('damaged', name));
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(at('damaged', name), bytes);
  }
  expect(await refused(...train('broken', 'damaged'))).toMatch(
    /shard-0000\d\.safetensors is damaged: its SHA-256 .* Delete it and run 'kinegrad prepare'/,
  );
  expect(existsSync(at('none'))).toBe(false);
});
