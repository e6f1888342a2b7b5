import { describe, expect, test } from 'vitest';
import { formatNumber, formatStep, ticksOf, valueScale } from '../../src/picture/axes.ts';
import { type LogEntry, trainingCurve } from '../../src/picture/curve.ts';
import { cutDiverged, smooth, thin } from '../../src/picture/series.ts';
import { type Drawn, elementsOf, named, numbers, strokes } from './parse.ts';

/** The strong lines, in drawing order. */
const curvesIn = (drawn: readonly Drawn[]) =>
  named(drawn, 'path')
    .filter((path) => path.attributes['stroke-width'] === '2.2')
    .map((path) => strokes(path.attributes.d!));
const textsOf = (drawn: readonly Drawn[]) => named(drawn, 'text').map(({ text }) => text);
const losses = (values: readonly number[], stride = 100): LogEntry[] =>
  values.map((loss, i) => ({ step: i * stride, loss }));

test('a loss over two decades has a log axis: equal factors are equal distances', () => {
  const drawn = elementsOf(trainingCurve(losses([1, 0.1, 0.01])));
  const [[[a, b, c]]] = curvesIn(drawn) as [[[number, number][]]];
  expect(textsOf(drawn)).toContain('log scale');
  expect(b![1] - a![1]).toBeCloseTo(c![1] - b![1], 1);
  expect(b![0] - a![0]).toBeCloseTo(c![0] - b![0], 1);
  expect(b![1]).toBeGreaterThan(a![1]); // smaller is lower
});

test('a loss within a decade has a linear axis', () => {
  const drawn = elementsOf(trainingCurve(losses([3, 2, 1])));
  const [[[a, b, c]]] = curvesIn(drawn) as [[[number, number][]]];
  expect(textsOf(drawn)).not.toContain('log scale');
  expect(b![1] - a![1]).toBeCloseTo(c![1] - b![1], 1);
});

test('points stand where their steps are, in whatever order they were logged', () => {
  const log = [0, 10, 40, 100].map((step) => ({ step, loss: 1 + step }));
  const [[points]] = curvesIn(elementsOf(trainingCurve(log))) as [[[number, number][]]];
  const [a, b, c, d] = points!.map(([x]) => x) as [number, number, number, number];
  expect((b - a) / (d - a)).toBeCloseTo(0.1, 3);
  expect((c - a) / (d - a)).toBeCloseTo(0.4, 3);
  expect(trainingCurve([...log].reverse())).toEqual(trainingCurve(log));
});

test('entries of one step are one, the later value counts', () => {
  const log: LogEntry[] = [
    { step: 1, loss: 5 },
    { step: 2, loss: 9 },
    { step: 2, validationMpjpe: 40 },
    { step: 2, loss: 4 },
  ];
  const merged: LogEntry[] = [
    { step: 1, loss: 5 },
    { step: 2, loss: 4, validationMpjpe: 40 },
  ];
  expect(trainingCurve(log)).toEqual(trainingCurve(merged));
});

test('the best validation error is marked at its own place', () => {
  const errors = [100, 60, 41.26, 48, 50];
  const log = errors.map((validationMpjpe, i) => ({ step: 1000 * i, validationMpjpe }));
  const drawn = elementsOf(trainingCurve(log));
  expect(textsOf(drawn)).toContain('best 41.3 mm at step 2,000');
  const ring = named(drawn, 'circle').at(-1)!;
  const [[points]] = curvesIn(drawn) as [[[number, number][]]];
  expect(numbers(ring, 'cx', 'cy')).toEqual(points![2]);
});

test('what is not finite breaks the line, what diverged is cut and leaves the axis alone', () => {
  const values = Array.from({ length: 60 }, (_, i) => 2 + Math.cos(i));
  values[20] = Number.NaN;
  const axis = (log: LogEntry[]) => textsOf(elementsOf(trainingCurve(log))).filter(Number);
  const cut = values.map((value, i) => (i >= 50 ? 10 ** (i - 40) : value));
  const drawn = elementsOf(trainingCurve(losses(cut)));
  expect(curvesIn(drawn)[0]).toHaveLength(2);
  expect(textsOf(drawn).join()).toContain('11 diverged or not finite, left out');
  expect(axis(losses(cut))).toEqual(axis(losses(values)));
  const asJson = JSON.parse(JSON.stringify(losses(values))) as LogEntry[];
  expect(trainingCurve(asJson)).toEqual(trainingCurve(losses(values)));
});

