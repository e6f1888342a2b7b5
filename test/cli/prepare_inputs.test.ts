/** What belongs to which image. */

import { expect, test } from 'vitest';
import { findInputs } from '../../src/cli/prepare/inputs.ts';
import { at, byName, json, PIXELS, put } from './prepare_photos.ts';

const POSE = PIXELS.map(([x, y]) => [x / 100, y / 100, 3]);
const CAMERA = { fx: 100, fy: 100, cx: 80, cy: 60, width: 160, height: 120 };

/** Images without pixels, whose people all have the same joints. */
async function found(folder: string, names: readonly string[], poses: object, cameras: object) {
  for (const name of names) put(`${folder}/images/${name}`, 'no picture');
  json(`${folder}/joints.json`, Object.fromEntries(names.map((name) => [name, byName(PIXELS)])));
  json(`${folder}/poses.json`, poses);
  json(`${folder}/cameras.json`, cameras);
  const { items, broken } = await findInputs({
    images: at(folder, 'images'),
    joints: at(folder, 'joints.json'),
    poses: at(folder, 'poses.json'),
    cameras: at(folder, 'cameras.json'),
    order: 'names',
    poseUnit: 1,
  });
  expect(broken).toEqual([]);
  return items.map(({ name, pose, camera }) => [name, pose !== undefined, camera !== undefined]);
}

test('a name without its folder is enough for poses and cameras, unless two images have it', async () => {
  const named = { 'a.jpg': POSE };
  expect(await found('one', ['x/a.jpg', 'y/b.jpg'], named, { a: CAMERA })).toEqual([
    ['x/a.jpg', true, true],
    ['y/b.jpg', false, false],
  ]);
  const twins = { 'a.jpg': POSE, 'y/a.jpg': POSE };
  expect(await found('two', ['x/a.jpg', 'y/a.jpg'], twins, { a: CAMERA })).toEqual([
    ['x/a.jpg', false, false],
    ['y/a.jpg', true, false],
  ]);
});

test('pictures that no reader knows are not passed over', async () => {
  const names = ['a.bmp', 'b.heic', 'c.jfif', 'd.txt'];
  expect((await found('kinds', names, {}, {})).map(([name]) => name)).toEqual(names.slice(0, 3));
});
