import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertNamedJoints, convertPose, derivations } from '../../src/pose/convert.ts';
import {
  canonicalJointName,
  detectJointSet,
  JOINT_SETS,
  type JointSetName,
} from '../../src/pose/joint_sets.ts';
import { JOINT, JOINTS } from '../../src/pose/skeleton.ts';

const SETS = Object.keys(JOINT_SETS) as JointSetName[];
const DATA = process.env.KINEGRAD_DATA ?? join(import.meta.dirname, '../../../shared/data');

/**
 * Metres, x to the person's left, y up, z forward: a person of 1.75 m, by hand, in the terms of
 * every skeleton at once.
 */
const PERSON: Record<string, [number, number, number]> = {
  nose: [0, 1.58, 0.12],
  ...both('EyeInner', 0.015, 1.62, 0.11),
  ...both('Eye', 0.03, 1.62, 0.105),
  ...both('EyeOuter', 0.045, 1.62, 0.1),
  ...both('Ear', 0.07, 1.61, 0.01),
  ...both('Mouth', 0.025, 1.54, 0.1),
  ...both('Shoulder', 0.17, 1.41, 0),
  ...both('Elbow', 0.25, 1.13, -0.03),
  ...both('Wrist', 0.27, 0.9, 0.05),
  ...both('Hand', 0.27, 0.8, 0.08),
  ...both('Pinky', 0.29, 0.82, 0.06),
  ...both('Index', 0.26, 0.82, 0.1),
  ...both('Thumb', 0.24, 0.86, 0.09),
  ...both('Clavicle', 0.05, 1.42, 0.02),
  ...both('Hip', 0.1, 0.93, 0),
  ...both('Knee', 0.11, 0.5, 0.02),
  ...both('Ankle', 0.11, 0.08, -0.02),
  ...both('Heel', 0.11, 0.03, -0.07),
  ...both('FootIndex', 0.12, 0.02, 0.14),
  ...both('Foot', 0.12, 0.03, 0.1),
  ...both('Toe', 0.12, 0.02, 0.15),
  pelvis: [0, 0.93, 0],
  thorax: [0, 1.42, 0],
  neck: [0, 1.46, 0.01],
  upperNeck: [0, 1.5, 0.02],
  head: [0, 1.6, 0.08],
  headTop: [0, 1.75, 0.02],
  spine: [0, 1.17, 0.01],
  spine2: [0, 1.1, 0],
  spine3: [0, 1.2, 0],
  spine4: [0, 1.35, 0],
};

function both(part: string, x: number, y: number, z: number) {
  return { [`left${part}`]: [x, y, z], [`right${part}`]: [-x, y, z] } as Record<
    string,
    [number, number, number]
  >;
}

const pose = (set: JointSetName) => JOINT_SETS[set].flatMap((name) => PERSON[name]!);

describe('joint sets', () => {
  it('have the orders of their authors', () => {
    expect(JOINT_SETS.coco17.indexOf('leftShoulder')).toBe(5);
    expect(JOINT_SETS.coco17.indexOf('rightAnkle')).toBe(16);
    expect(JOINT_SETS.mpii16.indexOf('headTop')).toBe(9);
    expect(JOINT_SETS.blazepose33.indexOf('rightEar')).toBe(8);
    expect(JOINT_SETS.blazepose33.indexOf('leftHip')).toBe(23);
    expect(JOINT_SETS.blazepose33.indexOf('rightFootIndex')).toBe(32);
    expect(JOINT_SETS.mpi3dhp17.indexOf('pelvis')).toBe(14);
    expect(JOINT_SETS.mpi3dhp28.indexOf('rightKnee')).toBe(24);
    for (const set of SETS) {
      expect(JOINT_SETS[set]).toHaveLength(Number(set.slice(-2)));
      expect(new Set(JOINT_SETS[set]).size).toBe(JOINT_SETS[set].length);
    }
  });

  it('know a joint in any spelling', () => {
    for (const name of ['left_eye_inner', 'Left Eye Inner', 'LEFT_EYE_INNER', 'left eye (inner)'])
      expect(canonicalJointName(name)).toBe('leftEyeInner');
    expect(canonicalJointName('mouth (right)')).toBe('rightMouth');
    expect(canonicalJointName('rightFootIndex')).toBe('rightFootIndex');
    expect(detectJointSet(['leftEar', 'rightAnkle'])).toBe('coco17');
    expect(detectJointSet([...JOINT_SETS.blazepose33])).toBe('blazepose33');
    expect(() => detectJointSet(['leftEar', 'tail'])).toThrow(/lacks tail/);
  });
});