describe('short and strange logs', () => {
  test.each<[string, LogEntry[]]>([
    ['empty', []],
    ['one entry', [{ step: 7, loss: 0.5, validationMpjpe: 60, rate: 1e-3 }]],
    ['a constant', losses([1, 1, 1])],
    ['zeros', losses([0, 0])],
    ['negative losses', losses([-1, -20, -300])],
    ['nothing finite', losses([Number.NaN, Infinity, -Infinity])],
    ['a rate of zero', [0, 1, 2].map((step) => ({ step, loss: step, rate: 0 }))],
    ['a step that is not a number', [{ step: Number.NaN, loss: 1 }]],
  ])('%s', (_, log) => {
    const picture = trainingCurve(log);
    const drawn = elementsOf(picture);
    for (const [stroke] of curvesIn(drawn))
      for (const [x, y] of stroke ?? []) {
        expect(x > 0 && x < picture.width).toBe(true);
        expect(y > 0 && y < picture.height).toBe(true);
      }
  });
});

test('100,000 entries make a small file in which a single spike still shows', () => {
  const log = losses(
    Array.from({ length: 100_000 }, (_, i) => (i === 54_321 ? 9 : 2 + Math.sin(i * i))),
    1,
  );
  const picture = trainingCurve(log);
  expect(picture.content.length).toBeLessThan(150_000);
  const faint = named(elementsOf(picture), 'path').find(
    (path) => path.attributes['stroke-width'] === '1.2',
  )!;
  const points = strokes(faint.attributes.d!).flat();
  const peak = points.reduce((a, b) => (b[1] < a[1] ? b : a));
  const [left, right] = [points[0]![0], points.at(-1)![0]];
  expect((peak[0] - left) / (right - left)).toBeCloseTo(0.54321, 2);
});

test('a thinned series keeps the first, the last, both extremes and the gaps', () => {
  const steps = Array.from({ length: 1000 }, (_, i) => i);
  const values = steps.map((i) => (i >= 400 && i < 405 ? Number.NaN : Math.sin(i)));
  values[777] = 50;
  values[778] = -50;
  const kept = thin({ steps, values }, 10);
  expect(kept.steps.length).toBeLessThan(60);
  expect([kept.steps[0], kept.steps.at(-1)]).toEqual([0, 999]);
  expect(kept.values).toContain(50);
  expect(kept.values).toContain(-50);
  expect(kept.values.some(Number.isNaN)).toBe(true);
  expect(kept.steps).toEqual([...kept.steps].sort((a, b) => a - b));
});

test('smoothing leaves a straight line as it is, to its ends, and calms noise', () => {
  const steps = Array.from({ length: 800 }, (_, i) => i);
  const straight = steps.map((i) => 5 - 0.003 * i);
  smooth({ steps, values: straight }, false).values.forEach((value, i) => {
    expect(value).toBeCloseTo(straight[i]!, 9);
  });
  const falling = steps.map((i) => 0.99 ** i); // straight on a log axis
  smooth({ steps, values: falling }, true).values.forEach((value, i) => {
    expect(value / falling[i]!).toBeCloseTo(1, 9);
  });
  const noise = steps.map((i) => 3 + Math.sin(1000 * i * i));
  const inside = smooth({ steps, values: noise }, false).values.slice(10, -10);
  // the mean of the 21 entries about the middle one
  const mean = noise.slice(390, 411).reduce((sum, v) => sum + v) / 21;
  expect(inside.length).toBe(780);
  expect(inside[390]).toBeCloseTo(mean, 9);
});

test('a loss that only falls far has not diverged', () => {
  expect(cutDiverged({ steps: [0, 5, 10], values: [1.1, 0.029, 0.022] }).cut).toBe(0);
  expect(cutDiverged({ steps: [0, 5, 10], values: [0.03, 0.029, 1.1] }).cut).toBe(1);
  const values = Array.from({ length: 50 }, (_, i) => 1000 * 0.5 ** i);
  expect(cutDiverged({ steps: values.map((_, i) => i), values }).cut).toBe(0);
});

test('axes have round values, none doubled, within the range', () => {
  for (const [low, high] of [
    [0.02, 1],
    [30, 190],
    [1e-7, 1e5],
    [0.5, 0.6],
    [1, 12],
  ] as const) {
    const scale = valueScale([low, high], 100, 0, 4);
    const ticks = ticksOf(scale, 5);
    expect(ticks.length).toBeGreaterThanOrEqual(3);
    expect(ticks.length).toBeLessThanOrEqual(10);
    const labels = ticks.map(formatNumber);
    expect(new Set(labels).size).toBe(labels.length);
    for (const tick of ticks) expect(scale(tick)).toBeGreaterThanOrEqual(-1e-9);
  }
});

test('numbers read well', () => {
  expect([0, 0.002, 1e-5, 32.94, 1234.5, 2.5e7].map(formatNumber)).toEqual([
    '0',
    '0.002',
    '1e-5',
    '32.9',
    '1,235',
    '2.5e7',
  ]);
  expect([500, 2000, 15_000, 3e6].map(formatStep)).toEqual(['500', '2,000', '15k', '3M']);
});
