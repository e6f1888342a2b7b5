import { describe, expect, it } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import { determinant } from '../../src/pose/linear.ts';
import { procrustes } from '../../src/pose/procrustes.ts';
import { randomRotation, rotatePoints } from '../../src/pose/rotation.ts';

const random = randomAt(21);
const cloud = (n = 17) => Float64Array.from({ length: 3 * n }, () => random.normal());
const squares = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);
const moved = (points: Float64Array, scale: number, shift: number[]) =>
  rotatePoints(
    randomRotation(() => random.uniform()),
    points,
  ).map((x, i) => scale * x + shift[i % 3]!);

describe('procrustes', () => {
  it('recovers a similarity exactly, even far from the origin', () => {
    for (let i = 0; i < 30; i++) {
      const source = cloud();
      const target = moved(source, random.uniform(0.1, 9), [1e4, -3, 0.5]);
      const { aligned, rotation, scale, translation } = procrustes(source, target);
      expect(squares(aligned, target)).toBeLessThan(1e-18);
      expect(determinant(rotation)).toBeCloseTo(1, 12);
      const again = rotatePoints(rotation, source).map((x, k) => scale * x + translation[k % 3]!);
      expect(squares(again, target)).toBeLessThan(1e-14);
    }
  });

  it('is optimal: no nearby similarity is better', () => {
    const [source, target] = [cloud(), cloud()];
    const { aligned } = procrustes(source, target);
    const best = squares(aligned, target);
    for (let i = 0; i < 200; i++) {
      const trial = procrustes(
        aligned,
        moved(aligned, 1, [0, 0, 0]).map((x, k) => aligned[k]! * 0.99 + 0.01 * x),
      ).aligned;
      expect(squares(trial, target)).toBeGreaterThanOrEqual(best - 1e-9);
    }
    expect(best).toBeLessThanOrEqual(squares(procrustes(source, target, 'rigid').aligned, target));
  });

  it('never reflects: a mirror image stays apart', () => {
    const source = cloud();
    const mirror = source.map((x, i) => (i % 3 === 0 ? -x : x));
    const { rotation, aligned } = procrustes(source, mirror);
    expect(determinant(rotation)).toBeCloseTo(1, 12);
    expect(squares(aligned, mirror)).toBeGreaterThan(0.1);
  });

  it.each([
    ['all in one plane', (x: number, axis: number) => (axis === 2 ? 0 : x)],
    ['all on one line', (x: number, axis: number) => (axis === 0 ? x : 0)],
  ])('is exact for points %s', (_, flatten) => {
    const source = cloud().map((x, i) => flatten(x, i % 3));
    const target = moved(source, 2, [1, 2, 3]);
    const { aligned, rotation } = procrustes(source, target);
    expect(squares(aligned, target)).toBeLessThan(1e-24);
    expect(determinant(rotation)).toBeCloseTo(1, 12);
  });

  it('survives points that coincide', () => {
    const target = cloud();
    const point = new Float64Array(51).fill(2);
    const { aligned, scale } = procrustes(point, target);
    expect(scale).toBe(1);
    const mean = target.filter((_, i) => i % 3 === 0).reduce((a, b) => a + b) / 17;
    expect(aligned[0]).toBeCloseTo(mean, 12);
    expect(procrustes(target, point).scale).toBe(0);
    expect(procrustes(target, point).aligned[7]).toBe(2);
  });

  it('keeps the size in a rigid alignment', () => {
    const source = cloud();
    const { scale, aligned } = procrustes(source, moved(source, 3, [0, 0, 0]), 'rigid');
    expect(scale).toBe(1);
    const size = (p: Float64Array) => Math.hypot(p[0]! - p[3]!, p[1]! - p[4]!, p[2]! - p[5]!);
    expect(size(aligned)).toBeCloseTo(size(source), 12);
  });

  it('refuses what it cannot align', () => {
    expect(() => procrustes([1, 2, 3], [1, 2])).toThrow(/3 and 2 numbers/);
    expect(() => procrustes([1, 2, NaN], [1, 2, 3])).toThrow(/not a finite/);
  });
});
