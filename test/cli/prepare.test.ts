/** Shards of images from the command line: what goes in comes out, in its place. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { shownPoints, shownSize } from '../../src/data/orientation.ts';
import { type ImageSample, openShards } from '../../src/data/shards/dataset.ts';
import { decodeImage, readFile } from '../../src/platform/node/index.ts';
import { project } from '../../src/pose/camera.ts';
import { JOINT, JOINTS } from '../../src/pose/skeleton.ts';
import { floatTiff } from '../fixtures/tiff.ts';
import { kinegrad, start } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-prepare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]) => join(folder, ...names);
const put = (path: string, data: string | Uint8Array) => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), data);
};
const json = (path: string, value: unknown) => put(path, JSON.stringify(value));

const [W, H] = [160, 120];

/** A picture whose colours say where in the stored picture one is: red grows to the right, green down. */
async function gradient(path: string, orientation = 1, shade = 0): Promise<void> {
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
const PIXELS = JOINTS.map((_, j) => [40 + 5 * j, 20 + ((7 * j) % 60)] as const);
const byName = (points: readonly (readonly number[])[]) =>
  Object.fromEntries(JOINTS.map((name, j) => [name, points[j]]));
const shownOf = (orientation: number) => {
  const flat = shownPoints(PIXELS.flat(), { width: W, height: H }, orientation);
  return JOINTS.map((_, j) => [flat[2 * j]!, flat[2 * j + 1]!]);
};

const open = async (out: string) => {
  const data = await openShards(at(out), { readFile, decodeImage });
  const samples = Array.from({ length: data.count }, (_, i) => data.sample(i));
  return { data, samples: await Promise.all(samples) };
};

/** Each joint lies on the colour of its place in the stored picture. */
function expectInPlace({ joints, rgb, width }: ImageSample): void {
  PIXELS.forEach(([x, y], j) => {
    const pixel = 3 * (Math.floor(joints[2 * j + 1]!) * width + Math.floor(joints[2 * j]!));
    expect(Math.abs(rgb[pixel]! - 40 - x)).toBeLessThan(4);
    expect(Math.abs(rgb[pixel + 1]! - 40 - y)).toBeLessThan(4);
  });
}

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

/** Many images with a joints file, for what concerns whole runs. */
async function many(name: string, count: number): Promise<string[]> {
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

const shardsOf = (out: string) => readdirSync(out).filter((name) => name.endsWith('.safetensors'));
const contents = (out: string) =>
  Object.fromEntries(
    readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'base64')]),
  );

test('a run that is killed in the middle goes on, and gives the same bytes', async () => {
  const args = await many('kill', 240);
  const [whole, killed] = [at('kill/whole'), at('kill/killed')];
  expect((await kinegrad(...args, '--out', whole)).code).toBe(0);

  const run = start([...args, '--out', killed, '--workers', '2']);
  // a shard counts as whole when its record is there
  const records = () => readdirSync(killed).filter((name) => /^shard-\d+\.json$/.test(name));
  while (!existsSync(killed) || records().length < 2)
    await new Promise((resolve) => setTimeout(resolve, 2));
  run.child.kill('SIGKILL');
  await run.ended;
  await expect(openShards(killed, { readFile, decodeImage })).rejects.toThrow(/no finished shards/);
  // the processes that made shards end with the one that told them to
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const kept = shardsOf(killed);
  expect(kept.length).toBeLessThan(12);
  const before = new Map(kept.map((name) => [name, statSync(join(killed, name)).mtimeMs]));
  const resumed = await kinegrad(...args, '--out', killed);
  expect(resumed.code).toBe(0);
  expect(resumed.err).toMatch(/\d+ shards to make \(\d+ there and up to date\)/);
  expect(contents(killed)).toEqual(contents(whole));
  const untouched = kept.filter(
    (name) => statSync(join(killed, name)).mtimeMs === before.get(name),
  );
  expect(untouched.length).toBeGreaterThanOrEqual(2);
});

