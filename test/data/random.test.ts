import { describe, expect, it } from 'vitest';
import { philox, randomAt } from '../../src/data/random.ts';

describe('Philox4x32-10', () => {
  // the known answers of the Random123 library (kat_vectors)
  it.each([
    ['zeros', [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [
      'ones',
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      'digits of pi',
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('agrees with Random123: %s', (_, counter, key, answer) => {
    const block = Uint32Array.from(counter);
    philox(block, key[0]!, key[1]!);
    expect([...block]).toEqual(answer);
  });
});

describe('randomAt', () => {
  it('repeats itself, and differs in every key', () => {
    const draw = (seed: number, ...keys: number[]) => {
      const random = randomAt(seed, ...keys);
      return Array.from({ length: 9 }, () => random.bits()).join();
    };
    expect(draw(5, 1, 2)).toBe(draw(5, 1, 2));
    const places = [draw(5, 1, 2), draw(5, 2, 1), draw(6, 1, 2), draw(5 + 2 ** 32, 1, 2), draw(5)];
    expect(new Set(places).size).toBe(5);
  });

  it('has the moments of its distributions', () => {
    const random = randomAt(1, 7);
    const n = 100_000;
    const moments = (draw: () => number) => {
      const values = Array.from({ length: n }, draw);
      const mean = values.reduce((a, b) => a + b) / n;
      return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / n, values };
    };
    const uniform = moments(() => random.uniform());
    expect(uniform.mean).toBeCloseTo(0.5, 2);
    expect(uniform.variance).toBeCloseTo(1 / 12, 3);
    const normal = moments(() => random.normal(3, 2));
    expect(Math.abs(normal.mean - 3)).toBeLessThan(0.03);
    expect(Math.abs(normal.variance - 4)).toBeLessThan(0.08);
    // N(0, 1) beyond 2 has the mean phi(2) / (1 - Phi(2)) = 2.37322
    const tail = moments(() => random.truncatedNormal(0, 1, 2, 100));
    expect(Math.abs(tail.mean - 2.37322)).toBeLessThan(0.01);
    expect(Math.min(...tail.values.slice(0, 1000))).toBeGreaterThanOrEqual(2);
    const dice = moments(() => random.int(6));
    expect(new Set(dice.values).size).toBe(6);
    expect(Math.abs(dice.mean - 2.5)).toBeLessThan(0.03);
  });

  it('refuses what is no key', () => {
    expect(() => randomAt(-1)).toThrow(/seed -1/);
    expect(() => randomAt(1, 2 ** 32)).toThrow(/4294967296/);
    expect(() => randomAt(1, 1, 1, 1, 1)).toThrow(/at most 3/);
  });
});
