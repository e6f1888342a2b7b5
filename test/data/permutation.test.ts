import { expect, it } from 'vitest';
import { permute } from '../../src/data/permutation.ts';

it.each([1, 2, 3, 5, 16, 17, 1000, 4097])('permute visits each of %i numbers once', (count) => {
  const seen = new Set(Array.from({ length: count }, (_, i) => permute(i, count, [1, 2])));
  expect(seen.size).toBe(count);
  expect(Math.max(...seen)).toBe(count - 1);
});

it('permute looks shuffled: no place of its own, no neighbours, another key another order', () => {
  const count = 10_000;
  const order = Array.from({ length: count }, (_, i) => permute(i, count, [3, 4]));
  const other = Array.from({ length: count }, (_, i) => permute(i, count, [3, 5]));
  // a random order has one fixed point, and two pairs of neighbours, on average; Poisson: 12 are
  // out of the question
  expect(order.filter((to, i) => to === i).length).toBeLessThan(12);
  expect(order.filter((to, i) => i > 0 && Math.abs(to - order[i - 1]!) === 1).length).toBeLessThan(
    12,
  );
  expect(order.filter((to, i) => to === other[i]).length).toBeLessThan(12);
  // the correlation of place and number has the deviation 1 / sqrt(count) = 0.01
  const middle = (count - 1) / 2;
  const covariance = order.reduce((sum, to, i) => sum + (to - middle) * (i - middle), 0) / count;
  expect(Math.abs(covariance / (count ** 2 / 12))).toBeLessThan(0.04);
});

it('permute gives all 24 orders of 4 numbers about equally often', () => {
  const counts = new Map<string, number>();
  for (let key = 0; key < 4800; key++) {
    const order = [0, 1, 2, 3]
      .map((i) => permute(i, 4, [key, Math.imul(key, 0x9e3779b9)]))
      .join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  // chi-squared with 23 degrees of freedom: above 50 in one case of a thousand
  const chi = [...counts.values()].reduce((sum, n) => sum + (n - 200) ** 2 / 200, 0);
  expect(chi).toBeLessThan(60);
});

it('permute refuses numbers outside', () => {
  expect(() => permute(5, 5, [0, 0])).toThrow(/5 is not one of 0 to 4/);
});
