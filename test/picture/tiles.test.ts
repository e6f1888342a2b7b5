import { expect, test } from 'vitest';
import { liftedPeople, mpjpeOf } from '../../src/picture/people.ts';
import { textWidth } from '../../src/picture/svg.ts';
import { tiles } from '../../src/picture/tiles.ts';
import type { PixelPose, Pose3d } from '../../src/pose/skeleton.ts';
import { elementsOf, named, numbers, standing } from './parse.ts';

const href = (name: string) => `data:image/png;base64,${name}`;

test('tiles stand in rows in their order, with their words, and none beside the paper', () => {
  const row = (letter: string, count: number) => ({
    title: `row ${letter}`,
    note: '[8, 8, 32]',
    tiles: Array.from({ length: count }, (_, i) => ({
      href: href(`${letter}${i}`),
      label: `tile ${letter}${i}`,
    })),
  });
  const picture = tiles({ rows: [row('a', 3), row('b', 5)], side: 100, margin: 120 });
  const drawn = elementsOf(picture);
  const groups = named(drawn, 'g').map(({ attributes }) =>
    attributes.transform!.match(/[\d.]+/g)!.map(Number),
  ) as [number, number][];
  expect(named(drawn, 'image').map(({ attributes }) => attributes.href)).toEqual(
    ['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'b3', 'b4'].map(href),
  );
  expect(groups.length).toBe(8);
  groups.forEach(([x, y], i) => {
    expect(x).toBeGreaterThanOrEqual(120);
    expect(x + 100).toBeLessThanOrEqual(picture.width);
    expect(y + 100).toBeLessThan(picture.height);
    // Further to the right than the one before in its row; the second row is below the first.
    if (i !== 0 && i !== 3) expect(x).toBeGreaterThanOrEqual(groups[i - 1]![0] + 100);
    expect(y).toBe(groups[i < 3 ? 0 : 3]![1]);
  });
  expect(groups[3]![1]).toBeGreaterThan(groups[0]![1] + 100);
  const words = named(drawn, 'text').map(({ text }) => text);
  expect(words).toEqual(expect.arrayContaining(['row a', 'row b', '[8, 8, 32]', 'tile b4']));
});

test('a title has room before its tiles, however long it is', () => {
  for (const title of ['a', 'image tokens, encoded once more']) {
    const picture = tiles({ rows: [{ title, tiles: [{ href: href('a') }] }], side: 50 });
    const [group] = named(elementsOf(picture), 'g');
    const left = Number(group!.attributes.transform!.match(/[\d.]+/)![0]);
    expect(left).toBeGreaterThan(textWidth(title, 16));
    expect(picture.width).toBe(left + 50);
  }
});

test('lifted people are told with their error, which is that of the poses drawn', () => {
  const joints = Float64Array.from({ length: 34 }, (_, i) => 3 * i) as PixelPose;
  const truth = standing().map((v, i) => v - standing()[i % 3]!) as Pose3d;
  // The head 170 mm off, and all of it moved, which does not count: 170 / 17.
  const off = truth.map((v, i) => v + (i % 3 === 2 ? 0.4 : 0) + (i === 30 ? 0.17 : 0));
  const pose = off as Pose3d;
  expect(mpjpeOf(pose, truth)).toBeCloseTo(10, 9);
  const person = { size: 128, href: href('a'), joints };
  const picture = liftedPeople(
    [
      { ...person, name: 'A', lifted: [{ by: 'with depth', pose }], truth },
      {
        ...person,
        name: 'B',
        lifted: ['with depth', 'without depth'].map((by) => ({ by, pose: truth })),
      },
    ],
    'Lifted',
  );
  const drawn = elementsOf(picture);
  const words = named(drawn, 'text').map(({ text }) => text);
  expect(words.filter((text) => /MPJPE/.test(text))).toEqual(['MPJPE 10 mm']);
  expect(words.filter((text) => text === 'without depth').length).toBe(1);
  expect(words.filter((text) => text === 'truth').length).toBe(1);
  for (const inside of named(drawn, 'svg').filter(({ inside }) => inside.length === 2)) {
    const [x, y, width, height] = numbers(inside, 'x', 'y', 'width', 'height');
    expect(x! + width!).toBeLessThan(picture.width);
    expect(y! + height!).toBeLessThan(picture.height);
  }
});
