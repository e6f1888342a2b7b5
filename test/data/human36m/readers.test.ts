/** Files in the layouts of Human3.6M: test/fixtures/human36m/make.py made them. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readHuman36mAnnotations } from '../../../src/data/human36m/annotations.ts';
import { readHuman36mCameras } from '../../../src/data/human36m/cameras.ts';
import { HUMAN36M_SPLITS, splitNamed } from '../../../src/data/human36m/joints.ts';
import {
  human36mMotion,
  human36mViews,
  readHuman36mPixels,
  readHuman36mPoses,
} from '../../../src/data/human36m/npz.ts';
import { project } from '../../../src/pose/camera.ts';
import { boneLengths, JOINT, JOINTS } from '../../../src/pose/skeleton.ts';

const url = (name: string) => new URL(`../../fixtures/human36m/${name}`, import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(url(name)));
const textOf = (name: string) => readFileSync(url(name), 'utf8');

const poses = () => readHuman36mPoses(bytesOf('data_3d_h36m.npz'));
const pixels = () => readHuman36mPixels(bytesOf('data_2d_h36m_gt.npz'));
const cameras = () => readHuman36mCameras(textOf('cameras.json'));
const joint = (all: ArrayLike<number>, frame: number, name: keyof typeof JOINT) =>
  [0, 1, 2].map((axis) => all[(frame * 17 + JOINT[name]) * 3 + axis]!);

test('3D poses: 32 joints become 17, sides and heights where they belong', async () => {
  const read = await poses();
  expect([...read.keys()]).toEqual(['S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11']);
  const walking = read.get('S1')!.get('Walking 1')!;
  expect(walking.length).toBe(4 * 51);
  expect(joint(walking, 0, 'pelvis')).toEqual([0, 0, expect.closeTo(0.9595, 4)]);
  // who looks ahead with z up has the left there; the nose is in front of the neck
  const forward = joint(walking, 0, 'neck').map((v, i) => v - joint(walking, 0, 'thorax')[i]!);
  const left = joint(walking, 0, 'leftHip').map((v, i) => v - joint(walking, 0, 'rightHip')[i]!);
  expect(forward[0]! * left[1]! - forward[1]! * left[0]!).toBeGreaterThan(0);
  expect(boneLengths(walking.subarray(0, 51))[0]).toBeCloseTo(0.13 * 1.01, 5);
});

test('as motion they stand upright with y up, at 25 frames a second, split by subject', async () => {
  const motion = human36mMotion(await poses(), HUMAN36M_SPLITS.standard);
  expect(motion.fps).toBe(25);
  expect(motion.count).toBe(7 * 2 * 2);
  const head = joint(motion.poses, 0, 'head');
  expect(head[1]).toBeCloseTo(1.67 * 1.01, 4);
  const left = joint(motion.poses, 0, 'leftHip').map(
    (v, i) => v - joint(motion.poses, 0, 'rightHip')[i]!,
  );
  const ahead = joint(motion.poses, 0, 'neck').map(
    (v, i) => v - joint(motion.poses, 0, 'thorax')[i]!,
  );
  // with y up, a person who looks along +z has the left at +x
  expect(left[0]! * ahead[2]! - left[2]! * ahead[0]!).toBeGreaterThan(0);
  const subjects = (part: string) =>
    [...new Set(motion.clips.filter((c) => c.split === part).map((c) => c.subject))].join();
  expect(subjects('train')).toBe('S1,S5,S6,S7,S8');
  expect(subjects('test')).toBe('S9,S11');
  const calda = human36mMotion(await poses(), HUMAN36M_SPLITS.calda);
  expect(calda.clips.filter((c) => c.split === 'test').map((c) => c.name)).toEqual([
    'S8 Walking 1',
    'S8 Directions',
    'S9 Walking 1',
    'S9 Directions',
    'S11 Walking 1',
    'S11 Directions',
  ]);
  expect(calda.clips[0]!.action).toBe('Walking');
});

test('views: the cameras show the poses where the 2D joints are', async () => {
  const [read2d, read3d] = [await pixels(), await poses()];
  const base = { poses: read3d, pixels: read2d, cameras: cameras() };
  const views = human36mViews({ ...base, split: HUMAN36M_SPLITS.standard, part: 'test' });
  expect(views.count).toBe(2 * 2 * 4 * 4);
  for (let i = 0; i < views.count * 17; i++) {
    const [x, y, z] = views.pose3d.subarray(3 * i, 3 * i + 3) as unknown as [
      number,
      number,
      number,
    ];
    expect(z).toBeGreaterThan(3);
    // NumPy stored the pixels as f32
    expect(views.pose2d[2 * i]).toBeCloseTo(x / z, 6);
    expect(views.pose2d[2 * i + 1]).toBeCloseTo(y / z, 6);
  }
  const one = human36mViews({ ...base, split: HUMAN36M_SPLITS.calda, part: 'test', every: 3 });
  expect(one.count).toBe(3 * 2 * 1 * 2);
});

test('cameras of another convention are found out', async () => {
  const tables = JSON.parse(textOf('cameras.json'));
  const views = async (change: (camera: Record<string, number[]>) => void) => {
    const changed = structuredClone(tables);
    for (const camera of Object.values(changed).flat()) change(camera as Record<string, number[]>);
    return human36mViews({
      poses: await poses(),
      pixels: await pixels(),
      cameras: readHuman36mCameras(JSON.stringify(changed)),
      split: HUMAN36M_SPLITS.standard,
      part: 'test',
    });
  };
  await expect(
    views((camera) => {
      const [w, x, y, z] = camera.orientation as [number, number, number, number];
      camera.orientation = [w, -x, -y, -z];
    }),
  ).rejects.toThrow(/S9, Walking 1, camera 1: the camera shows the poses .*Are its rotation/);
  await expect(
    views((camera) => {
      camera.translation = camera.translation!.map((v) => v / 1000);
    }),
  ).rejects.toThrow(/the camera shows the poses/);
  await expect(
    views((camera) => {
      camera.orientation = [1, 1, 0, 0];
    }),
  ).rejects.toThrow(/S1, camera 0: orientation has length 1.414; a quaternion/);
  delete tables.S9;
  await expect(views(() => {})).rejects.toThrow(
    /S9, Walking 1 has 4 views, the cameras file has 0/,
  );
});

test('a folder of images with JSON annotations gives what the npz files give', async () => {
  const read = (name: string) => Promise.resolve(textOf(`annotations/${name}`));
  const images = await readHuman36mAnnotations(read, {
    split: { train: ['S1'], test: ['S9'] },
    part: 'test',
  });
  expect(images.length).toBe(2 * 2 * 4);
  const views = human36mViews({
    poses: await poses(),
    pixels: await pixels(),
    cameras: cameras(),
    split: { train: [], test: ['S9'] },
    part: 'test',
  });
  const [first, second] = images;
  expect(first!.name).toBe('s_09_act_02_subact_01_ca_01/s_09_act_02_subact_01_ca_01_000001.jpg');
  expect([first!.take.subject, first!.action, first!.width, first!.height]).toEqual([
    'S9',
    'Directions',
    1000,
    1002,
  ]);
  first!.pose.forEach((v, i) => expect(v).toBeCloseTo(views.pose3d[i]!, 4));
  expect(project(first!.camera, first!.pose)).toEqual(first!.joints);
  expect(first!.camera.fx).toBe(1145.5);
  expect([...second!.confidence].map((c, j) => (c < 1 ? JOINTS[j] : '')).join('')).toBe(
    'leftWrist',
  );
  const some = await readHuman36mAnnotations(read, {
    split: { train: ['S1'], test: ['S9'], camera: 0 },
    part: 'train',
    every: 2,
  });
  expect(some.map(({ name }) => name.slice(-10))).toEqual([
    '000001.jpg',
    '000003.jpg',
    '000001.jpg',
    '000003.jpg',
  ]);
  expect(some.every(({ name }) => name.includes('_ca_01_'))).toBe(true);
});

test('annotations that do not fit together are named', async () => {
  const changed = (file: string, change: (json: never) => void) => async (name: string) => {
    const json = JSON.parse(textOf(`annotations/${name}`));
    if (name.includes(file)) change(json as never);
    return JSON.stringify(json);
  };
  const read = (text: (name: string) => Promise<string>) =>
    readHuman36mAnnotations(text, { split: { train: [], test: ['S9'] }, part: 'test' });
  await expect(
    read(changed('joint_3d', (json: Record<string, unknown>) => delete json['3'])),
  ).rejects.toThrow(/is frame 0 of action 3, 1, for which Human36M_subject9_joint_3d.json has no/);
  await expect(
    read(changed('camera', (json: Record<string, unknown>) => delete json['4'])),
  ).rejects.toThrow(/is of camera 4, which Human36M_subject9_camera.json lacks/);
  await expect(
    read(
      changed('camera', (json: Record<string, { R: number[][] }>) => {
        json['1']!.R[0] = [2, 0, 0];
      }),
    ),
  ).rejects.toThrow(/camera 1: R is no rotation/);
});

test('splits are known by name', () => {
  expect(splitNamed('calda')).toMatchObject({ test: ['S8', 'S9', 'S11'] });
  expect(() => splitNamed('mine')).toThrow("no split 'mine', only standard, calda");
});
