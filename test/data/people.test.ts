import { expect, test } from 'vitest';
import {
  hasPelvis,
  human36mJoints,
  mostConfident,
  peopleOf,
  readPeopleFile,
  yoloPeople,
} from '../../src/data/people.ts';
import { JOINT_SETS } from '../../src/pose/joint_sets.ts';
import { JOINT } from '../../src/pose/skeleton.ts';

/** COCO's list of numbers for a person whose joint j lies at (10 j + x, 5 j). */
const coco = (x = 0, third: (j: number) => number = () => 2) =>
  JOINT_SETS.coco17.flatMap((_, j) => [10 * j + x, 5 * j, third(j)]);
const [leftHip, rightHip] = ['leftHip', 'rightHip'].map((n) => JOINT_SETS.coco17.indexOf(n));

test('a COCO file is found by name and number, with sizes, flags and without crowds', () => {
  const file = {
    images: [
      { id: 7, file_name: 'a/000000000785.jpg', width: 640, height: 425 },
      { id: 8, file_name: 'empty.jpg', width: 640, height: 425 },
    ],
    annotations: [
      { image_id: 7, iscrowd: 1, keypoints: coco(500) },
      { image_id: 7, keypoints: coco(3, (j) => (j === 0 ? 0 : j === 1 ? 1 : 2)) },
      { image_id: 7, keypoints: coco(0, () => 0) },
    ],
  };
  const people = readPeopleFile(JSON.stringify(file));
  expect(people.find('empty.jpg')).toEqual([]);
  expect(people.find('other.jpg')).toBeUndefined();
  expect(people.find('785.jpg')).toBeUndefined();
  const [person, ...more] = people.find('a/000000000785.jpg')!;
  expect(more).toEqual([]);
  expect([person!.width, person!.height, person!.skeleton]).toEqual([640, 425, 'coco17']);
  expect([...person!.confidence.slice(0, 3)]).toEqual([0, 0.5, 1]);
  expect(person!.pixels[0]).toBeNaN();
  expect([...person!.pixels.slice(2, 6)]).toEqual([13, 5, 23, 10]);
});

test('detections are found by the number of the image, and the most confident person counts', () => {
  const detections = [
    { image_id: 785, score: 0.3, keypoints: coco(1, () => 0.99) },
    { image_id: 785, score: 0.9, keypoints: coco(2, (j) => (j === 5 ? 1.02 : 0.4)) },
    { image_id: 12, score: 1, keypoints: coco(3) },
  ];
  const people = readPeopleFile(JSON.stringify(detections));
  const person = mostConfident(people.find('photos/000000000785.png')!)!;
  expect(person.pixels[0]).toBe(2);
  expect(person.confidence[5]).toBe(1);
  expect(person.confidence[4]).toBe(0.4);
  expect(people.find('x/12.jpg', true)).toBeUndefined();
});

test('where there are no scores, the joints are asked, then the size', () => {
  const sure = peopleOf([
    { keypoints: coco(0, () => 0.5) },
    { keypoints: coco(1, () => 0.8) },
    { keypoints: coco(2, () => 0.7) },
  ]);
  expect(mostConfident(sure)!.pixels[0]).toBe(1);
  const small = { keypoints: coco().map((v, i) => (i % 3 < 2 ? v / 2 : v)) };
  expect(mostConfident(peopleOf([small, { keypoints: coco(4) }]))!.pixels[0]).toBe(4);
  expect(mostConfident([])).toBeUndefined();
});

test('a category may name its own joints', () => {
  const names = ['right_hip', 'left_hip', 'nose'];
  const file = {
    images: [{ id: 1, file_name: 'a.jpg' }],
    categories: [{ id: 1, name: 'person', keypoints: names }],
    annotations: [{ image_id: 1, category_id: 1, keypoints: [1, 2, 2, 3, 4, 2, 5, 6, 2] }],
  };
  const [person] = readPeopleFile(JSON.stringify(file)).find('a.jpg')!;
  const { joints, confidence } = human36mJoints(person!);
  expect([...joints.slice(0, 4)]).toEqual([2, 3, 1, 2]);
  expect(confidence[JOINT.pelvis]).toBe(1);
  expect(confidence[JOINT.leftKnee]).toBe(0);
  expect(hasPelvis(person!)).toBe(true);
});

test('arrays have the order that is said, unless the file says another or names must be', () => {
  const array = JOINT_SETS.coco17.map((_, j) => [j, 2 * j]);
  expect(peopleOf(array)[0]!.skeleton).toBe('coco17');
  expect(peopleOf(array, 'h36m17')[0]!.skeleton).toBe('h36m17');
  expect(peopleOf({ skeleton: 'mpi3dhp17', joints: array }, 'h36m17')[0]!.skeleton).toBe(
    'mpi3dhp17',
  );
  expect(peopleOf([array, array])).toHaveLength(2);
  expect(() => peopleOf(array, 'names')).toThrow(/no names.*--joint-order/);
  expect(peopleOf({ left_hip: [1, 2], right_hip: [3, 4] }, 'names')).toHaveLength(1);
  expect(peopleOf(null)).toEqual([]);
  expect(peopleOf([])).toEqual([]);
});

test('a joint that is made of several is as sure as the least of them; one hip gives no pelvis', () => {
  const person = peopleOf({ keypoints: coco(0, (j) => (j === leftHip ? 0.3 : 0.9)) })[0]!;
  expect(human36mJoints(person).confidence[JOINT.pelvis]).toBeCloseTo(0.3);
  const lame = peopleOf({ keypoints: coco(0, (j) => (j === rightHip ? 0 : 0.9)) })[0]!;
  expect(hasPelvis(lame)).toBe(false);
});

test('YOLO labels: shares of the size, with and without visibility, confidence and track', () => {
  const shares = JOINT_SETS.coco17.map((_, j) => [0.05 * j, 0.5, j === 0 ? 0 : 2]);
  const box = [0, 0.5, 0.5, 0.2, 0.4];
  const [flagged] = yoloPeople([...box, ...shares.flat()].join(' '));
  expect([flagged!.normalised, flagged!.score]).toEqual([true, undefined]);
  expect([...flagged!.confidence.slice(0, 2)]).toEqual([0, 1]);
  expect(flagged!.pixels[2]).toBe(0.05);
  const seen = shares.map(([x, y, v]) => (v ? [x, y] : [0, 0]));
  const two = yoloPeople(
    `${[...box, ...seen.flat(), 0.7, 3].join(' ')}\n${[...box, ...shares.flat(), 0.8].join(' ')}\n`,
  );
  expect(two.map(({ score }) => score)).toEqual([0.7, 0.8]);
  expect(two[0]!.pixels[0]).toBeNaN();
  expect(yoloPeople('\n')).toEqual([]);
  expect(() => yoloPeople('0 0.5 0.5 0.1 0.1')).toThrow(/line 1 has 5 values/);
  expect(() => yoloPeople([...box, ...shares.flat().map((v) => 100 * v)].join(' '))).toThrow(
    /coordinate 50; those of YOLO labels are shares/,
  );
});

test('what is no file of people is refused in one sentence', () => {
  expect(() => readPeopleFile('{')).toThrow(/not JSON/);
  expect(() => readPeopleFile('[{}]')).toThrow(/entry 0 of the list has no image_id/);
  expect(() => readPeopleFile('3')).toThrow(/expected an object by image name/);
  expect(() => peopleOf({ keypoints: [1, 2, 3] })).toThrow(/has 3 keypoint numbers; coco17 has 17/);
  expect(() => peopleOf({ keypoints: coco().map(() => 'x') })).toThrow(/finite numbers/);
});
