import { describe, expect, it } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import { toRays } from '../../src/pose/camera.ts';
import { placeRoot } from '../../src/pose/root.ts';
import { expectClose } from './close.ts';

const random = randomAt(41);
const body = () => Float64Array.from({ length: 51 }, () => random.normal(0, 0.35));
const shift = (pose: ArrayLike<number>, t: readonly number[]) =>
  Float64Array.from({ length: pose.length }, (_, i) => pose[i]! + t[i % 3]!);
const place = () => {
  const z = random.uniform(2, 9);
  return [random.uniform(-0.5, 0.5) * z, random.uniform(-0.4, 0.4) * z, z] as const;
};

describe('placeRoot', () => {
  it('finds the place exactly from exact joints', () => {
    for (let i = 0; i < 50; i++) {
      const pose = body();
      const t = place();
      const found = placeRoot(pose, toRays(shift(pose, t)));
      expectClose(found.translation, t, 8);
      expect(found.meanError).toBeLessThan(1e-9);
      expect(found.pose[5]).toBeCloseTo(pose[5]! + t[2], 8);
    }
  });

  it('is the least-squares place from noisy joints: no step improves it', () => {
    for (let i = 0; i < 20; i++) {
      const pose = body();
      const rays = toRays(shift(pose, place())).map((x) => x + random.normal(0, 0.01));
      const weights = Float64Array.from({ length: 17 }, () => random.uniform(0.1, 2));
      const { translation } = placeRoot(pose, rays, weights);
      const cost = (t: readonly number[]) => {
        const seen = toRays(shift(pose, t));
        return seen.reduce((sum, x, k) => sum + weights[k >> 1]! * (x - rays[k]!) ** 2, 0);
      };
      const best = cost(translation);
      for (let axis = 0; axis < 3; axis++)
        for (const step of [-1e-3, 1e-3]) {
          const near = [...translation];
          near[axis]! += step;
          expect(cost(near)).toBeGreaterThan(best);
        }
    }
  });

  it('leaves out joints without weight or without a ray', () => {
    const pose = body();
    const rays = toRays(shift(pose, [0.3, 0.1, 4]));
    rays[6] = NaN;
    rays[20] = 55;
    const weights = new Float64Array(17).fill(1);
    weights[10] = 0;
    const { translation, errors, meanError } = placeRoot(pose, rays, weights);
    expectClose(translation, [0.3, 0.1, 4], 8);
    expect(errors[3]).toBeNaN();
    expect(errors[10]).toBeGreaterThan(50);
    expect(meanError).toBeLessThan(1e-9);
  });

  it('stays in front of the camera, however wrong the 2D joints are', () => {
    for (let i = 0; i < 30; i++) {
      const rays = Float64Array.from({ length: 34 }, () => random.normal(0, 0.3));
      const { pose, meanError } = placeRoot(body(), rays);
      expect(Math.min(...pose.filter((_, k) => k % 3 === 2))).toBeGreaterThan(0.09);
      expect(Number.isFinite(meanError)).toBe(true);
    }
    // mirrored and upside down: the linear solution lies behind the camera
    const pose = body();
    const flipped = toRays(shift(pose, [0, 0, 5])).map((x) => -x);
    expect(placeRoot(pose, flipped).translation[2]).toBeGreaterThan(0);
  });

  it('works for two joints, and refuses what has no depth', () => {
    const pair = [0, -0.5, 0, 0, 0.5, 0];
    // one metre seen over 0.25 of the plane at depth 1: four metres away
    const { translation } = placeRoot(pair, [0, -0.125, 0, 0.125]);
    expectClose(translation, [0, 0, 4], 6);
    expect(() => placeRoot(body(), new Float64Array(34))).toThrow(/coincide/);
    expect(() => placeRoot(new Float64Array(51), toRays(shift(body(), [0, 0, 5])))).toThrow(
      /coincide/,
    );
    expect(() => placeRoot(body(), new Float64Array(34).fill(NaN))).toThrow(/0 joints/);
    expect(() => placeRoot(body(), [1, 2])).toThrow(/17 joints in 3D, 1 in 2D/);
    expect(() => placeRoot([NaN, 0, 0], [0, 0])).toThrow(/joint 0 of the pose is NaN/);
    expect(() => placeRoot(pair, [0, 0, 0, 1], [1, -1])).toThrow(/not negative/);
  });
});
