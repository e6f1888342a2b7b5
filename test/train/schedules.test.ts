import { expect, test } from 'vitest';
import {
  constant,
  cosine,
  exponential,
  oneCycle,
  stepwise,
  warmUp,
} from '../../src/train/schedules.ts';

/** Rates that PyTorch 1.13 gives for the same settings: [step, rate]. */
const sheets: [name: string, schedule: (step: number) => number, rates: [number, number][]][] = [
  [
    'oneCycle, as OneCycleLR(max_lr=0.1, total_steps=50)',
    (step) => oneCycle(0.1, 50)(step, 0),
    [
      [0, 0.004],
      [1, 0.0052034602152724735],
      [7, 0.052],
      [14, 0.1],
      [15, 0.09979871550490317],
      [30, 0.05671183644422961],
      [48, 0.00020168449509684564],
      [49, 4e-7],
    ],
  ],
  [
    'cosine, as CosineAnnealingLR(T_max=40, eta_min=0.01)',
    (step) => cosine(0.1, 40, 0.01)(step, 0),
    [
      [0, 0.1],
      [1, 0.09986128001799077],
      [13, 0.0785124354122177],
      [20, 0.055],
      [39, 0.010138719982009242],
      [40, 0.01],
    ],
  ],
  [
    'stepwise, as MultiStepLR(milestones=[10, 30], gamma=0.5)',
    (step) => stepwise(0.1, [10, 30], 0.5)(step, 0),
    [
      [0, 0.1],
      [9, 0.1],
      [10, 0.05],
      [29, 0.05],
      [30, 0.025],
    ],
  ],
];

for (const [name, schedule, rates] of sheets) {
  test(name, () => {
    for (const [step, rate] of rates) expect(schedule(step)).toBeCloseTo(rate, 14);
  });
}

test('exponential multiplies by the factor every so many steps, continuously', () => {
  const schedule = exponential(0.001, 0.96, 100_000);
  expect(schedule(0, 0)).toBe(0.001);
  expect(schedule(100_000, 0)).toBeCloseTo(0.00096, 15);
  expect(schedule(50_000, 0)).toBeCloseTo(0.001 * Math.sqrt(0.96), 15);
});

test('warm-up rises in a straight line and then follows from the beginning', () => {
  const schedule = warmUp(4, cosine(0.1, 10));
  for (const step of [0, 1, 2, 3])
    expect(schedule(step, 0)).toBeCloseTo(((step + 1) / 5) * 0.1, 15);
  expect(schedule(4, 0)).toBeCloseTo(0.1, 15);
  expect(schedule(9, 0)).toBeCloseTo(cosine(0.1, 10)(5, 0), 15);
});

test('a constant stays, and no schedule of one step divides by zero', () => {
  expect(constant(0.3)(7, 0)).toBe(0.3);
  for (const steps of [1, 2, 3]) {
    for (let step = 0; step < steps; step++)
      expect(Number.isFinite(oneCycle(0.1, steps)(step, 0))).toBe(true);
  }
});
