import { describe, expect, it } from 'vitest';
import { type BatchPlan, drawBatch, type PoseSource } from '../../src/data/batches.ts';
import { CAMERAS, viewRotation } from '../../src/data/cameras.ts';
import { randomAt } from '../../src/data/random.ts';
import { lookAt } from '../../src/pose/camera.ts';
import { procrustes } from '../../src/pose/procrustes.ts';
import { BONES, boneLengths, JOINT, MIRROR } from '../../src/pose/skeleton.ts';

/**
 * A person who stands upright, faces +z and points to the left; taller by 1 mm with each index, so
 * that poses can be told apart.
 */
function standing(count: number): PoseSource {
  const pose = [
    [0, 0.9, 0],
    [-0.1, 0.9, 0],
    [-0.1, 0.5, 0.02],
    [-0.1, 0.1, 0],
    [0.1, 0.9, 0],
    [0.1, 0.5, 0.02],
    [0.1, 0.1, 0],
    [0, 1.15, 0],
    [0, 1.4, 0],
    [0, 1.5, 0.1],
    [0, 1.6, 0],
    [0.18, 1.35, 0],
    [0.45, 1.35, 0],
    [0.7, 1.35, 0],
    [-0.18, 1.35, 0],
    [-0.2, 1.05, 0],
    [-0.2, 0.8, 0.05],
  ].flat();
  return {
    count,
    copyPose(index, out) {
      // somewhere in the world
      for (let k = 0; k < 51; k++) out[k] = pose[k]! * (1 + index / 1000) + [5, 0, -7][k % 3]!;
    },
  };
}

const PLAN: BatchPlan & { source: PoseSource } = {
  source: standing(50),
  size: 20,
  seed: 7,
  cameras: 'wide',
};
const pick = (batch: Float32Array, i: number, size: number) =>
  Float64Array.from(batch.subarray(i * 17 * size, (i + 1) * 17 * size));
/** The index of a pose of `standing`, from the length of its right shank. */
const indexOf = (pose: Float64Array) =>
  Math.round(Math.abs(boneLengths(pose)[2]! / Math.hypot(0.4, 0.02) - 1) * 1000);

describe('viewRotation', () => {
  it('is the camera that looks at the person from there', () => {
    const random = randomAt(3);
    for (let i = 0; i < 50; i++) {
      const view = CAMERAS.wide(random);
      const { yaw, elevation, roll } = view;
      const c = Math.cos(elevation);
      const from = [5 * c * Math.sin(yaw), 5 * Math.sin(elevation), 5 * c * Math.cos(yaw)] as const;
      const { rotation } = lookAt(from, [0, 0, 0], roll);
      viewRotation(view).forEach((value, k) => {
        expect(value).toBeCloseTo(rotation[k]!, 12);
      });
    }
  });
});

