import { expect, test } from 'vitest';
import { cameraOf, poseOf } from '../../src/data/image_truth.ts';
import { JOINTS } from '../../src/pose/skeleton.ts';

const size = { width: 200, height: 100 };

test('cameras in the forms in which they go round', () => {
  const plain = { ...size, fx: 150, fy: 160, cx: 90, cy: 55 };
  expect(cameraOf({ fx: 150, fy: 160, cx: 90, cy: 55 }, size)).toEqual(plain);
  expect(cameraOf({ f: [150, 160], c: [90, 55] }, size)).toEqual(plain);
  const K = [
    [150, 0, 90],
    [0, 160, 55],
    [0, 0, 1],
  ];
  expect(cameraOf({ K }, size)).toEqual(plain);
  expect(cameraOf({ fx: 150 }, size)).toEqual({ ...size, fx: 150, fy: 150, cx: 100, cy: 50 });
  expect(cameraOf({ fov: 90 }, size).fx).toBeCloseTo(100);
  expect(cameraOf({ f35: 36 }, size).fx).toBeCloseTo(200);
  const video = {
    focal_length: [1145, 1143],
    center: [512, 515],
    radial_distortion: [-0.2, 0.24, -0.003],
    tangential_distortion: [-0.001, -0.0014],
    res_w: 1000,
    res_h: 1002,
  };
  expect(cameraOf(video, size)).toEqual({
    width: 1000,
    height: 1002,
    fx: 1145,
    fy: 1143,
    cx: 512,
    cy: 515,
    distortion: { k1: -0.2, k2: 0.24, k3: -0.003, p1: -0.001, p2: -0.0014 },
  });
  expect(cameraOf({ fx: 1, distortion: { k1: 0.5 } }, size).distortion).toEqual({
    k1: 0.5,
    k2: 0,
    k3: 0,
    p1: 0,
    p2: 0,
  });
  expect(() => cameraOf({ focal: 3 }, size)).toThrow(/one of fx, K, f, focal_length, fov, f35/);
  expect(() => cameraOf({ fx: 'wide' }, size)).toThrow('fx is "wide"; it must be a number');
});

test('poses by name, in several skeletons and units', () => {
  const named = Object.fromEntries(JOINTS.map((name, j) => [name, [0.01 * j, 0.02 * j, 3]]));
  const pose = poseOf({ joints: named }, 1, 'coco17');
  expect([...pose.slice(3, 6)]).toEqual([0.01, 0.02, 3]);
  const array = JOINTS.map((_, j) => [10 * j, 20 * j, 3000]);
  poseOf(array, 0.001, 'h36m17').forEach((v, i) => expect(v).toBeCloseTo(pose[i]!, 12));
  const raw = Array.from({ length: 32 }, (_, j) => [j, 0, 3000]);
  expect(poseOf(raw, 0.001, 'coco17')[3 * 16]).toBeCloseTo(0.027);
  expect(() => poseOf(array, 1, 'h36m17')).toThrow(/m from the pelvis.*--pose-unit/);
  expect(() => poseOf({ left_knee: [0, 0, 1], right_hip: [0, 0, 1] }, 1, 'names')).toThrow(
    /pelvis cannot be made/,
  );
  expect(() => poseOf(array.slice(3), 1, 'h36m17')).toThrow(/14 joints are no h36m17/);
});
