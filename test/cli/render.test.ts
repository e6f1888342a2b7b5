/** `kinegrad render` writes a sheet of people. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { sceneOf } from '../../src/data/scene/scene.ts';
import { COMPILING } from '../check.ts';
import { kinegrad } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-render-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(
  'a sheet, single pictures, and the same again for the same key',
  async () => {
    const where = (name: string) => ['--out', join(folder, name)];
    const asked = ['render', '--count', '2', '--first', '3', '--size', '48', '--split', 'test'];
    const { out, err, code } = await kinegrad(...asked, '--single', ...where('a'));
    expect(err).not.toContain('kinegrad:');
    expect(code).toBe(0);
    expect(out).toContain('2 people of the test split of seed 1');
    const files = readdirSync(join(folder, 'a')).sort();
    const names = ['depth', 'parts', 'picture'];
    expect(files).toEqual([
      'sheet.png',
      ...[3, 4].flatMap((index) => names.map((name) => `test-${index}-${name}.png`)),
    ]);
    const { camera } = sceneOf({ seed: 1, split: 'test', index: 3 });
    const { width, height } = await sharp(join(folder, 'a/test-3-picture.png')).metadata();
    expect(Math.max(width, height)).toBe(48);
    expect(width / height).toBeCloseTo(camera.width / camera.height, 1);
    const { channels } = await sharp(join(folder, 'a/sheet.png')).stats();
    expect(Math.min(...channels.slice(0, 3).map(({ stdev }) => stdev))).toBeGreaterThan(10);

    await kinegrad(...asked, '--single', ...where('b'));
    for (const file of files)
      expect(readFileSync(join(folder, 'b', file))).toEqual(readFileSync(join(folder, 'a', file)));
  },
  COMPILING,
);

test(
  'what cannot be rendered is refused in a sentence',
  async () => {
    const split = await kinegrad('render', '--split', 'all');
    expect(split.code).toBe(1);
    expect(split.err).toContain('--split all: it must be one of train, validation, test');
    const count = await kinegrad('render', '--count', '0');
    expect(count.err).toContain('--count 0: it must be a whole number from 1 to 400');
  },
  COMPILING,
);
