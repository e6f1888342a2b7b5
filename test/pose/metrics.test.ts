import { describe, expect, it } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import { evaluate, FOURTEEN_JOINTS } from '../../src/pose/metrics.ts';
import { randomRotation, rotatePoints } from '../../src/pose/rotation.ts';
import { JOINT, JOINTS, mirrorPose } from '../../src/pose/skeleton.ts';

const random = randomAt(31);
const poses = (n: number) => Float64Array.from({ length: 51 * n }, () => random.normal(0, 0.4));
/** Moves one joint of one frame along x, in mm. */
const off = (pose: Float64Array, frame: number, joint: keyof typeof JOINT, mm: number) => {
  const changed = pose.slice();
  changed[51 * frame + 3 * JOINT[joint]]! += mm / 1000;
  return changed;
};

describe('evaluate', () => {
  it('is zero for the truth, wherever it stands', () => {
    const truth = poses(3);
    const result = evaluate(
      truth.map((x, i) => x + (i % 3)),
      truth,
    );
    expect(result.frames).toBe(3);
    for (const metric of [result.mpjpe, result.paMpjpe, result.nMpjpe])
      expect(metric.value).toBeLessThan(1e-6);
    expect(result.pck.value).toBe(100);
  });

  it('counts by hand: one wrist 170 mm off in one of two frames', () => {
    const truth = poses(2);
    const { mpjpe, pck } = evaluate(off(truth, 1, 'leftWrist', 170), truth, {
      actions: ['walk', 'sit'],
    });
    expect(mpjpe.value).toBeCloseTo(170 / 34, 9);
    expect(mpjpe.perJoint.leftWrist).toBeCloseTo(85, 9);
    expect(mpjpe.perJoint.rightWrist).toBeCloseTo(0, 9);
    expect(mpjpe.perAction!.sit).toBeCloseTo(10, 9);
    expect(mpjpe.perAction!.walk).toBeCloseTo(0, 9);
    expect(pck.value).toBeCloseTo((100 * 33) / 34, 9);
    expect(pck.perJoint.leftWrist).toBe(50);
  });

  it('weighs actions equally in their mean, frames equally in the value', () => {
    const truth = poses(3);
    const { mpjpe } = evaluate(off(truth, 2, 'head', 340), truth, { actions: ['a', 'a', 'b'] });
    expect(mpjpe.value).toBeCloseTo(20 / 3, 9);
    expect(mpjpe.meanOverActions).toBeCloseTo(10, 9);
  });

  it('has 30/31 as its greatest AUC and is strict at its thresholds', () => {
    const truth = new Float64Array(51);
    expect(evaluate(truth, truth).auc.value).toBeCloseTo((100 * 30) / 31, 12);
    const joints = ['leftWrist'] as const;
    const at = (mm: number) => evaluate(off(truth, 0, 'leftWrist', mm), truth, { joints });
    expect(at(150).pck.value).toBe(0);
    expect(at(149.999).pck.value).toBe(100);
    // strictly below 105, 110 ... 150: ten thresholds of 31
    expect(at(100).auc.value).toBeCloseTo((100 * 10) / 31, 12);
    expect(at(99.999).auc.value).toBeCloseTo((100 * 11) / 31, 12);
  });

  it('takes out rotation and scale where it says so', () => {
    const truth = poses(4);
    const turned = rotatePoints(
      randomRotation(() => random.uniform()),
      truth,
    ).map((x) => 1.3 * x);
    const result = evaluate(turned, truth);
    expect(result.paMpjpe.value).toBeLessThan(1e-9);
    expect(result.nMpjpe.value).toBeGreaterThan(50);
    const larger = evaluate(
      truth.map((x) => 0.7 * x),
      truth,
    );
    expect(larger.nMpjpe.value).toBeLessThan(1e-9);
    expect(larger.mpjpe.value).toBeGreaterThan(50);
  });

  it('does not forgive a mirror image', () => {
    const truth = poses(2);
    const mirrored = truth.map((x, i) => (i % 3 === 0 ? -x : x));
    expect(evaluate(mirrored, truth).paMpjpe.value).toBeGreaterThan(50);
    // and is itself blind to the side: mirror both and nothing changes
    const guess = poses(2);
    const once = evaluate(guess, truth).paMpjpe.value;
    expect(evaluate(mirrorPose(guess, 3), mirrorPose(truth, 3)).paMpjpe.value).toBeCloseTo(once, 9);
  });

  it('holds in random frames: scaled and aligned squares never exceed the raw ones', () => {
    // the assertion inside evaluate would throw
    const result = evaluate(poses(300), poses(300));
    expect(result.paMpjpe.value).toBeLessThan(result.nMpjpe.value);
    expect(result.nMpjpe.value).toBeLessThan(result.mpjpe.value);
  });

  it('names joints, alignment and averaging', () => {
    const truth = poses(1);
    const all = evaluate(truth, truth);
    expect(all.mpjpe.joints).toEqual(JOINTS);
    expect(all.mpjpe.alignment).toMatch(/pelvis/);
    expect(all.paMpjpe.alignment).toMatch(/without reflection/);
    expect(all.auc.averaging).toMatch(/joints and frames/);
    const some = evaluate(truth, truth, { joints: FOURTEEN_JOINTS });
    expect(some.mpjpe.joints).toHaveLength(14);
    expect(Object.keys(some.mpjpe.perJoint)).toEqual([...FOURTEEN_JOINTS]);
  });

  it('refuses broken input in one sentence', () => {
    const truth = poses(2);
    expect(() => evaluate(truth, poses(3))).toThrow(/102 predicted|153/);
    expect(() => evaluate([], [])).toThrow(/at least one frame/);
    expect(() => evaluate(truth, truth, { actions: ['a'] })).toThrow(/1 actions for 2 frames/);
    expect(() => evaluate(truth, truth, { joints: [] })).toThrow(/no joints/);
    const broken = off(truth, 1, 'neck', NaN);
    expect(() => evaluate(broken, truth)).toThrow(
      /predicted pose of frame 1 has NaN at joint neck/,
    );
  });
});