describe('drawBatch', () => {
  it('gives the same for the same seed and step, and another for another', () => {
    expect(drawBatch(PLAN, 11)).toEqual(drawBatch({ ...PLAN }, 11));
    expect(drawBatch(PLAN, 11)).not.toEqual(drawBatch(PLAN, 12));
    expect(drawBatch(PLAN, 11)).not.toEqual(drawBatch({ ...PLAN, seed: 8 }, 11));
  });

  it('visits every pose once an epoch, in a new order and through a new camera', () => {
    const visits: { index: number; pose: Float64Array }[] = [];
    for (let step = 0; step < 5; step++) {
      const { pose3d } = drawBatch(PLAN, step);
      for (let i = 0; i < 20; i++) {
        const pose = pick(pose3d, i, 3);
        visits.push({ index: indexOf(pose), pose });
      }
    }
    const epochs = [visits.slice(0, 50), visits.slice(50)];
    for (const epoch of epochs)
      expect(epoch.map(({ index }) => index).sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    const same = epochs[0]!.filter(({ index }, i) => epochs[1]![i]!.index === index);
    expect(same.length).toBeLessThan(8);
    for (const { index, pose } of epochs[0]!) {
      const again = epochs[1]!.find((other) => other.index === index)!.pose;
      expect(Math.abs(again[0]! - pose[0]!) + Math.abs(again[2]! - pose[2]!)).toBeGreaterThan(1e-3);
    }
  });

  it('draws the same samples whatever the size of a batch', () => {
    const large = drawBatch({ ...PLAN, size: 60 }, 1);
    const small = [3, 4, 5].map((step) => drawBatch(PLAN, step));
    for (const key of ['pose2d', 'pose3d'] as const)
      expect([...large[key]]).toEqual(small.flatMap((batch) => [...batch[key]]));
  });

  it('moves people rigidly into the camera frame, upright, and projects them', () => {
    const { pose2d, pose3d } = drawBatch(PLAN, 0);
    const original = new Float64Array(51);
    for (let i = 0; i < 20; i++) {
      const pose = pick(pose3d, i, 3);
      PLAN.source.copyPose(indexOf(pose), original);
      const { rotation, scale, rmse } = rigid(original, pose);
      expect(rmse).toBeLessThan(1e-6);
      expect(scale).toBeCloseTo(1, 5);
      // the world's up is against the camera's down, elevated by at most 60 degrees and rolled by
      // little
      expect(rotation[4]).toBeLessThan(-0.4);
      for (let joint = 0; joint < 17; joint++) {
        const z = pose[3 * joint + 2]!;
        expect(z).toBeGreaterThan(0.3);
        for (const axis of [0, 1])
          expect(pose2d[(i * 17 + joint) * 2 + axis]).toBeCloseTo(pose[3 * joint + axis]! / z, 6);
      }
    }
  });

  it('mirrors about half of the people, with left and right exchanged', () => {
    const { pose3d } = drawBatch({ ...PLAN, mirror: true, size: 400 }, 0);
    let mirrored = 0;
    for (let i = 0; i < 400; i++) {
      const pose = pick(pose3d, i, 3);
      const lengths = boneLengths(pose);
      // one arm is bent: the mirror image of a person who points with the left points with the
      // right
      const reach = (wrist: number, shoulder: number) =>
        Math.hypot(...[0, 1, 2].map((k) => pose[3 * wrist + k]! - pose[3 * shoulder + k]!));
      const left = reach(JOINT.leftWrist, JOINT.rightShoulder);
      const right = reach(JOINT.rightWrist, JOINT.leftShoulder);
      if (right > left) mirrored++;
      // left stays the left of someone who looks along the nose: up, left and forward are a right-
      // handed frame
      const [up, across, forward] = [
        [JOINT.thorax, JOINT.pelvis],
        [JOINT.leftHip, JOINT.rightHip],
        [JOINT.neck, JOINT.head],
      ].map(([to, from]) => [0, 1, 2].map((k) => pose[3 * to! + k]! - pose[3 * from! + k]!));
      expect(determinant(across!, up!, forward!)).toBeGreaterThan(0);
      expect(lengths[0]).toBeCloseTo(lengths[3]!, 5);
    }
    // the deviation is 10
    expect(Math.abs(mirrored - 200)).toBeLessThan(40);
    expect([...MIRROR].map((joint) => MIRROR[joint])).toEqual([...MIRROR.keys()]);
  });

  it('varies bodies log-normally, both sides alike, without turning a bone', () => {
    const plain = drawBatch({ ...PLAN, source: standing(1), size: 4000 }, 0);
    const varied = drawBatch({ ...PLAN, source: standing(1), size: 4000, bodyVariation: 0.04 }, 0);
    const logs: number[] = [];
    for (let i = 0; i < 4000; i++) {
      const [a, b] = [pick(plain.pose3d, i, 3), pick(varied.pose3d, i, 3)];
      // the same camera: the pelvis is where it was
      expect(b[2]).toBeCloseTo(a[2]!, 5);
      const [before, after] = [boneLengths(a), boneLengths(b)];
      const ratio = after.map((length, bone) => length / before[bone]!);
      expect(ratio[1]).toBeCloseTo(ratio[4]!, 4);
      expect(ratio[14]).toBeCloseTo(ratio[11]!, 4);
      logs.push(Math.log(ratio[1]!));
      for (const { from, to } of BONES)
        for (const k of [0, 1, 2]) {
          const direction = (a[3 * to + k]! - a[3 * from + k]!) * ratio[to - 1]!;
          expect(Math.abs(b[3 * to + k]! - b[3 * from + k]! - direction)).toBeLessThan(2e-5);
        }
    }
    const deviation = Math.sqrt(logs.reduce((sum, x) => sum + x * x, 0) / logs.length);
    // size and segment: sqrt(2) times 0.04, to the 1 % that 4000 give
    expect(deviation / (Math.SQRT2 * 0.04)).toBeGreaterThan(0.95);
    expect(deviation / (Math.SQRT2 * 0.04)).toBeLessThan(1.05);
  });

  it('shakes the 2D by a fraction of the box, wrists and ankles more, and not the 3D', () => {
    const clean = drawBatch({ ...PLAN, size: 2000 }, 0);
    const noisy = drawBatch({ ...PLAN, size: 2000, noise: 0.012 }, 0);
    expect(noisy.pose3d).toEqual(clean.pose3d);
    const squares = { knee: 0, ankle: 0 };
    for (let i = 0; i < 2000; i++) {
      const [a, b] = [pick(clean.pose2d, i, 2), pick(noisy.pose2d, i, 2)];
      const extent = (axis: number) => {
        const values = [...a].filter((_, k) => k % 2 === axis);
        return Math.max(...values) - Math.min(...values);
      };
      const box = Math.max(extent(0), extent(1));
      const error = (joint: number) =>
        ((b[2 * joint]! - a[2 * joint]!) ** 2 + (b[2 * joint + 1]! - a[2 * joint + 1]!) ** 2) /
        2 /
        box ** 2;
      squares.knee += error(JOINT.leftKnee) / 2000;
      squares.ankle += error(JOINT.leftAnkle) / 2000;
    }
    // deviations uniform from 0 to s have a mean square of s² / 3; 4000 values know it to 2 %
    expect(Math.abs(Math.sqrt(3 * squares.knee) / 0.012 - 1)).toBeLessThan(0.07);
    expect(Math.abs(Math.sqrt(3 * squares.ankle) / 0.0192 - 1)).toBeLessThan(0.07);
  });

  it('augments the share that it is told to, and leaves the others as they are', () => {
    const clean = drawBatch({ ...PLAN, size: 2000 }, 0);
    const some = drawBatch({ ...PLAN, size: 2000, noise: 0.012, augmented: 0.25 }, 0);
    const changed = Array.from({ length: 2000 }, (_, i) => i).filter((i) => {
      const [a, b] = [pick(clean.pose2d, i, 2), pick(some.pose2d, i, 2)];
      return a.some((v, k) => v !== b[k]);
    });
    // binomial: 500 with a deviation of 19
    expect(Math.abs(changed.length - 500)).toBeLessThan(80);
    expect(some.pose3d).toEqual(clean.pose3d);
  });

  it('refuses a size or step that is none', () => {
    expect(() => drawBatch({ ...PLAN, size: 0 }, 0)).toThrow(/size 0/);
    expect(() => drawBatch(PLAN, -1)).toThrow(/step -1/);
  });
});

/** The rotation that turns one person into the other, about the pelvis. */
function rigid(from: Float64Array, to: Float64Array) {
  const { rotation, scale, aligned } = procrustes(from, to);
  const sum = to.reduce((total, value, k) => total + (value - aligned[k]!) ** 2, 0);
  return { rotation, scale, rmse: Math.sqrt(sum / 17) };
}

function determinant(a: number[], b: number[], c: number[]): number {
  const [ax, ay, az] = a as [number, number, number];
  const [bx, by, bz] = b as [number, number, number];
  const [cx, cy, cz] = c as [number, number, number];
  return ax * (by * cz - bz * cy) - ay * (bx * cz - bz * cx) + az * (bx * cy - by * cx);
}
