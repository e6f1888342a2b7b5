import { describe, expect, it } from 'vitest';
import { fromHalf, fromHalves, toHalf, toHalves } from '../../src/formats/half.ts';

/**
 * The halves in order of size, by their definition: (1 + f/1024) 2^(e-15), or f 2^-24 below 2^-14.
 */
function byDefinition(bits: number): number {
  const exponent = bits >> 10;
  const fraction = bits & 1023;
  return exponent === 0 ? fraction / 2 ** 24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe('halves', () => {
  it('of every bit pattern are the numbers that the definition gives, and come back', () => {
    for (let bits = 0; bits < 0x7c00; bits++) {
      expect(fromHalf(bits)).toBe(byDefinition(bits));
      expect(fromHalf(0x8000 | bits)).toBe(-byDefinition(bits));
      if (toHalf(byDefinition(bits)) !== bits || toHalf(-byDefinition(bits)) !== (0x8000 | bits))
        throw new Error(`half ${bits.toString(16)} does not come back`);
    }
  });

  it('round to the nearest, ties to even, between any two neighbours', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [byDefinition(bits), byDefinition(bits + 1)];
      const middle = (low + high) / 2;
      // the neighbours of the middle that f32 has: 2^-13 of the gap away is one for every half
      const step = (high - low) * 2 ** -12;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const found = [toHalf(middle - step), toHalf(middle), toHalf(middle + step)];
      if (found.join() !== [bits, even, bits + 1].join())
        throw new Error(`around ${middle}: ${found.join()}, not ${bits}, ${even}, ${bits + 1}`);
    }
  });

  it.each([
    ['the largest', 65504, 0x7bff],
    ['just below the tie with infinity', 65519.996, 0x7bff],
    ['the tie with infinity', 65520, 0x7c00],
    ['far above', 1e30, 0x7c00],
    ['infinity', Number.POSITIVE_INFINITY, 0x7c00],
    ['minus infinity', Number.NEGATIVE_INFINITY, 0xfc00],
    ['minus zero', -0, 0x8000],
    ['the tie with zero', 2 ** -25, 0],
    ['just above it', 2 ** -25 * 1.0001, 1],
    ['an f32 subnormal', 1e-40, 0],
    ['a third', 1 / 3, 0x3555],
  ])('take %s', (_, x, bits) => {
    expect(toHalf(x)).toBe(bits);
  });

  it('keep NaN, and arrays element by element', () => {
    expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
    expect(fromHalf(0x7c01)).toBeNaN();
    expect([...fromHalves(toHalves([1, -2, 0.5]))]).toEqual([1, -2, 0.5]);
  });
});