describe('conversion', () => {
  it.each(SETS.flatMap((from) => SETS.map((to) => [from, to] as const)))(
    'from %s to %s keeps sides, signs and place, and says what it did',
    (from, to) => {
      const { points, joints, missing } = convertPose(from, to, pose(from), 3);
      joints.forEach(({ joint, kind, weights }, i) => {
        expect(joint).toBe(JOINT_SETS[to][i]);
        const at = points.subarray(3 * i, 3 * i + 3);
        if (kind === 'missing') {
          expect(at).toEqual(new Float64Array(3).fill(NaN));
          return;
        }
        const sum = Object.values(weights).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(1, 9);
        if (joint.startsWith('left')) expect(at[0]).toBeGreaterThan(0);
        else if (joint.startsWith('right')) expect(at[0]).toBeLessThan(0);
        else expect(at[0]).toBeCloseTo(0, 9);
        expect(at[1]).toBeGreaterThan(0);
      });
      expect(missing).toEqual(joints.flatMap((d) => (d.kind === 'missing' ? [d.joint] : [])));
      // a shifted person gives shifted joints
      const shifted = convertPose(
        from,
        to,
        pose(from).map((x) => x + 5),
        3,
      ).points;
      shifted.forEach((x, i) => {
        if (!Number.isNaN(x)) expect(x).toBeCloseTo(points[i]! + 5, 9);
      });
    },
  );

  it.each(SETS)('from %s finds all of Human3.6M, where a body has it', (from) => {
    const { points, missing } = convertPose(from, 'h36m17', pose(from), 3);
    expect(missing).toEqual([]);
    const height = (joint: keyof typeof JOINT) => points[3 * JOINT[joint] + 1]!;
    expect(height('pelvis')).toBeCloseTo(0.93, 9);
    expect(height('spine')).toBeGreaterThan(1.1);
    expect(height('spine')).toBeLessThan(1.25);
    if (from === 'h36m17') return;
    expect(height('thorax')).toBeGreaterThan(1.41);
    expect(height('neck')).toBeGreaterThan(height('thorax'));
    expect(height('head')).toBeGreaterThan(height('neck'));
  });

  it('maps COCO to Human3.6M by the table of the field', () => {
    const coco = Float64Array.from({ length: 34 }, (_, i) => i);
    const { points } = convertPose('coco17', 'h36m17', coco, 2);
    const table = { 1: 12, 2: 14, 3: 16, 4: 11, 5: 13, 6: 15, 9: 0, 11: 5, 13: 9, 14: 6, 16: 10 };
    for (const [to, from] of Object.entries(table))
      expect(points[2 * Number(to)]).toBeCloseTo(2 * from, 12);
    expect(points[0]).toBeCloseTo(2 * 11.5, 12);
  });

  it('places the head of a turned face with the face', () => {
    const level = convertPose('coco17', 'h36m17', pose('coco17'), 3).points;
    const head = level.subarray(3 * JOINT.head, 3 * JOINT.head + 3);
    // above and behind the nose, as in Human3.6M-17
    expect(head[1]! - 1.58).toBeGreaterThan(0.05);
    expect(head[1]! - 1.58).toBeLessThan(0.1);
    expect(head[2]! - 0.12).toBeLessThan(-0.05);
    expect(head[2]! - 0.12).toBeGreaterThan(-0.12);
  });

  it('makes do with one ear, no face, or says what is missing', () => {
    const without = (...hidden: string[]) =>
      JOINT_SETS.coco17.filter((name) => !hidden.includes(name));
    const find = (present: string[], joint: string) =>
      derivations('coco17', 'h36m17', present).find((d) => d.joint === joint)!;
    expect(find(without('leftEar'), 'head').weights.rightEar).toBeCloseTo(0.6, 12);
    expect(find(without('leftEar', 'rightEar'), 'head').kind).toBe('derived');
    expect(find(without('nose'), 'neck').kind).toBe('missing');
    expect(find(without('leftHip'), 'pelvis').kind).toBe('missing');
    expect(find(without('leftHip'), 'leftHip').kind).toBe('missing');
    expect(find(without('leftHip'), 'rightHip').kind).toBe('direct');
    const { missing } = convertPose('h36m17', 'coco17', pose('h36m17'), 3);
    expect(missing).toEqual(['leftEye', 'rightEye', 'leftEar', 'rightEar']);
  });

  it('takes a joint with a NaN for unknown', () => {
    const broken = pose('coco17');
    broken[3 * 9 + 1] = NaN;
    expect(convertPose('coco17', 'h36m17', broken, 3).missing).toEqual(['leftWrist']);
  });

  it('reads joints by name', () => {
    const joints = Object.fromEntries(
      JOINT_SETS.coco17.map((name) => [
        name.replace(/[A-Z]/g, (letter) => '_' + letter.toLowerCase()),
        PERSON[name]!.slice(0, 2),
      ]),
    );
    const { from, points } = convertNamedJoints(joints);
    expect(from).toBe('coco17');
    expect(points[2 * JOINT.leftKnee]).toBe(0.11);
    expect(() => convertNamedJoints({ ...joints, nose: [1] })).toThrow(/found 2, 1|found 1, 2/);
    expect(() => convertNamedJoints(joints, 'h36m17', 'mpii16')).toThrow(
      /mpii16 has no joint "nose"/,
    );
  });

  it('keeps Human3.6M through MPII and back to within the bend of the neck', () => {
    const there = convertPose('h36m17', 'mpii16', pose('h36m17'), 3).points;
    const back = convertPose('mpii16', 'h36m17', there, 3).points;
    JOINTS.forEach((name, i) => {
      if (name !== 'neck')
        expect(Math.abs(back[3 * i + 1]! - pose('h36m17')[3 * i + 1]!)).toBeLessThan(0.06);
    });
  });
});

