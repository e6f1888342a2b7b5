import { describe, expect, test } from 'vitest';
import { overlay } from '../../src/picture/overlay.ts';
import { COLOURS } from '../../src/picture/style.ts';
import { JOINT, type PixelPose } from '../../src/pose/skeleton.ts';
import { elementsOf, named, numbers, standing } from './parse.ts';

/** The standing person in an image of this size, by a camera of f = height. */
function pixels(width: number, height: number): PixelPose {
  const pose = standing();
  return Float64Array.from({ length: 34 }, (_, i) => {
    const joint = i >> 1;
    const middle = i % 2 === 0 ? width / 2 : height / 2;
    return (height * pose[3 * joint + (i % 2)]!) / pose[3 * joint + 2]! + middle;
  });
}

describe.each([
  [640, 425],
  [1000, 667],
  [300, 900],
  [64, 48],
])('on an image of %i x %i', (width, height) => {
  const pose = pixels(width, height);
  const drawn = elementsOf(overlay({ image: { width, height }, pose }));
  const [view] = named(drawn, 'svg').slice(1);
  const dots = named(drawn, 'circle');

  test('a unit is a pixel and each joint has its dot', () => {
    expect(view!.attributes.viewBox).toBe(`0 0 ${width} ${height}`);
    expect(numbers(view!, 'width', 'height')).toEqual([width, height]);
    expect(dots).toHaveLength(17);
    dots.forEach((dot, i) => {
      const [x, y] = numbers(dot, 'cx', 'cy');
      expect(Math.hypot(x! - pose[2 * i]!, y! - pose[2 * i + 1]!)).toBeLessThan(0.01);
    });
  });

  test('the right side is warm and the left cool', () => {
    expect(dots[JOINT.rightWrist]!.attributes.fill).toBe(COLOURS.right);
    expect(dots[JOINT.leftWrist]!.attributes.fill).toBe(COLOURS.left);
    const [x, y] = [2 * JOINT.leftKnee, 2 * JOINT.leftKnee + 1].map((i) => pose[i]!);
    const atKnee = named(drawn, 'line').filter((line) => {
      const ends = numbers(line, 'x1', 'y1', 'x2', 'y2');
      return [0, 2].some((i) => Math.hypot(ends[i]! - x!, ends[i + 1]! - y!) < 0.01);
    });
    const colours = new Set(atKnee.map((line) => line.attributes.stroke));
    expect(colours).toEqual(new Set([COLOURS.paper, COLOURS.left]));
  });

  test('bones are between 1/300 and 1/70 of the diagonal thick', () => {
    const diagonal = Math.hypot(width, height);
    for (const bone of named(drawn, 'line').filter((line) => line.inside.length === 2)) {
      const [thick] = numbers(bone, 'stroke-width');
      expect(thick).toBeGreaterThan(diagonal / 300);
      expect(thick).toBeLessThan(diagonal / 50);
    }
  });
});

const image = { width: 640, height: 425 };

test('joints outside the image lie on a margin', () => {
  const pose = pixels(640, 425).map((v, i) => (i % 2 === 1 ? v + 120 : v - 60));
  const drawn = elementsOf(overlay({ image, pose }));
  const view = named(drawn, 'svg')[1]!.attributes.viewBox!.split(' ').map(Number);
  expect(view[2]! * view[3]!).toBeGreaterThan(640 * 425);
  for (const dot of named(drawn, 'circle')) {
    const [x, y, r] = numbers(dot, 'cx', 'cy', 'r') as [number, number, number];
    expect(x - r).toBeGreaterThan(view[0]!);
    expect(x + r).toBeLessThan(view[0]! + view[2]!);
    expect(y - r).toBeGreaterThan(view[1]!);
    expect(y + r).toBeLessThan(view[1]! + view[3]!);
  }
});

test('a joint that is far outside does not shrink the image away', () => {
  const pose = pixels(640, 425);
  pose.set([1e7, -1e7], 2 * JOINT.leftWrist);
  const drawn = overlay({ image, pose });
  elementsOf(drawn);
  expect(drawn.width).toBeLessThan(1.5 * 640);
  expect(drawn.height).toBeLessThan(1.5 * 425 + 100);
});

test('joints that are missing are left out, with their bones', () => {
  const pose = pixels(640, 425);
  pose[2 * JOINT.leftElbow] = Number.NaN;
  const lines = (p: PixelPose) => named(elementsOf(overlay({ image, pose: p })), 'line').length;
  expect(named(elementsOf(overlay({ image, pose })), 'circle')).toHaveLength(16);
  expect(lines(pixels(640, 425)) - lines(pose)).toBe(2 * 2); // two bones with their casing
  expect(named(elementsOf(overlay({ image, pose: { pelvis: [3, 4] } })), 'circle')).toHaveLength(1);
});

test.each([
  ['no joint', new Float64Array(34).fill(Number.NaN), 0],
  ['all joints at one point', new Float64Array(34).fill(100), 17],
])('%s', (_, pose, count) => {
  expect(named(elementsOf(overlay({ image, pose })), 'circle')).toHaveLength(count);
});

test('the reprojected pose is dashed, its joints are rings', () => {
  const pose = pixels(640, 425);
  const reprojected = pose.map((v) => v + 5);
  const drawn = elementsOf(overlay({ image, pose, reprojected }));
  const inView = drawn.filter(({ inside }) => inside.length === 2);
  const dashed = named(inView, 'line').filter((line) => line.attributes['stroke-dasharray']);
  expect(dashed).toHaveLength(2 * 16); // light under dark
  const rings = named(inView, 'circle').filter((ring) => ring.attributes.fill === 'none');
  expect(rings).toHaveLength(2 * 17);
  expect(numbers(rings[17]!, 'cx', 'cy')[0]).toBeCloseTo(reprojected[0]!, 1);
});

test('what cannot be drawn is refused', () => {
  expect(() => overlay({ image: { width: 0, height: 10 }, pose: pixels(9, 9) })).toThrow(
    'overlay: an image of 0 x 10 pixels; both must be positive.',
  );
  expect(() => overlay({ image, pose: new Float64Array(32) })).toThrow(
    'picture: a pose of 32 numbers; 17 joints of 2 are needed.',
  );
  expect(() => overlay({ image, pose: { leftKnee: [1, 2, 3] } })).toThrow(
    'picture: leftKnee has 3 numbers; it needs 2.',
  );
});
