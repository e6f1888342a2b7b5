/** Shards of images from the command line: what goes in comes out, in its place. */

import { cpSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { shownPoints, shownSize } from '../../src/data/orientation.ts';
import { project } from '../../src/pose/camera.ts';
import { JOINT } from '../../src/pose/skeleton.ts';
import { floatTiff } from '../fixtures/tiff.ts';
import { kinegrad } from './command.ts';
import {
  at,
  byName,
  expectInPlace,
  gradient,
  H,
  json,
  many,
  open,
  PIXELS,
  put,
  shownOf,
  W,
} from './prepare_photos.ts';

test('however a photo is turned, joints, depth, pose and camera stay on their pixels', async () => {
  const cameras: Record<string, unknown> = {};
  const poses: Record<string, unknown> = {};
  for (let orientation = 1; orientation <= 8; orientation++)
    for (const picture of ['shown', 'stored'] as const) {
      const name = `${picture}${orientation}`;
      // where the sides do not tell, the option does: see the next test
      if (picture === 'stored' && orientation < 5) continue;
      await gradient(`turned/images/${name}.jpg`, orientation);
      const size =
        picture === 'stored'
          ? { width: W, height: H }
          : shownSize({ width: W, height: H }, orientation);
      const points = picture === 'stored' ? PIXELS : shownOf(orientation);
      json(`turned/joints/${name}.json`, { ...size, joints: byName(points) });
      const metres = Float32Array.from({ length: W * H }, (_, i) => {
        const [x, y] = [(i % size.width) + 0.5, Math.floor(i / size.width) + 0.5];
        const stored = picture === 'stored' ? x : inverse(x, y, orientation);
        return 2 + stored / 100;
      });
      put(`turned/depth/${name}.tif`, floatTiff(size.width, size.height, metres));
      const camera = { ...size, fx: 130, fy: 140, cx: size.width / 2 + 3, cy: size.height / 2 - 2 };
      cameras[`${name}.jpg`] = camera;
      poses[name] = points.map(([x, y], j) => {
        const z = 2 + j / 50;
        return [((x! - camera.cx) * z) / 130, ((y! - camera.cy) * z) / 140, z].map((v) => 1000 * v);
      });
    }
  json('turned/cameras.json', cameras);
  json('turned/poses.json', poses);
  const inputs = ['images', 'joints', 'depth'].flatMap((kind) => [`--${kind}`, at('turned', kind)]);
  const more = ['--poses', at('turned/poses.json'), '--cameras', at('turned/cameras.json')];
  const units = ['--pose-unit', 'mm', '--depth-unit', 'm', '--joint-order', 'h36m', '--size', '80'];
  const { code, out, err } = await kinegrad(
    'prepare',
    ...inputs,
    ...more,
    ...units,
    '--out',
    at('turned/out'),
  );
  expect(err).not.toContain('broken      ');
  expect(code).toBe(0);
  expect(out).toContain('12 with a depth map, 12 with a 3D pose, 12 with a camera');
  const { samples } = await open('turned/out');
  expect(samples.map(({ name }) => name)).toHaveLength(12);
  for (const sample of samples) {
    const orientation = Number(sample.name.match(/\d/)![0]);
    const upright = shownSize({ width: W, height: H }, orientation);
    expect([sample.width, sample.height]).toEqual([upright.width / 2, upright.height / 2]);
    expectInPlace(sample);
    project(sample.camera, sample.pose!).forEach((v, i) =>
      expect(v).toBeCloseTo(sample.joints[i]!, 3),
    );
    PIXELS.forEach(([x], j) => {
      const pixel =
        Math.floor(sample.joints[2 * j + 1]!) * sample.width + Math.floor(sample.joints[2 * j]!);
      expect(Math.abs(sample.depth!.metres[pixel]! - 2 - x / 100)).toBeLessThan(0.03);
    });
  }
});

/** The x in the stored picture of a point of the shown one. */
function inverse(x: number, y: number, orientation: number): number {
  const [ox, oy, ax, ay] = shownPoints([0, 0, 1, 0], { width: W, height: H }, orientation);
  // the turn is orthogonal: its inverse is its transpose
  return (x - ox!) * (ax! - ox!) + (y - oy!) * (ay! - oy!);
}

test('where sizes do not tell, joints are those of the shown picture, or as --orientation says', async () => {
  await gradient('half/images/a.jpg', 3);
  const run = async (points: readonly (readonly number[])[], out: string, ...more: string[]) => {
    json('half/joints.json', { 'a.jpg': byName(points) });
    const args = ['--images', at('half/images'), '--joints', at('half/joints.json')];
    expect((await kinegrad('prepare', ...args, '--out', at(out), ...more)).code).toBe(0);
    expectInPlace((await open(out)).samples[0]!);
  };
  await run(shownOf(3), 'half/shown');
  await run(PIXELS, 'half/stored', '--orientation', 'stored');
});

/** COCO's numbers of a person at these pixels, of which the limbs alone matter. */
const cocoPerson = (dx = 0) =>
  Array.from({ length: 17 }, (_, j) => [40 + 5 * j + dx, 20 + ((7 * j) % 60), 2]).flat();

test('whoever is not seen is listed; whatever is broken is reported, and the rest goes on', async () => {
  for (const name of ['b', 'a', 'nobody', 'unheard', 'legless', 'wrong_size', 'bad_depth', 'short'])
    await gradient(`mixed/images/${name}.jpg`);
  await gradient('mixed/images/sub/c.png');
  put('mixed/images/text.jpg', 'this is no image');
  put('mixed/images/notes.txt', 'ignored');
  put('mixed/images/short.jpg', readFileSync(at('mixed/images/short.jpg')).subarray(0, 900));
  const images = ['b', 'a', 'nobody', 'legless', 'wrong_size', 'bad_depth', 'short', 'text'].map(
    (stem, id) => ({
      id,
      file_name: `${stem}.jpg`,
      width: stem === 'wrong_size' ? 99 : W,
      height: H,
    }),
  );
  images.push({ id: 20, file_name: 'sub/c.png', width: W, height: H });
  const annotations = images
    .filter(({ file_name }) => file_name !== 'nobody.jpg')
    .map(({ id, file_name }) => ({
      image_id: id,
      keypoints: cocoPerson().map((v, i) => (file_name === 'legless.jpg' && i >= 33 ? 0 : v)),
    }));
  json('mixed/coco.json', { images, annotations });
  const depth = Uint16Array.from({ length: W * H }, (_, i) => (i % W < 80 ? 1500 : 0));
  for (const name of ['a', 'b']) {
    const map = sharp(depth, { raw: { width: W, height: H, channels: 1 } });
    put(`mixed/depth/${name}.png`, await map.toColourspace('grey16').png().toBuffer());
  }
  put('mixed/depth/bad_depth.png', readFileSync(at('mixed/images/sub/c.png')));
  const args = ['--images', at('mixed/images'), '--joints', at('mixed/coco.json')];
  const depths = ['--depth', at('mixed/depth'), '--depth-unit', 'mm', '--shard-size', '4'];
  const { code, out, err } = await kinegrad(
    'prepare',
    ...args,
    ...depths,
    '--out',
    at('mixed/out'),
  );
  expect(code).toBe(2);
  expect(err).toMatch(/broken {6}text\.jpg: .*unsupported image format/);
  expect(out).toMatch(/images {6}10\n/);
  expect(out).toContain('prepared    3 samples in 2 shards');
  expect(out).toContain('2 with a depth map, 0 with a 3D pose');
  expect(out).toMatch(/no person {3}2\n {12}legless\.jpg: the hips are not seen\n {12}nobody/);
  expect(out).toMatch(/no joints {3}1\n {12}unheard\.jpg/);
  expect(out).toMatch(/broken {6}4\n/);
  const listed = JSON.parse(readFileSync(at('mixed/out/left_out.json'), 'utf8'));
  const reasons = new Map(
    listed.map(({ name, reason }: { name: string; reason: string }) => [name, reason]),
  );
  expect(reasons.get('wrong_size.jpg')).toBe(
    'the joints are for an image of 99 x 120 pixels, but this one has 160 x 120',
  );
  expect(reasons.get('bad_depth.jpg')).toMatch(
    /the depth map .*bad_depth\.png cannot be used: it has 3 channels/,
  );
  expect(reasons.get('short.jpg')).toMatch(/./);
  const { samples } = await open('mixed/out');
  expect(samples.map(({ name, depth }) => [name, depth !== undefined])).toEqual([
    ['a.jpg', true],
    ['b.jpg', true],
    ['sub/c.png', false],
  ]);
  const { metres } = samples[0]!.depth!;
  expect([metres[0], metres[79], metres[80]]).toEqual([1.5, 1.5, 0]);
  expect(samples[0]!.camera.fx).toBeCloseTo(80 / Math.tan(Math.PI / 6));
  expect(samples[0]!.cameraGiven).toBe(false);

  const again = await kinegrad('prepare', ...args, ...depths, '--out', at('mixed/out'));
  expect(again.err).toContain('nothing to do: all 2 shards are there and up to date');
  expect(again.out).toBe(out);
  expect(again.code).toBe(2);

  const unsaid = await kinegrad('prepare', ...args, '--depth', at('mixed/depth'), '--out', at('x'));
  expect(unsaid.err).toContain('--depth-unit m or mm says what the depth maps hold');
  const metresSaid = [
    '--depth',
    at('mixed/depth'),
    '--depth-unit',
    'm',
    '--out',
    at('mixed/metres'),
  ];
  const far = await kinegrad('prepare', ...args, ...metresSaid);
  expect(far.out).toMatch(/farther than 1\.5\de?\+?\d* m\. Does --depth-unit m say/);
});

test('Human3.6M: a folder of images with annotations becomes shards with poses and cameras', async () => {
  const fixtures = new URL('../fixtures/human36m/annotations/', import.meta.url).pathname;
  cpSync(fixtures, at('h36m/annotations'), { recursive: true });
  // the fixture has subjects 1 and 9 only
  for (const subject of [5, 6, 7, 8, 11])
    for (const kind of ['data', 'joint_3d', 'camera'])
      json(
        `h36m/annotations/Human36M_subject${subject}_${kind}.json`,
        kind === 'data' ? { images: [], annotations: [] } : {},
      );
  const data = JSON.parse(readFileSync(at('h36m/annotations/Human36M_subject9_data.json'), 'utf8'));
  const grey = sharp({ create: { width: 1000, height: 1002, channels: 3, background: 'grey' } });
  const bytes = await grey.jpeg().toBuffer();
  for (const { file_name } of data.images.slice(1)) put(`h36m/images/${file_name}`, bytes);
  const args = [
    '--human36m',
    at('h36m/annotations'),
    '--images',
    at('h36m/images'),
    '--size',
    '250',
  ];
  const { code, out } = await kinegrad(
    'prepare',
    ...args,
    '--part',
    'test',
    '--out',
    at('h36m/out'),
  );
  expect(out).toMatch(/broken {6}1\n.*000001\.jpg: there is no file/);
  expect(code).toBe(2);
  const { samples } = await open('h36m/out');
  expect(samples).toHaveLength(15);
  for (const { joints, pose, camera, height, name, take } of samples) {
    expect(height).toBe(250);
    expect(take).toEqual({ subject: 'S9', camera: Number(/_ca_(\d+)/.exec(name)![1]) - 1 });
    project(camera, pose!).forEach((v, i) => expect(v).toBeCloseTo(joints[i]!, 3));
    expect(pose![3 * JOINT.pelvis + 2]).toBeGreaterThan(4);
  }
  const tested = ['train', 'cnn', '--data', at('h36m/out'), '--out', at('h36m/run')];
  expect((await kinegrad(...tested, '--split', 'calda')).err).toMatch(
    /has none of the subjects that split calda trains on, only S9\. Prepare the other part by --part/,
  );
});

test('mistakes give one sentence', async () => {
  const args = await many('wrong', 1);
  const cases: [string[], RegExp][] = [
    [
      ['prepare', '--images', at('none'), '--joints', at('none'), '--out', at('o')],
      /there is no folder .*none, which --images names/,
    ],
    [
      ['prepare', '--images', at('wrong'), '--joints', at('none'), '--out', at('o')],
      /there is no .*none, which --joints names/,
    ],
    [
      ['prepare', '--images', at('wrong/images'), '--out', at('o')],
      /--joints <folder or file>.*missing/,
    ],
    [[...args, '--out', at('o'), '--size', '0'], /--size must be a whole number above zero, got 0/],
    [
      [...args, '--out', at('o'), '--joint-order', 'mine'],
      /'mine' is invalid. Allowed choices are coco, yolo, h36m, names/,
    ],
    [
      [
        'prepare',
        '--human36m',
        at('wrong'),
        '--split',
        'mine',
        '--images',
        at('wrong'),
        '--out',
        at('o'),
      ],
      /no split 'mine'/,
    ],
    [['prepare-worker'], /not by hand/],
  ];
  await Promise.all(
    cases.map(async ([command, said]) => {
      const { code, err } = await kinegrad(...command);
      expect(err).toMatch(said);
      expect(err).not.toContain('    at ');
      expect(code).toBe(1);
    }),
  );
});
