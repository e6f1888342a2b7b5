import { expect } from 'vitest';

/** Each number within half a unit of the decimal given. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  decimals = 10,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(actual[i], `number ${i}`).toBeCloseTo(expected[i]!, decimals);
}
