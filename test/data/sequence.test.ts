import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSequence } from '../../src/data/sequence.ts';
import { JOINT_SETS } from '../../src/pose/joint_sets.ts';
import { JOINT } from '../../src/pose/skeleton.ts';
import { hasData, NEEDS_DATA, textOf } from './dataset.ts';

const person = (x: number) => JOINT_SETS.h36m17.map((_, i) => [x + i, 2 * i]);
const read = (file: unknown) => readSequence(JSON.stringify(file));

test('a list of frames beside what is known of them, or the list alone', () => {
  const stated = { fps: 25, width: 640, height: 480, fov: 50, skeleton: 'h36m17' };
  const { frames, ...rest } = read({ ...stated, frames: [person(0), person(5)] });
  expect(rest).toEqual({ fps: 25, width: 640, height: 480, fov: 50 });
  expect([...frames[1]!.slice(0, 4)]).toEqual([5, 0, 6, 2]);
  const named = JOINT_SETS.coco17.map((name, i) => [name, [10 * i, 100 - i]] as const);
  const bare = read([Object.fromEntries(named)]);
  expect(bare.fps).toBe(30);
  expect(bare.frames[0]![2 * JOINT.leftWrist]).toBe(10 * JOINT_SETS.coco17.indexOf('leftWrist'));
  expect(bare.width).toBeGreaterThanOrEqual(10 * 16);
});

test('a frame without a whole person keeps the one before, or the first one after', () => {
  const half = person(9).map((point, i) => (i === JOINT.leftKnee ? null : point));
  const frames = [null, person(1), half, person(3), null];
  const read1 = read({ skeleton: 'h36m17', frames });
  expect(read1.frames.map((frame) => frame[0])).toEqual([1, 1, 1, 3, 3]);
});

test('what is no sequence is refused, with the frame', () => {
  expect(() => readSequence('[')).toThrow(/not JSON/);
  expect(() => read(person(0))).toThrow(/expected a list of frames/);
  expect(() => read({ skeleton: 'h36m17', frames: [null] })).toThrow(/none of the 1 frames/);
  expect(() => read({ skeleton: 'h36m17', frames: [person(0), 'x'] })).toThrow(/frame 1/);
  expect(() => read({ skeleton: 'h36m17', fps: 0, frames: [person(0)] })).toThrow(/fps is 0/);
});

test('a film of ten minutes is read', () => {
  const frames = Array.from({ length: 18_000 }, (_, i) => person(i % 7));
  const film = read({ skeleton: 'h36m17', frames });
  expect(film.frames.length).toBe(18_000);
  // The farthest joints are at 22 and 32, and a twentieth is left beside them.
  expect([film.width, film.height]).toEqual([24, 34]);
});

test('the walk that ships stays in its picture, and its end meets its beginning', () => {
  const file = new URL('../../web/public/sequences/walk.json', import.meta.url);
  const { frames, width, height } = readSequence(readFileSync(file, 'utf8'));
  expect(frames.length).toBe(192);
  for (const frame of frames)
    for (let i = 0; i < frame.length; i++) {
      expect(frame[i]).toBeGreaterThan(0);
      expect(frame[i]).toBeLessThan(i % 2 === 0 ? width : height);
    }
  const step = (a: number, b: number) =>
    Math.max(...frames[a]!.map((value, i) => Math.abs(value - frames[b]![i]!)));
  expect(step(191, 0)).toBeLessThan(30);
});

test.skipIf(!hasData)(`frames of BlazePose are read ${NEEDS_DATA}`, () => {
  const { frames } = readSequence(textOf('mocap_formats/squats_blazepose_2d.json'));
  expect(frames.length).toBe(65);
  expect(frames.every((frame) => frame.every(Number.isFinite))).toBe(true);
});
