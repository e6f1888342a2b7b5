import { describe, expect, it } from 'vitest';
import { ANGLE_COUNT, HIGH, LOW } from '../../src/data/body/angles.ts';
import { meanBuild, sampleBuild } from '../../src/data/body/build.ts';
import { sampleCamera } from '../../src/data/body/camera.ts';
import { sampleDetection } from '../../src/data/body/detection.ts';
import { FAMILIES } from '../../src/data/body/families.ts';
import { emptyBody, poseBody } from '../../src/data/body/kinematics.ts';
import { bodyJoints, soles } from '../../src/data/body/landmarks.ts';
import { centreOfMass, isBalanced, lowest } from '../../src/data/body/plausible.ts';
import { samplePose } from '../../src/data/body/sample.ts';
import { randomAt } from '../../src/data/random.ts';
import { fieldOfView, project, worldToCamera } from '../../src/pose/camera.ts';
import { convertPose } from '../../src/pose/convert.ts';
import { JOINT_SETS } from '../../src/pose/joint_sets.ts';
import { cross, dot, length, subtract, type Vector3 } from '../../src/pose/linear.ts';
import { BONES, boneLengths, JOINT, JOINTS, type Joint } from '../../src/pose/skeleton.ts';

const poses = Array.from({ length: 3000 }, (_, i) => samplePose(1, i));
const at = (joints: ArrayLike<number>, joint: Joint | number): Vector3 => {
  const i = 3 * (typeof joint === 'number' ? joint : JOINT[joint]);
  return [joints[i]!, joints[i + 1]!, joints[i + 2]!];
};
const degrees = (a: Vector3, b: Vector3) =>
  (Math.acos(Math.max(-1, Math.min(1, dot(a, b) / length(a) / length(b)))) * 180) / Math.PI;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('the sequence of poses', () => {
  it('is random access: any order, any subset, the same numbers', () => {
    for (const i of [2999, 17, 1234]) expect(samplePose(1, i).joints).toEqual(poses[i]!.joints);
    expect(samplePose(2, 17).joints).not.toEqual(poses[17]!.joints);
  });

  it('draws the families by weight, and explores in a tenth', () => {
    const total = Object.values(FAMILIES).reduce((sum, { weight }) => sum + weight, 0);
    for (const [name, { weight }] of Object.entries(FAMILIES)) {
      const share = poses.filter(({ family }) => family === name).length / poses.length;
      expect(Math.abs(share - weight / total)).toBeLessThan(0.025);
    }
    expect(mean(poses.map(({ explored }) => Number(explored)))).toBeCloseTo(0.1, 1);
  });

  it('has no favourite side', () => {
    const sums = (side: 'left' | 'right') =>
      ['Wrist', 'Ankle', 'Knee'].map((part) =>
        mean(poses.map(({ joints }) => at(joints, `${side}${part}` as Joint)[1])),
      );
    const left = sums('left');
    sums('right').forEach((y, i) => {
      expect(Math.abs(y - left[i]!)).toBeLessThan(0.025);
    });
  });
});

