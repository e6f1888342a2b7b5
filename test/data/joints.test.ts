import { describe, expect, it } from 'vitest';
import { jointsToHuman36m, readJoints } from '../../src/data/joints.ts';
import { JOINT_SETS } from '../../src/pose/joint_sets.ts';
import { JOINT } from '../../src/pose/skeleton.ts';
import { hasData, NEEDS_DATA, textOf } from './dataset.ts';

/** All joints of COCO-17, each at (10 i, i). */
function coco(change: Record<string, unknown> = {}): Record<string, unknown> {
  const joints = JOINT_SETS.coco17.map((name, i) => [name, [10 * i, i]] as const);
  return { ...Object.fromEntries(joints), ...change };
}

describe('readJoints', () => {
  it('takes names in any spelling, an array, and either under joints', () => {
    const plain = readJoints(JSON.stringify(coco()));
    expect(plain.skeleton).toBe('coco17');
    expect([...plain.pixels.slice(0, 4)]).toEqual([0, 0, 10, 1]);
    expect([...plain.confidence]).toEqual(new Array(17).fill(1));
    const snake = Object.entries(coco()).map(([name, point]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      point,
    ]);
    expect(readJoints(JSON.stringify(Object.fromEntries(snake)))).toEqual(plain);
    const nested = { width: 640, height: 480, skeleton: 'coco17', joints: Object.values(coco()) };
    expect(readJoints(JSON.stringify(nested))).toEqual({ ...plain, width: 640, height: 480 });
  });

  it('takes a third number as confidence, and as a depth where it cannot be one', () => {
    const sure = readJoints(JSON.stringify(coco({ nose: [1, 2, 0.25] })));
    expect(sure.confidence[0]).toBe(0.25);
    expect(readJoints(JSON.stringify(coco({ nose: [1, 2, -150] }))).confidence[0]).toBe(1);
  });

  it('marks joints that are null or absent', () => {
    const { nose: _, ...rest } = coco({ leftKnee: null, rightKnee: [null, null] });
    const { pixels, confidence } = readJoints(JSON.stringify(rest));
    for (const joint of ['nose', 'leftKnee', 'rightKnee']) {
      const i = JOINT_SETS.coco17.indexOf(joint as never);
      expect(pixels[2 * i]).toBeNaN();
      expect(confidence[i]).toBe(0);
    }
  });

  it.each<[string, string, RegExp]>([
    ['text that is not JSON', '{', /not JSON/],
    ['a number', '5', /expected an object/],
    ['nothing', '{}', /no joints/],
    ['an unknown joint', JSON.stringify(coco({ tail: [1, 2] })), /tail/],
    ['one number', JSON.stringify(coco({ nose: [1] })), /nose must be \[x, y\]/],
    ['a word', JSON.stringify(coco({ nose: ['a', 'b'] })), /nose must be/],
    ['an unknown skeleton', '{"skeleton":"dog","joints":{"nose":[1,2]}}', /'dog'.*coco17/],
    ['a width of zero', '{"width":0,"joints":{"nose":[1,2]}}', /width is 0/],
    [
      'an array of 17, which may be several',
      `[${'[1,2],'.repeat(16)}[1,2]]`,
      /does not tell its skeleton. Write { "skeleton": "h36m17", .*coco17, mpi3dhp17\.$/,
    ],
    [
      'an array of 5',
      `[${'[1,2],'.repeat(4)}[1,2]]`,
      /5 joints is no whole skeleton; h36m17 has 17/,
    ],
    [
      'fewer than stated',
      '{"skeleton":"mpii16","joints":[[1,2]]}',
      /1 joints .*; mpii16 has 16\.$/,
    ],
    ['a name in two spellings', '{"left_hip":[1,2],"leftHip":[1,2]}', /leftHip is given twice/],
    [
      'several people',
      JSON.stringify({ a: { joints: coco() }, b: { joints: coco() } }),
      /: a, b\./,
    ],
  ])('refuses %s', (_, json, reason) => {
    expect(() => readJoints(json)).toThrow(reason);
  });

  it('refuses an entry that is not there', () => {
    expect(() => readJoints(JSON.stringify({ a: { joints: coco() } }), 'c')).toThrow(
      /no entry 'c', only: a/,
    );
    expect(() => readJoints(JSON.stringify(coco()), 'c')).toThrow(/one person and no entry 'c'/);
  });
});

describe('jointsToHuman36m', () => {
  it('keeps the limbs and puts the pelvis between the hips', () => {
    const pose = jointsToHuman36m(readJoints(JSON.stringify(coco())));
    const at = JOINT_SETS.coco17.indexOf('leftWrist');
    expect([...pose.slice(2 * JOINT.leftWrist, 2 * JOINT.leftWrist + 2)]).toEqual([10 * at, at]);
    const hips = JOINT_SETS.coco17.indexOf('leftHip') + JOINT_SETS.coco17.indexOf('rightHip');
    expect(pose[1]).toBeCloseTo(hips / 2, 12);
  });

  it('names what is missing, also where the confidence is too low', () => {
    const absent = readJoints(JSON.stringify(coco({ leftHip: null, rightElbow: [1, 2, 0.1] })));
    expect(() => jointsToHuman36m(absent)).toThrow(/pelvis.*leftHip.*lack leftHip;/);
    expect(() => jointsToHuman36m(absent, 0.3)).toThrow(
      /spine, rightElbow.*lack rightElbow, leftHip;/,
    );
  });
});

describe.skipIf(!hasData)(`the joints of real images${NEEDS_DATA}`, () => {
  it('come from a file of photos by name', () => {
    const json = textOf('photos/keypoints.json');
    const { width, height, pixels } = readJoints(json, 'yoga.jpg');
    expect([width, height, ...pixels.slice(0, 2)]).toEqual([1000, 667, 460, 283]);
    expect(() => readJoints(json)).toThrow(
      /several people or frames; name one: skier.jpg, yoga.jpg/,
    );
    const pose = jointsToHuman36m(readJoints(json, 'skier.jpg'));
    expect([...pose].every(Number.isFinite)).toBe(true);
    expect([...pose.slice(2 * JOINT.leftKnee, 2 * JOINT.leftKnee + 2)]).toEqual([429, 294]);
  });

  it("come from BlazePose's frames, whose third number is a depth", () => {
    const json = textOf('mocap_formats/squats_blazepose_2d.json');
    const first = readJoints(json, '0');
    expect(first.skeleton).toBe('blazepose33');
    expect(first.pixels[0]).toBeCloseTo(360.10016, 4);
    expect(first.confidence[0]).toBe(1);
    const height = (frame: number) => {
      const pose = jointsToHuman36m(readJoints(json, `${frame}`));
      return pose[2 * JOINT.leftAnkle + 1]! - pose[1]!;
    };
    // a squat: the hips come down towards the ankles by more than a third, and rise again
    const heights = Array.from({ length: 65 }, (_, frame) => height(frame));
    expect(Math.min(...heights)).toBeLessThan(0.65 * Math.max(...heights));
    expect(() => readJoints(json, '65')).toThrow(/no entry '65', only: 0, 1, 2, ..., 64/);
  });
});
