import { describe, expect, it } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import {
  apply,
  determinant,
  IDENTITY,
  type Matrix3,
  multiply,
  normalise,
  transpose,
  type Vector3,
} from '../../src/pose/linear.ts';
import * as rotation from '../../src/pose/rotation.ts';
import { compose, svd } from '../../src/pose/svd.ts';

const distance = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
const random = randomAt(11);
const rotations = Array.from({ length: 50 }, () => rotation.randomRotation(() => random.uniform()));
const X: Vector3 = [1, 0, 0];
const Y: Vector3 = [0, 1, 0];

describe('rotations', () => {
  it('turn right-handed', () => {
    expect(distance(apply(rotation.fromAxisAngle([0, 0, Math.PI / 2]), X), Y)).toBeLessThan(1e-15);
    expect(distance(apply(rotation.aboutZ(Math.PI / 2), X), Y)).toBeLessThan(1e-15);
    expect(distance(apply(rotation.aboutX(Math.PI / 2), Y), [0, 0, 1])).toBeLessThan(1e-15);
    expect(distance(apply(rotation.aboutY(Math.PI / 2), X), [0, 0, -1])).toBeLessThan(1e-15);
  });

  it('are orthogonal and no reflections', () => {
    for (const r of rotations) {
      expect(distance(multiply(r, transpose(r)), IDENTITY)).toBeLessThan(1e-14);
      expect(determinant(r)).toBeCloseTo(1, 12);
    }
  });

  it('go there and back through every representation', () => {
    for (const r of rotations) {
      const ways: Matrix3[] = [
        rotation.fromAxisAngle(rotation.toAxisAngle(r)),
        rotation.fromQuaternion(rotation.toQuaternion(r)),
        rotation.fromSixD(...rotation.toSixD(r)),
        rotation.nearestRotation(r.map((x) => 3 * x) as unknown as Matrix3),
        ...(['xyz', 'xzy', 'yxz', 'yzx', 'zxy', 'zyx'] as const).map((order) =>
          rotation.fromEuler(order, rotation.toEuler(order, r)),
        ),
      ];
      for (const way of ways) expect(distance(way, r)).toBeLessThan(1e-12);
    }
  });

  it('keep their meaning at the poles and at half a turn', () => {
    for (const order of ['xyz', 'xzy', 'yxz', 'yzx', 'zxy', 'zyx'] as const)
      for (const middle of [Math.PI / 2, -Math.PI / 2]) {
        const r = rotation.fromEuler(order, [0.4, middle, -1.1]);
        const back = rotation.fromEuler(order, rotation.toEuler(order, r));
        expect(distance(back, r)).toBeLessThan(1e-9);
      }
    for (const axis of [X, Y, normalise([-1, 2, 3]), normalise([0, -1, 1])]) {
      const r = rotation.fromAxisAngle([axis[0] * Math.PI, axis[1] * Math.PI, axis[2] * Math.PI]);
      expect(distance(rotation.fromAxisAngle(rotation.toAxisAngle(r)), r)).toBeLessThan(1e-12);
      expect(rotation.rotationAngle(r)).toBeCloseTo(Math.PI, 12);
    }
    expect(rotation.toAxisAngle(IDENTITY)).toEqual([0, 0, 0]);
    const tiny = rotation.toAxisAngle(rotation.fromAxisAngle([1e-9, -2e-9, 0]));
    expect(distance(tiny, [1e-9, -2e-9, 0])).toBeLessThan(1e-22);
  });

  it('multiply as quaternions do', () => {
    const [a, b] = [rotations[0]!, rotations[1]!];
    const q = rotation.multiplyQuaternions(rotation.toQuaternion(a), rotation.toQuaternion(b));
    expect(distance(rotation.fromQuaternion(q), multiply(a, b))).toBeLessThan(1e-13);
  });

  it('split into swing and twist', () => {
    for (const r of rotations) {
      const axis = normalise([random.normal(), random.normal(), random.normal()]);
      const { swing, twist, angle } = rotation.swingTwist(r, axis);
      expect(distance(multiply(swing, twist), r)).toBeLessThan(1e-12);
      expect(distance(apply(twist, axis), axis)).toBeLessThan(1e-12);
      expect(Math.abs(angle)).toBeLessThanOrEqual(Math.PI);
      // the swing turns about an axis across, the shortest way
      const across = rotation.toAxisAngle(swing);
      expect(
        Math.abs(across[0] * axis[0] + across[1] * axis[1] + across[2] * axis[2]),
      ).toBeLessThan(1e-9);
      const between = rotation.betweenDirections(axis, apply(r, axis));
      expect(distance(between, swing)).toBeLessThan(1e-9);
    }
    const half = rotation.betweenDirections(X, [-1, 0, 0]);
    expect(distance(apply(half, X), [-1, 0, 0])).toBeLessThan(1e-12);
  });

  it('are uniform: the mean of a turned vector vanishes, angles follow (1 - cos a) / pi', () => {
    const stream = randomAt(12);
    const n = 4000;
    const many = Array.from({ length: n }, () => rotation.randomRotation(() => stream.uniform()));
    const mean = many.reduce((sum, r) => sum + r[4], 0) / n;
    expect(Math.abs(mean)).toBeLessThan(0.04);
    // P(angle < pi / 2) = (pi / 2 - 1) / pi = 0.1817
    const share = many.filter((r) => rotation.rotationAngle(r) < Math.PI / 2).length / n;
    expect(Math.abs(share - 0.1817)).toBeLessThan(0.02);
  });
});

describe('singular value decomposition', () => {
  it.each<[string, Matrix3]>([
    ['general', [1, 2, 3, -4, 5, 6, 7, -8, 10]],
    ['a rank of 2', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['a rank of 1', [1, 2, 3, 2, 4, 6, -1, -2, -3]],
    ['zero', [0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['equal values', [0, -1, 0, 1, 0, 0, 0, 0, 1]],
    ['values of all sizes', [1e6, 0, 1, 0, 1e-6, 0, 1, 0, 1]],
  ])('reproduces the matrix: %s', (_, m) => {
    const { u, s, v } = svd(m);
    const size = Math.max(1e-300, ...m.map(Math.abs));
    expect(distance(compose({ u, s, v }), m) / size).toBeLessThan(1e-14);
    for (const q of [u, v])
      expect(distance(multiply(q, transpose(q)), IDENTITY)).toBeLessThan(1e-14);
    expect(s[0] >= s[1] && s[1] >= s[2] && s[2] >= 0).toBe(true);
  });

  it('finds known values', () => {
    // diag(3, 2, 1) turned on both sides
    const m = multiply(
      multiply(rotations[3]!, [3, 0, 0, 0, 2, 0, 0, 0, 1]),
      transpose(rotations[4]!),
    );
    expect(distance(svd(m).s, [3, 2, 1])).toBeLessThan(1e-14);
  });
});
