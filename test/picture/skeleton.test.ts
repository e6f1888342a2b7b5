import { describe, expect, test } from 'vitest';
import { threeSides } from '../../src/picture/skeleton.ts';
import { COLOURS } from '../../src/picture/style.ts';
import { JOINT, JOINTS } from '../../src/pose/skeleton.ts';
import { type Drawn, elementsOf, named, numbers, standing } from './parse.ts';

/** Cells of the three views: left, top, width, height. */
const cellsOf = (drawn: readonly Drawn[]) =>
  named(drawn, 'rect')
    .filter((rect) => rect.attributes.fill === COLOURS.panel)
    .map((cell) => numbers(cell, 'x', 'y', 'width', 'height') as [number, number, number, number]);

/** Joints of each view; the legend's dots lie below all cells. */
function jointsIn(drawn: readonly Drawn[]): [number, number][][] {
  return cellsOf(drawn).map(([x, y, width, height]) =>
    named(drawn, 'circle')
      .map((dot) => numbers(dot, 'cx', 'cy') as [number, number])
      .filter(([cx, cy]) => cx > x && cx < x + width && cy > y && cy < y + height),
  );
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

/** Pixels a metre; the drawn coordinates must be those in metres by one scale and one shift. */
function scaleBetween(metres: readonly number[], drawn: readonly number[]): number {
  const [m, d] = [sorted(metres), sorted(drawn)];
  const scale = (d.at(-1)! - d[0]!) / (m.at(-1)! - m[0]!);
  d.forEach((value, i) => {
    expect(Math.abs(value - (d[0]! + scale * (m[i]! - m[0]!)))).toBeLessThan(0.02);
  });
  return scale;
}

const pose = standing();
const axis = (k: number, sign = 1) => JOINTS.map((_, i) => sign * pose[3 * i + k]!);

describe('three sides', () => {
  const drawn = elementsOf(threeSides({ pose }));
  const [front, side, top] = jointsIn(drawn) as [
    [number, number][],
    [number, number][],
    [number, number][],
  ];

  test('each has all joints', () => {
    expect([front, side, top].map(({ length }) => length)).toEqual([17, 17, 17]);
  });

  test('are parallel projections of one scale, which the bar tells', () => {
    const pick = (view: readonly [number, number][], k: 0 | 1) => view.map((p) => p[k]);
    const scales = [
      scaleBetween(axis(0), pick(front, 0)), // x right
      scaleBetween(axis(1), pick(front, 1)), // y down
      scaleBetween(axis(2), pick(side, 0)), // the camera at the left
      scaleBetween(axis(1), pick(side, 1)),
      scaleBetween(axis(0), pick(top, 0)),
      scaleBetween(axis(2, -1), pick(top, 1)), // the camera below
    ];
    for (const scale of scales) expect(scale / scales[0]!).toBeCloseTo(1, 2);
    const bar = named(drawn, 'line').at(-3)!;
    const [x1, x2] = numbers(bar, 'x1', 'x2') as [number, number];
    const label = named(drawn, 'text').at(-1)!.text;
    expect(label).toMatch(/^[\d.]+ m$/);
    expect((x2 - x1) / Number.parseFloat(label)).toBeCloseTo(scales[0]!, 1);
  });

  test('the front has the order of the joints in the image', () => {
    // all at about one depth, so that perspective does not change the order
    const byImage = JOINTS.map((_, i) => i).sort(
      (a, b) => pose[3 * a]! / pose[3 * a + 2]! - pose[3 * b]! / pose[3 * b + 2]!,
    );
    expect(byImage[0]).toBe(JOINT.rightWrist);
    const leftmost = front.reduce((a, b) => (a[0] < b[0] ? a : b));
    const dot = named(drawn, 'circle').find((c) => numbers(c, 'cx')[0] === leftmost[0])!;
    expect(dot.attributes.fill!.slice(1, 3) > dot.attributes.fill!.slice(5, 7)).toBe(true); // warm
  });

  test('everything lies in the picture', () => {
    const { width, height } = threeSides({ pose });
    for (const [x, y] of [...front, ...side, ...top]) {
      expect(x > 0 && x < width && y > 0 && y < height).toBe(true);
    }
    for (const [x, , w] of cellsOf(drawn)) expect(x + w).toBeLessThan(width + 0.01);
  });

  test('near bones are drawn after far ones, thicker', () => {
    // seen from the camera's right the left side (x > 0) is near
    const cell = cellsOf(drawn)[1]!;
    const bones = named(drawn, 'line').filter((line) => {
      const [x] = numbers(line, 'x1');
      return (
        line.attributes['stroke-linecap'] === 'round' && x! > cell[0] && x! < cell[0] + cell[2]
      );
    });
    const coloured = bones.filter((line) => line.attributes.stroke !== COLOURS.panel);
    const widths = coloured.map((line) => Number(line.attributes['stroke-width']));
    expect(coloured.length).toBeGreaterThanOrEqual(16);
    const inCell = widths.slice(0, 16);
    expect(inCell).toEqual(sorted(inCell));
    expect(inCell.at(-1)).toBeGreaterThan(inCell[0]!);
  });
});

test('named joints are drawn as those of an array', () => {
  const byName = Object.fromEntries(
    JOINTS.map((name, i) => [name, [...pose.slice(3 * i, 3 * i + 3)]]),
  );
  expect(threeSides({ pose: byName })).toEqual(threeSides({ pose }));
});

test('a reference is grey, beneath, and widens the view', () => {
  const reference = pose.map((v, i) => (i % 3 === 0 ? v + 0.5 : v));
  const drawn = elementsOf(threeSides({ pose, reference }));
  expect(jointsIn(drawn).map(({ length }) => length)).toEqual([34, 34, 34]);
  const fills = named(drawn, 'circle').map((dot) => dot.attributes.fill);
  expect(fills.slice(0, 17)).toEqual(new Array(17).fill(COLOURS.reference));
  expect(fills.slice(17, 34)).not.toContain(COLOURS.reference);
});

describe('degenerate poses', () => {
  test.each([
    ['all joints at one point', new Float64Array(51).fill(2), 17],
    ['no joints', {}, 0],
    ['one joint', { head: [0, 0, 1] }, 1],
    [
      'a person lying along the axis',
      standing().map((_, i, p) => p[i - (i % 3) + (2 - (i % 3))]!),
      17,
    ],
    ['a giant', standing().map((v) => 1000 * v), 17],
    ['a mote', standing().map((v) => 1e-6 * v), 17],
  ])('%s', (_, strange, count) => {
    const picture = threeSides({ pose: strange });
    const drawn = elementsOf(picture);
    expect(jointsIn(drawn).map(({ length }) => length)).toEqual([count, count, count]);
    expect(picture.width).toBeGreaterThan(300);
    expect(picture.width).toBeLessThan(1100);
    expect(picture.height).toBeLessThan(600);
  });
});