describe.skipIf(!existsSync(DATA))('real joints (skipped where the shared data is absent)', () => {
  it.each(['skier.jpg', 'yoga.jpg'])('of %s become a whole, ordered skeleton', (photo) => {
    const { joints } = JSON.parse(readFileSync(join(DATA, 'photos/keypoints.json'), 'utf8'))[photo];
    const { points, missing } = convertNamedJoints(joints);
    expect(missing).toEqual([]);
    const y = (joint: keyof typeof JOINT) => points[2 * JOINT[joint] + 1]!;
    const order = ['head', 'neck', 'thorax', 'spine', 'pelvis', 'leftKnee'] as const;
    order.forEach((joint, i) => {
      if (i > 0) expect(y(joint)).toBeGreaterThan(y(order[i - 1]!));
    });
  });

  it('of BlazePose in metres give trunk proportions of the CMU poses', () => {
    const frames: number[][][] = JSON.parse(
      readFileSync(join(DATA, 'mocap_formats/squats_blazepose_3d.json'), 'utf8'),
    );
    const { points } = convertPose('blazepose33', 'h36m17', frames[0]!.flat(), 3);
    // y is down; in the CMU poses thorax, neck and head are at 1.10, 1.32 and 1.46 times the
    // shoulders' height
    const shoulders = (points[3 * 11 + 1]! + points[3 * 14 + 1]!) / 2;
    const relative = (joint: keyof typeof JOINT) => points[3 * JOINT[joint] + 1]! / shoulders;
    expect(Math.abs(relative('thorax') - 1.1)).toBeLessThan(0.04);
    expect(Math.abs(relative('neck') - 1.32)).toBeLessThan(0.08);
    expect(Math.abs(relative('head') - 1.46)).toBeLessThan(0.08);
  });
});