describe('the body', () => {
  it('has lengths that do not change with the pose, equal on both sides', () => {
    const build = sampleBuild(randomAt(5));
    const first = boneLengths(samplePose(1, 0, { build }).joints);
    for (let i = 1; i < 20; i++) {
      const lengths = boneLengths(samplePose(1, i, { build }).joints);
      BONES.forEach(({ name }, k) => {
        // neck and head turn about a point that is no joint; clavicles about the breastbone
        if (!/^neck|Clavicle/.test(name)) expect(lengths[k]).toBeCloseTo(first[k]!, 9);
        if (/^(neck|.*Clavicle)/.test(name)) expect(lengths[k]! / first[k]!).toBeCloseTo(1, -0.2);
      });
      expect(lengths[1]).toBeCloseTo(lengths[4]!, 9);
      expect(lengths[11]).toBeCloseTo(lengths[14]!, 9);
    }
  });

  it('has statures of men and women, and measures like those of captured people', () => {
    const builds = poses.map(({ body }) => body.build);
    // the mean of the two normals; their variance is that of each plus that of the means
    expect(mean(builds.map(({ height }) => height))).toBeCloseTo(1.69, 1.5);
    // Human3.6M S1 and the CMU skeleton, metres; hip half-widths there differ by their marker
    // models
    const sources = {
      thigh: [0.4429, 0.3683],
      shank: [0.4542, 0.4541],
      lowerTrunk: [0.2335, 0.2362],
      upperTrunk: [0.2571, 0.281],
      shoulderHalfWidth: [0.151, 0.114],
      upperArm: [0.2789, 0.2823],
      forearm: [0.2517, 0.2368],
      hipHalfWidth: [0.1329, 0.0868],
    };
    for (const [name, values] of Object.entries(sources)) {
      const drawn = builds
        .map((build) => build[name as keyof typeof sources])
        .sort((a, b) => a - b);
      const middle = mean(values);
      expect(drawn[150]!, name).toBeLessThan(middle);
      expect(drawn[2985]!, name).toBeGreaterThan(Math.min(...values));
    }
  });

  it('faces +z at yaw 0, its left at +x, and stands upright with all angles 0', () => {
    const body = emptyBody(meanBuild(1.7));
    poseBody(body, new Float64Array(ANGLE_COUNT), 0);
    const joints = bodyJoints(body);
    expect(at(joints, 'leftHip')[0]).toBeGreaterThan(0);
    expect(at(joints, 'leftWrist')[0]).toBeGreaterThan(0);
    expect(at(joints, 'neck')[2]).toBeGreaterThan(0.08);
    const mpii = bodyJoints(body, 'mpii16');
    const top = mpii[3 * JOINT_SETS.mpii16.indexOf('headTop') + 1]!;
    expect(top - lowest(soles(body))).toBeCloseTo(1.7, 1);
    poseBody(body, new Float64Array(ANGLE_COUNT), Math.PI / 2);
    expect(at(bodyJoints(body), 'neck')[0]).toBeGreaterThan(0.08);
  });

  it('turns each angle the way its name says', () => {
    const move = (angle: number, radians: number) => {
      const body = emptyBody(meanBuild());
      const angles = new Float64Array(ANGLE_COUNT);
      angles[angle] = radians;
      poseBody(body, angles, 0);
      return bodyJoints(body);
    };
    // trunk angles come first: pelvisPitch, pelvisRoll, ...; then the left limb, the right limb
    expect(at(move(0, 0.5), 'head')[2]).toBeGreaterThan(0.2);
    expect(at(move(1, 0.5), 'head')[0]).toBeGreaterThan(0.2);
    expect(at(move(10, 0.5), 'neck')[0]).toBeGreaterThan(0.03);
    for (const [side, first, sign] of [
      ['left', 11, 1],
      ['right', 24, -1],
    ] as const) {
      const rest = move(0, 0);
      const moved = (angle: number, joint: string) =>
        subtract(
          at(move(first + angle, 0.5), `${side}${joint}` as Joint),
          at(rest, `${side}${joint}` as Joint),
        );
      expect(moved(0, 'Shoulder')[1]).toBeGreaterThan(0.02);
      expect(moved(1, 'Shoulder')[2]).toBeGreaterThan(0.02);
      expect(moved(2, 'Wrist')[2]).toBeGreaterThan(0.1);
      expect(sign * moved(3, 'Wrist')[0]).toBeGreaterThan(0.1);
      expect(moved(5, 'Wrist')[2]).toBeGreaterThan(0.05);
      expect(moved(8, 'Ankle')[2]).toBeGreaterThan(0.2);
      expect(sign * moved(9, 'Ankle')[0]).toBeGreaterThan(0.2);
      expect(moved(11, 'Ankle')[2]).toBeLessThan(-0.1);
    }
  });

  it('bends knees backward and elbows and knees no further than people can', () => {
    for (const { joints, body } of poses) {
      const blaze = bodyJoints(body, 'blazepose33');
      const names: readonly string[] = JOINT_SETS.blazepose33;
      for (const side of ['left', 'right'] as const) {
        const [hip, knee, ankle] = (['Hip', 'Knee', 'Ankle'] as const).map((part) =>
          at(joints, `${side}${part}`),
        ) as [Vector3, Vector3, Vector3];
        const bend = degrees(subtract(knee, hip), subtract(ankle, knee));
        expect(bend).toBeLessThan(146);
        const [shoulder, elbow, wrist] = (['Shoulder', 'Elbow', 'Wrist'] as const).map((part) =>
          at(joints, `${side}${part}`),
        ) as [Vector3, Vector3, Vector3];
        expect(degrees(subtract(elbow, shoulder), subtract(wrist, elbow))).toBeLessThan(151);
        if (bend < 10) continue;
        // toes show where forward is: the thigh must lie on that side of the shank's line
        const toe = at(blaze, names.indexOf(`${side}FootIndex`));
        const heel = at(blaze, names.indexOf(`${side}Heel`));
        const hinge = cross(subtract(knee, ankle), subtract(toe, heel));
        const forward = cross(hinge, subtract(knee, ankle));
        expect(dot(forward, subtract(hip, knee))).toBeLessThan(0);
      }
    }
  });

  it('holds its head on top, the face forward, left and right as they should be', () => {
    for (const { joints } of poses) {
      const up = subtract(at(joints, 'thorax'), at(joints, 'spine'));
      const neck = subtract(at(joints, 'head'), at(joints, 'thorax'));
      expect(degrees(up, neck)).toBeLessThan(80);
      const left = subtract(at(joints, 'leftShoulder'), at(joints, 'rightShoulder'));
      const forward = cross(left, up);
      const nose = subtract(at(joints, 'neck'), at(joints, 'head'));
      expect(degrees(forward, nose)).toBeLessThan(140);
    }
  });

  it('agrees with the converter: BlazePose joints of a body give its Human3.6M joints', () => {
    const errors = JOINTS.map(() => 0);
    for (const { joints, body } of poses.slice(0, 300)) {
      const converted = convertPose('blazepose33', 'h36m17', bodyJoints(body, 'blazepose33'), 3);
      expect(converted.missing).toEqual([]);
      JOINTS.forEach((_, i) => {
        errors[i]! += length(subtract(at(converted.points, i), at(joints, i))) / 300;
      });
    }
    JOINTS.forEach((name, i) => {
      const derived = { spine: 0.05, thorax: 0.03, head: 0.03 }[name as string] ?? 1e-9;
      expect(errors[i], name).toBeLessThan(derived);
    });
  });

  it('has every joint of every skeleton', () => {
    for (const set of Object.keys(JOINT_SETS) as (keyof typeof JOINT_SETS)[])
      expect(bodyJoints(poses[0]!.body, set).every(Number.isFinite)).toBe(true);
  });
});