test('a second run writes nothing; changed inputs, options and damage are noticed', async () => {
  const args = await many('again', 60);
  const out = at('again/out');
  const to = [...args, '--out', out];
  expect((await kinegrad(...to)).code).toBe(0);
  const times = () => readdirSync(out).map((name) => statSync(join(out, name)).mtimeMs);
  const before = times();
  expect((await kinegrad(...to)).err).toContain('nothing to do: all 3 shards are there');
  expect(times()).toEqual(before);

  const other = await kinegrad(...to, '--size', '64');
  expect(other.code).toBe(1);
  expect(other.err).toMatch(/holds shards made with size 512, not 64\. .*--replace/);

  await gradient('again/images/030.jpg', 1, 200);
  const changed = await kinegrad(...to);
  expect(changed.err).toContain(
    '1 shard to make (2 there and up to date, 1 made before, from other inputs',
  );
  const { data, samples } = await open('again/out');
  expect(samples[30]!.rgb[2]).toBeGreaterThan(150);
  expect(data.index.count).toBe(60);

  writeFileSync(join(out, 'shard-00002.safetensors'), 'cut');
  const cut = await openShards(out, { readFile, decodeImage });
  await expect(cut.sample(59)).rejects.toThrow(/shard-00002\.safetensors has 3 bytes/);
  rmSync(join(out, 'shard-00002.safetensors'));
  expect((await kinegrad(...to)).err).toContain('1 shard to make (2 there');
  expect((await open('again/out')).samples).toHaveLength(60);

  for (let i = 20; i < 60; i++) rmSync(at('again/images', `0${i}.jpg`));
  expect((await kinegrad(...to)).code).toBe(0);
  expect(shardsOf(out)).toEqual(['shard-00000.safetensors']);

  const touched = new Date(Date.now() - 1e6);
  utimesSync(at('again/images/000.jpg'), touched, touched);
  expect((await kinegrad(...to, '--size', '64', '--replace')).code).toBe(0);
  expect((await open('again/out')).samples[0]!.width).toBe(64);
});

test('Ctrl-C stops, and says how to go on', async () => {
  const args = await many('stop', 240);
  const run = start([...args, '--out', at('stop/out')]);
  while (!existsSync(at('stop/out')) || shardsOf(at('stop/out')).length < 1)
    await new Promise((resolve) => setTimeout(resolve, 2));
  run.child.kill('SIGINT');
  const { code, err } = await run.ended;
  expect(code).toBe(130);
  expect(err).toMatch(/stopped; the same command goes on/);
  expect((await kinegrad(...args, '--out', at('stop/out'))).code).toBe(0);
});

/** The processes that a process has started, on Linux. */
const childrenOf = (pid: number): number[] => {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return list ? list.split(' ').map(Number) : [];
  } catch {
    return [];
  }
};

test.skipIf(!existsSync(`/proc/${process.pid}/task/${process.pid}/children`))(
  'a process that dies is replaced; where all die, the run ends with a reason',
  async () => {
    const args = await many('dying', 120);
    for (const [out, kills] of [
      ['once', 1],
      ['always', Number.POSITIVE_INFINITY],
    ] as const) {
      const run = start([...args, '--workers', '1', '--out', at('dying', out)]);
      let ended = false;
      const result = run.ended.finally(() => (ended = true));
      const killed = new Set<number>();
      while (!ended && killed.size < kills) {
        for (const pid of childrenOf(run.child.pid!))
          if (
            !killed.has(pid) &&
            readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('prepare-worker')
          ) {
            killed.add(pid);
            process.kill(pid, 'SIGKILL');
          }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const { code, err } = await result;
      expect(err).not.toContain('    at ');
      expect(code).toBe(kills === 1 ? 0 : 1);
      if (kills === 1) expect((await open('dying/once')).samples).toHaveLength(120);
      else expect(err).toMatch(/end by themselves, on shard-00000\.safetensors again and again/);
    }
  },
);

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
  for (const { joints, pose, camera, height } of samples) {
    expect(height).toBe(250);
    project(camera, pose!).forEach((v, i) => expect(v).toBeCloseTo(joints[i]!, 3));
    expect(pose![3 * JOINT.pelvis + 2]).toBeGreaterThan(4);
  }
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
