/** A folder of a test's own, and photos in it of which every pixel says where it is. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect } from 'vitest';
import { shownPoints } from '../../src/data/orientation.ts';
import { type ImageSample, openShards } from '../../src/data/shards/dataset.ts';
import { decodeImage, readFile } from '../../src/platform/node/index.ts';
import { JOINTS } from '../../src/pose/skeleton.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-prepare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
export const at = (...names: string[]) => join(folder, ...names);
export const put = (path: string, data: string | Uint8Array) => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), data);
};
export const json = (path: string, value: unknown) => put(path, JSON.stringify(value));

export const [W, H] = [160, 120];

/** A picture whose colours say where in the stored picture one is: red grows to the right, green down. */
export async function gradient(path: string, orientation = 1, shade = 0): Promise<void> {
  const data = new Uint8Array(3 * W * H);
  for (let y = 0; y < H; y++)
    for (let x = 0; x < W; x++) data.set([x + 40, y + 40, shade], 3 * (y * W + x));
  const picture = sharp(data, { raw: { width: W, height: H, channels: 3 } });
  const file = path.endsWith('.png')
    ? picture.png()
    : picture.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).withMetadata({ orientation });
  put(path, await file.toBuffer());
}

/** Human3.6M's joints in the stored picture, well inside. */
export const PIXELS = JOINTS.map((_, j) => [40 + 5 * j, 20 + ((7 * j) % 60)] as const);
export const byName = (points: readonly (readonly number[])[]) =>
  Object.fromEntries(JOINTS.map((name, j) => [name, points[j]]));
export const shownOf = (orientation: number) => {
  const flat = shownPoints(PIXELS.flat(), { width: W, height: H }, orientation);
  return JOINTS.map((_, j) => [flat[2 * j]!, flat[2 * j + 1]!]);
};

export const open = async (out: string) => {
  const data = await openShards(at(out), { readFile, decodeImage });
  const samples = Array.from({ length: data.count }, (_, i) => data.sample(i));
  return { data, samples: await Promise.all(samples) };
};

/** Each joint lies on the colour of its place in the stored picture. */
export function expectInPlace({ joints, rgba, width }: ImageSample): void {
  PIXELS.forEach(([x, y], j) => {
    const pixel = 4 * (Math.floor(joints[2 * j + 1]!) * width + Math.floor(joints[2 * j]!));
    expect(Math.abs(rgba[pixel]! - 40 - x)).toBeLessThan(4);
    expect(Math.abs(rgba[pixel + 1]! - 40 - y)).toBeLessThan(4);
  });
}

/** Many images with a joints file, for what concerns whole runs. */
export async function many(name: string, count: number): Promise<string[]> {
  await gradient(`${name}/one.jpg`);
  mkdirSync(at(name, 'images'));
  const people: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const image = `${`${i}`.padStart(3, '0')}.jpg`;
    cpSync(at(name, 'one.jpg'), at(name, 'images', image));
    people[image] = byName(PIXELS.map(([x, y]) => [x, y, 0.9]));
  }
  json(`${name}/joints.json`, people);
  return [
    'prepare',
    '--images',
    at(name, 'images'),
    '--joints',
    at(name, 'joints.json'),
    '--shard-size',
    '20',
  ];
}
