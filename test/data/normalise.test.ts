import { describe, expect, it } from 'vitest';
import { denormalise, measure, normalise } from '../../src/data/normalise.ts';
import {
  decodeOutput,
  encodeInput,
  encodeOutput,
  INPUT_SIZE,
  OUTPUT_SIZE,
} from '../../src/data/representation.ts';

describe('measure, normalise and denormalise', () => {
  it('compute means and deviations as by hand', () => {
    // 1, 3, 5, 7: mean 4, variance (9 + 1 + 1 + 9) / 4 = 5
    const statistics = measure([1, 2, 3, 2, 5, 2, 7, 2], 2);
    expect(statistics.mean).toEqual([4, 2]);
    expect(statistics.std[0]).toBeCloseTo(Math.sqrt(5), 14);
    expect(statistics.std[1]).toBe(1);
    const z = normalise([4, 2, 4 + 2 * Math.sqrt(5), 3], statistics);
    expect([...z.slice(0, 2), z[3]]).toEqual([0, 0, 1]);
    expect(z[2]).toBeCloseTo(2, 6);
    expect(denormalise(z, statistics)[2]).toBeCloseTo(4 + 2 * Math.sqrt(5), 5);
  });

  it('stay exact where E[x^2] - E[x]^2 would not', () => {
    const rows = Float64Array.from({ length: 1000 }, (_, i) => 1e6 + (i % 2) * 1e-3);
    expect(measure(rows, 1).std[0]! / 5e-4).toBeCloseTo(1, 6);
    expect(measure(new Array(999).fill(0.1), 1).std).toEqual([1]);
  });

  it('refuse nothing, NaN and a wrong width', () => {
    expect(() => measure([], 3)).toThrow(/at least one row/);
    expect(() => measure([1, Number.NaN], 2)).toThrow(/column 1/);
    expect(() => measure([1, 2, 3], 2)).toThrow(/3 numbers.*rows of 2/);
  });
});

describe('the representation of a lifter', () => {
  const pose2d = Array.from({ length: 68 }, (_, k) => k * k);
  const pose3d = Array.from({ length: 102 }, (_, k) => k * k);

  it('is 16 joints from the pelvis and the pelvis, joint by joint', () => {
    expect([INPUT_SIZE, OUTPUT_SIZE]).toEqual([34, 48]);
    const input = encodeInput(pose2d);
    // the second pose: the pelvis at (34^2, 35^2), the right hip at (36^2, 37^2)
    expect([input[34], input[35]]).toEqual([36 ** 2 - 34 ** 2, 37 ** 2 - 35 ** 2]);
    expect([input[66], input[67]]).toEqual([34 ** 2, 35 ** 2]);
    expect(() => encodeInput([1, 2])).toThrow(/2 numbers/);
  });

  it('is undone by its inverse', () => {
    const output = encodeOutput(pose3d);
    expect(output.length).toBe(96);
    const decoded = decodeOutput(output);
    for (let k = 0; k < 102; k++)
      expect(decoded[k]).toBe(pose3d[k]! - pose3d[k - (k % 51) + (k % 3)]!);
  });
});
