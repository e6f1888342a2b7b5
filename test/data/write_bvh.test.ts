/** Poses go into a BVH file and come back, by this project's reader and by that of three.js. */

import type { Bone } from 'three';
import { BVHLoader } from 'three/addons/loaders/BVHLoader.js';
import { expect, test } from 'vitest';
import { samplePose } from '../../src/data/body/sample.ts';
import { parseBvh, placeBvh } from '../../src/data/bvh.ts';
import { writeBvh } from '../../src/data/write_bvh.ts';
import { JOINTS } from '../../src/pose/skeleton.ts';

const people = Array.from({ length: 40 }, (_, i) => samplePose(5, i).joints);

test('a pose comes back by the reader of this project', () => {
  for (const pose of people) {
    const bvh = parseBvh(writeBvh(pose));
    const { positions } = placeBvh(bvh, 0);
    JOINTS.forEach((name, i) => {
      const at = positions[bvh.nodes.findIndex((node) => node.name === name)]!;
      at.forEach((value, axis) => expect(value / 100).toBeCloseTo(pose[3 * i + axis]!, 5));
    });
  }
});

test('three.js places the joints where they are', () => {
  for (const pose of people.slice(0, 10)) {
    const { skeleton, clip } = new BVHLoader().parse(writeBvh(pose));
    for (const { name, values } of clip.tracks) {
      const [bone, property] = name.split('.');
      const target = skeleton.bones.find((one) => one.name === bone)!;
      if (property === 'position') target.position.fromArray(values);
      else target.quaternion.fromArray(values);
    }
    skeleton.bones[0]!.updateMatrixWorld(true);
    const found = (name: string): Bone => skeleton.bones.find((bone) => bone.name === name)!;
    JOINTS.forEach((name, i) => {
      const { elements } = found(name).matrixWorld;
      for (let axis = 0; axis < 3; axis++)
        expect(elements[12 + axis]! / 100).toBeCloseTo(pose[3 * i + axis]!, 4);
    });
  }
});

test('at rest the person stands in a T-pose with the lengths of the bones', () => {
  const { nodes } = parseBvh(writeBvh(people[0]!));
  const offset = (name: string) => nodes.find((node) => node.name === name)!.offset;
  const [p, distance] = [
    people[0]!,
    (a: number, b: number) =>
      100 * Math.hypot(...[0, 1, 2].map((k) => p[3 * a + k]! - p[3 * b + k]!)),
  ];
  expect(offset('leftKnee')).toEqual([0, expect.closeTo(-distance(4, 5), 4), 0]);
  expect(offset('rightWrist')).toEqual([expect.closeTo(-distance(15, 16), 4), 0, 0]);
  expect(offset('leftElbow')).toEqual([expect.closeTo(distance(11, 12), 4), 0, 0]);
});

test('frames follow each other at their rate', () => {
  const bvh = parseBvh(writeBvh([...people[0]!, ...people[0]!], 25));
  expect([bvh.frameCount, bvh.frameTime]).toEqual([2, 0.04]);
  expect(placeBvh(bvh, 1)).toEqual(placeBvh(bvh, 0));
});

test('what is no pose is refused', () => {
  expect(() => writeBvh([])).toThrow('0 numbers are no poses of 17 x 3');
  expect(() => writeBvh(new Float64Array(50))).toThrow('50 numbers');
  expect(() => writeBvh(people[0]!.map((v, i) => (i === 7 ? Number.NaN : v)))).toThrow(
    'rightKnee of frame 0 is not finite',
  );
});
