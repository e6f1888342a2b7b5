import { describe, expect, test } from 'vitest';
import { bodyParts } from '../../src/picture/body.ts';
import { OUTFITS, person } from '../../src/picture/person.ts';
import { convexHull } from '../../src/picture/room.ts';
import { cameraFromFov, project } from '../../src/pose/camera.ts';
import { JOINT, JOINTS } from '../../src/pose/skeleton.ts';
import { elementsOf, named, standing, strokes } from './parse.ts';

const camera = cameraFromFov(800, 600, 40);

/** The parts of the body in drawing order: outlines, and the colours across them. */
function partsOf(pose: ArrayLike<number>, at = camera) {
  const drawn = elementsOf(person({ pose, camera: at }));
  return named(drawn, 'path')
    .filter((path) => path.attributes['stroke-linejoin'] && path.attributes.fill!.startsWith('url'))
    .map((path) => ({ outline: strokes(path.attributes.d!)[0]!, stroke: path.attributes.stroke! }));
}

/** Even-odd rule. */
function inside(outline: readonly [number, number][], x: number, y: number): boolean {
  return outline.reduce((odd, [ax, ay], i) => {
    const [bx, by] = outline[(i + 1) % outline.length]!;
    const crosses = ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax);
    return crosses !== odd;
  }, false);
}

test('the image of every joint but the neck lies on the body', () => {
  const pose = standing();
  const pixels = project(camera, pose);
  const parts = partsOf(pose);
  JOINTS.forEach((name, i) => {
    const [x, y] = [pixels[2 * i]!, pixels[2 * i + 1]!];
    expect([name, parts.some(({ outline }) => inside(outline, x, y))]).toEqual([name, true]);
  });
});

test('what is nearer is drawn later', () => {
  const wrist = (z: number) => {
    const pose = standing();
    pose.set([0.2, -0.15, 4 + z], 3 * JOINT.leftWrist); // before or behind the trunk
    pose.set([0.4, -0.12, 4 + z / 2], 3 * JOINT.leftElbow);
    const [x, y] = project(camera, pose.slice(3 * JOINT.leftWrist, 3 * JOINT.leftWrist + 3));
    const covering = partsOf(pose).filter(({ outline }) => inside(outline, x!, y!));
    const isShirt = covering.map(({ stroke }) => stroke[3]! + stroke[4]! > stroke[1]! + stroke[2]!);
    return isShirt.at(-1);
  };
  expect(wrist(-0.4)).toBe(false); // skin over the green shirt
  expect(wrist(0.4)).toBe(true);
});

test('the light comes from the left above: parts are brighter there', () => {
  const drawn = elementsOf(person({ pose: standing(), camera }));
  const stops = named(drawn, 'linearGradient').map((gradient) => ({
    x1: Number(gradient.attributes.x1),
    x2: Number(gradient.attributes.x2),
    upright: Math.abs(Number(gradient.attributes.y1) - Number(gradient.attributes.y2)) < 10,
    colours: drawn
      .slice(drawn.indexOf(gradient) + 1)
      .filter(
        ({ name }, i, rest) => name === 'stop' && rest.slice(0, i).every((e) => e.name === 'stop'),
      )
      .map((stop) => Number.parseInt(stop.attributes['stop-color']!.slice(1, 3), 16)),
  }));
  const across = stops.filter(
    ({ upright, x1, x2, colours }) => upright && x1 !== x2 && colours.length === 8,
  );
  expect(across.length).toBeGreaterThan(4);
  for (const { x1, x2, colours } of across) {
    const [left, right] = x1 < x2 ? [colours[1]!, colours[6]!] : [colours[6]!, colours[1]!];
    expect(left).toBeGreaterThan(right);
  }
});

test('shoes stand on the floor, whichever way is up', () => {
  const tilt = 0.2;
  const up = [0, -Math.cos(tilt), -Math.sin(tilt)] as const;
  for (const direction of [[0, -1, 0] as const, up]) {
    const { parts, floor } = bodyParts(standing(), direction);
    const lowest = parts.map(({ balls }) =>
      Math.min(
        ...balls.map(
          ({ centre, radius }) => centre.reduce((sum, v, i) => sum + v * direction[i]!, 0) - radius,
        ),
      ),
    );
    expect(Math.min(...lowest)).toBeGreaterThan(floor - 1e-9);
    expect(Math.min(...lowest)).toBeLessThan(floor + 0.02);
  }
});

test('the face looks where the nose is', () => {
  const pose = standing(); // faces the camera
  expect(bodyParts(pose, [0, -1, 0]).head.face[2]).toBeLessThan(-0.9);
  const away = pose.map((v, i) => (i % 3 === 0 ? 0.4 - v : i % 3 === 2 ? 8 - v : v));
  expect(bodyParts(away, [0, -1, 0]).head.face[2]).toBeGreaterThan(0.9);
  const eyes = (p: Float64Array) => named(elementsOf(person({ pose: p, camera })), 'circle').length;
  expect([eyes(pose), eyes(away)]).toEqual([2, 0]);
});

describe('degenerate poses and cameras', () => {
  test.each([
    ['all joints at one point', new Float64Array(51).fill(2), [0, -1, 0]],
    ['out of the picture', standing().map((v, i) => (i % 3 === 0 ? v + 50 : v)), [0, -1, 0]],
    ['very near', standing().map((v, i) => (i % 3 === 2 ? v - 3.4 : v)), [0, -1, 0]],
    ['from straight above', standing(), [0, 0, -1]],
    ['upside down', standing(), [0, 1, 0]],
  ] as const)('%s', (_, pose, up) => {
    elementsOf(person({ pose, camera, up }));
  });

  test('who is not in front of the camera is refused', () => {
    const pose = standing();
    pose[3 * JOINT.head + 2] = -1;
    expect(() => person({ pose, camera })).toThrow(
      /^person: joint 10 is at .*in front of the camera/,
    );
    expect(() => person({ pose: new Float64Array(48), camera })).toThrow(
      /48 numbers; 17 joints of 3/,
    );
  });
});

test('gradients of one name are the same, so that drawings can stand in one picture', () => {
  const definitions = new Map<string, string>();
  for (const outfit of OUTFITS)
    for (const shift of [0, 0.3]) {
      const pose = standing().map((v, i) => (i % 3 === 0 ? v + shift : v));
      const { content } = person({ pose, camera, outfit });
      for (const [whole, id] of content.matchAll(
        /<linearGradient id="(\w+)".*?<\/linearGradient>/g,
      )) {
        expect(definitions.get(id!) ?? whole).toBe(whole);
        definitions.set(id!, whole);
      }
    }
  expect(definitions.size).toBeGreaterThan(50);
});

test('the convex hull of a square with points inside is the square', () => {
  const square = [
    [0, 0],
    [4, 0],
    [4, 4],
    [0, 4],
  ] as const;
  const hull = convexHull([[1, 1], [2, 3], ...square, [2, 0]]);
  expect(hull).toHaveLength(4);
  expect(hull).toEqual(expect.arrayContaining(square.map((p) => [...p])));
});