describe('plausibility', () => {
  it('stands on the floor', () => {
    for (const { joints, body, family } of poses) {
      const low = lowest(soles(body));
      expect(low).toBeGreaterThan(-1e-9);
      expect(lowest(joints)).toBeGreaterThan(0);
      if (/balanced|moving/.test(FAMILIES[family].support)) expect(low).toBeCloseTo(0, 9);
    }
  });

  it('keeps limbs out of each other, by brute force over points of their axes', () => {
    const pairs: [Joint, Joint, number][] = [
      ['leftElbow', 'spine', 0.07],
      ['rightElbow', 'spine', 0.07],
      ['leftElbow', 'rightElbow', 0.036],
      ['leftKnee', 'rightKnee', 0.054],
    ];
    for (const { joints, height } of poses.slice(0, 500))
      for (const [a, b, radii] of pairs) {
        let nearest = Infinity;
        for (let i = 0; i <= 20; i++)
          for (let j = 0; j <= 20; j++) {
            const point = (joint: number, t: number) =>
              at(joints, joint).map((x, k) => x + t * (at(joints, joint + 1)[k]! - x));
            const [p, q] = [point(JOINT[a], i / 20), point(JOINT[b], j / 20)];
            nearest = Math.min(nearest, Math.hypot(p[0]! - q[0]!, p[1]! - q[1]!, p[2]! - q[2]!));
          }
        expect(nearest).toBeGreaterThan(radii * height - 0.02 - 1e-9);
      }
  });

  it('knows what falls over', () => {
    const body = emptyBody(meanBuild(1.7));
    poseBody(body, new Float64Array(ANGLE_COUNT), 0);
    const joints = bodyJoints(body);
    // upright with all joints in one plane: the mass lies over it
    const [x, z] = centreOfMass(joints);
    expect(x).toBeCloseTo(0, 9);
    expect(Math.abs(z)).toBeLessThan(0.03);
    expect(isBalanced(joints, soles(body))).toBe(true);
    const shifted = soles(body).map((v, i) => (i % 3 === 2 ? v - 0.3 : v));
    expect(isBalanced(joints, shifted)).toBe(false);
    // one foot lifted: the other must be under the mass
    const lifted = soles(body).map((v, i) => (i % 3 === 1 && i < 6 ? v + 0.2 : v));
    expect(isBalanced(joints, lifted, 0.02)).toBe(false);
  });

  it('stays within the joint limits', () => {
    expect(LOW.every((low, i) => low < HIGH[i]! && low >= -Math.PI && HIGH[i]! <= Math.PI)).toBe(
      true,
    );
  });
});

