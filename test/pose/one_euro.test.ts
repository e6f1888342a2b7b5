import { expect, test } from 'vitest';
import { type Moment, measureLag } from '../../src/pose/lag.ts';
import { type OneEuroOptions, oneEuro } from '../../src/pose/one_euro.ts';

const RATE = 60;

/** Filters x(t) of 4 seconds. */
function filtered(x: (t: number) => number, options: OneEuroOptions): Moment[] {
  const filter = oneEuro(1, options);
  return Array.from({ length: 4 * RATE }, (_, i) => {
    const raw = [x(i / RATE)];
    return { time: i / RATE, raw, filtered: filter.filter(raw, i / RATE).slice() };
  });
}

test('two steps by hand', () => {
  const filter = oneEuro(1, { minCutoff: 1, beta: 0.5, speedCutoff: 1 });
  expect([...filter.filter([3], 7)]).toEqual([3]);
  // dt 0.1 s: tau = 1 / (2 pi) = 0.159155 s, alpha(1 Hz) = 0.1 / (0.1 + 0.159155) = 0.385870.
  // Speed: 0.385870 * (4 - 3) / 0.1 = 3.858697 a second; cutoff 1 + 0.5 * 3.858697 = 2.929349 Hz;
  // alpha = 0.1 / (0.1 + 0.0543312) = 0.647957.
  expect(filter.filter([4], 7.1)[0]).toBeCloseTo(3.647957, 6);
});

test('a ramp lags by 1 / (2 pi cutoff) seconds, less of it the faster it is with beta', () => {
  for (const minCutoff of [1, 2, 5]) {
    const lag = measureLag(filtered((t) => t, { minCutoff }).slice(2 * RATE));
    // An offset says nothing of a delay, so that a ramp alone cannot tell it: see the wave below.
    expect(lag).toBeUndefined();
    const end = filtered((t) => t, { minCutoff }).at(-1)!;
    expect(end.raw[0]! - end.filtered[0]!).toBeCloseTo(1 / (2 * Math.PI * minCutoff), 5);
  }
  const end = filtered((t) => 2 * t, { minCutoff: 1, beta: 3 }).at(-1)!;
  const lag = (end.raw[0]! - end.filtered[0]!) / 2;
  // Against its own last output the filter sees a step of what it lags, besides that of the ramp.
  const cutoff = 1 + 3 * 2 * (1 + lag * RATE);
  expect(lag).toBeCloseTo(1 / (2 * Math.PI * cutoff), 6);
  expect(lag).toBeLessThan(0.02);
});

test('the measured lag of a wave is the phase of the low-pass', () => {
  const frequency = 1;
  for (const minCutoff of [1.5, 4]) {
    const omega = (2 * Math.PI * frequency) / RATE;
    const alpha = 1 / (1 + RATE / (2 * Math.PI * minCutoff));
    // y = alpha / (1 - (1 - alpha) z^-1) x: the phase at z = exp(i omega).
    const b = 1 - alpha;
    const phase = Math.atan2(b * Math.sin(omega), 1 - b * Math.cos(omega));
    const wave = filtered((t) => Math.sin(2 * Math.PI * frequency * t), { minCutoff });
    const gain = alpha / Math.hypot(1 - b * Math.cos(omega), b * Math.sin(omega));
    // Waves of equal height are nearest to each other where their phases meet.
    const upright = wave.map((m) => ({ ...m, filtered: [m.filtered[0]! / gain] })).slice(RATE);
    expect(measureLag(upright)).toBeCloseTo(phase / (2 * Math.PI * frequency), 3);
    expect(measureLag(wave.slice(RATE))).toBeCloseTo(phase / (2 * Math.PI * frequency), 2);
  }
});

test('noise at rest goes, time that runs back begins anew, and nonsense is refused', () => {
  const noise = (t: number) => Math.sin(1e5 * t * t);
  const power = (values: readonly number[]) => values.reduce((sum, v) => sum + v * v, 0);
  const moments = filtered(noise, { minCutoff: 1 });
  // A first-order low-pass leaves alpha / (2 - alpha) of the power of white noise: 5 % here.
  expect(power(moments.map((m) => m.filtered[0]!))).toBeLessThan(
    0.09 * power(moments.map((m) => m.raw[0]!)),
  );
  const filter = oneEuro(2);
  filter.filter([1, 2], 5);
  expect([...filter.filter([7, 8], 4)]).toEqual([7, 8]);
  expect(() => filter.filter([1], 6)).toThrow(/has 2 coordinates, got 1/);
  expect(() => oneEuro(1, { minCutoff: 0 })).toThrow(/must be above 0/);
  expect(measureLag([])).toBeUndefined();
});