describe('cameras and detections', () => {
  it('sees all of the person, at the size and angles it says', () => {
    const fills: number[] = [];
    for (const [index, { joints, height }] of poses.slice(0, 400).entries()) {
      const view = sampleCamera(1, index, joints, height);
      const { width, height: rows } = view.camera;
      view.pixels.forEach((value, i) => {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(i % 2 === 0 ? width : rows);
      });
      const fov = fieldOfView(view.camera);
      const longer = Math.max(fov.horizontal, fov.vertical);
      expect(longer).toBeGreaterThan(34.9);
      expect(longer).toBeLessThan(75.1);
      expect(project(view.camera, worldToCamera(view.extrinsics, joints))).toEqual(view.pixels);
      // the world's up is up in the picture
      expect(view.extrinsics.rotation[4]).toBeLessThan(-0.3);
      const depth = mean([...view.pose3d].filter((_, i) => i % 3 === 2));
      fills.push((view.camera.fy * height) / depth / rows);
    }
    fills.sort((a, b) => a - b);
    expect(fills[20]).toBeGreaterThan(0.25);
    expect(fills[380]).toBeLessThan(1.1);
    expect(sampleCamera(1, 3, poses[3]!.joints, 1.7)).toEqual(
      sampleCamera(1, 3, poses[3]!.joints, 1.7),
    );
  });

  it('has the cameras of Human3.6M', () => {
    for (const [index, { joints, height }] of poses.slice(0, 50).entries()) {
      const { camera, pose3d } = sampleCamera(1, index, joints, height, { preset: 'h36m' });
      expect(camera.fx).toBe(1145);
      expect(pose3d[2]).toBeGreaterThan(3);
    }
  });

  it('errs as detectors do', () => {
    const { joints, height } = poses[0]!;
    const { pixels } = sampleCamera(1, 0, joints, height);
    const side = (axis: number) => {
      const values = [...pixels].filter((_, i) => i % 2 === axis);
      return Math.max(...values) - Math.min(...values);
    };
    const box = Math.max(side(0), side(1));
    const errors: [number, number][] = [];
    let missing = 0;
    for (let i = 0; i < 2000; i++) {
      const found = sampleDetection(9, i, pixels);
      for (let joint = 0; joint < 17; joint++) {
        const x = found.pixels[2 * joint]!;
        if (Number.isNaN(x)) {
          missing++;
          expect(found.confidence[joint]).toBe(0);
        } else if (joint === JOINT.head)
          errors.push([Math.abs(x - pixels[2 * joint]!) / box, found.confidence[joint]!]);
      }
    }
    expect(missing / 34_000).toBeCloseTo(0.04, 2);
    // the median of |N(0, s)| is 0.6745 s
    const sorted = errors.map(([error]) => error).sort((a, b) => a - b);
    expect(sorted[sorted.length >> 1]! / 0.6745).toBeCloseTo(0.012, 2.5);
    const sure = (part: [number, number][]) => mean(part.map(([, confidence]) => confidence));
    expect(sure(errors.filter(([error]) => error > 0.05))).toBeLessThan(
      sure(errors.filter(([error]) => error < 0.01)) - 0.1,
    );
  });
});
