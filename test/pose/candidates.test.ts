import { expect, test } from 'vitest';
import { bodyView } from '../../src/data/body/source.ts';
import { cameraFromFov, pixelsToRays, project } from '../../src/pose/camera.ts';
import {
  CHOICE_COUNT,
  choicesOf,
  depthCandidates,
  depthsOf,
  ontoRays,
} from '../../src/pose/candidates.ts';
import { BONES, boneLengths, JOINT } from '../../src/pose/skeleton.ts';
import { expectClose } from './close.ts';

const camera = cameraFromFov(1280, 720, 60);

/** A person of known depth, and the picture of them. */
function pictured(index: number) {
  const { pose } = bodyView(11, index);
  const pixels = project(camera, pose);
  const rays = pixelsToRays(camera, pixels);
  const candidates = depthCandidates(rays, boneLengths(pose), pose[2]!);
  return { pose, pixels, rays, candidates };
}

test('a ray meets the sphere about a parent twice, once or never', () => {
  // Straight ahead, parent at 3 m, a bone of 0.5 m: at 2.5 and 3.5 m.
  expectClose(depthsOf([0, 0, 3], 0, 0, 0.5)!, [2.5, 3.5]);
  // A parent 0.3 m aside: 3 -+ sqrt(0.25 - 0.09).
  expectClose(depthsOf([0.3, 0, 3], 0, 0, 0.5)!, [2.6, 3.4]);
  expectClose(depthsOf([0.5, 0, 3], 0, 0, 0.5)!, [3, 3]);
  expect(depthsOf([0.6, 0, 3], 0, 0, 0.5)).toBeUndefined();
  // One of the two would be behind the camera.
  expect(depthsOf([0, 0, 0.4], 0, 0, 0.5)).toBeUndefined();
});

test('the true person is the candidate of their own choices', () => {
  for (let index = 0; index < 40; index++) {
    const { pose, candidates } = pictured(index);
    expectClose(candidates.person(choicesOf(pose))!, pose, 6);
  }
});

test('every candidate has the picture and the bones of the true person, and no two are the same', () => {
  const { pose, pixels, candidates } = pictured(3);
  const lengths = boneLengths(pose);
  const seen = new Set<number>();
  let away = 0;
  let stretched = 0;
  for (const _ of candidates.walk((choices, person) => {
    expect(seen.has(choices)).toBe(false);
    seen.add(choices);
    // All of them would take seconds; a prime apart they are of every kind.
    if (seen.size % 37 > 0) return;
    project(camera, person).forEach((at, i) => {
      away = Math.max(away, Math.abs(at - pixels[i]!));
    });
    boneLengths(person).forEach((length, i) => {
      stretched = Math.max(stretched, Math.abs(length - lengths[i]!));
    });
    expect(choicesOf(person)).toBe(choices);
  }));
  expect(seen.size).toBeGreaterThan(1000);
  expect(seen.size).toBeLessThanOrEqual(CHOICE_COUNT);
  expect(away).toBeLessThan(1e-6);
  expect(stretched).toBeLessThan(1e-9);
  expect(seen.has(choicesOf(pose))).toBe(true);
  for (const choices of [0, 1, 12345, CHOICE_COUNT - 1])
    expect(candidates.person(choices) !== undefined).toBe(seen.has(choices));
});

test('flipping a forearm moves the wrist alone, along its ray', () => {
  const { pose, candidates } = pictured(5);
  const bone = BONES.findIndex(({ name }) => name === 'leftForearm');
  const flipped = candidates.person(choicesOf(pose) ^ (1 << bone))!;
  const { leftWrist } = JOINT;
  flipped.forEach((value, i) => {
    if (Math.floor(i / 3) !== leftWrist) expect(value).toBeCloseTo(pose[i]!, 9);
  });
  const [x, y, z] = flipped.slice(3 * leftWrist);
  expect(x! / z!).toBeCloseTo(pose[3 * leftWrist]! / pose[3 * leftWrist + 2]!, 9);
  expect(y! / z!).toBeCloseTo(pose[3 * leftWrist + 1]! / pose[3 * leftWrist + 2]!, 9);
  expect(Math.abs(z! - pose[3 * leftWrist + 2]!)).toBeGreaterThan(0.01);
});

test('a bone that cannot reach its ray is named, and a pose moves onto its rays at its depths', () => {
  const { pose, rays } = pictured(7);
  const lengths = boneLengths(pose);
  lengths[BONES.findIndex(({ name }) => name === 'rightShank')] = 0.001;
  const short = depthCandidates(rays, lengths, pose[2]!);
  expect(short.person(choicesOf(pose))).toBeUndefined();
  expect(short.unreachable(choicesOf(pose))).toBe(JOINT.rightAnkle);
  const moved = ontoRays(
    pose.map((value, i) => (i % 3 === 0 ? value + 0.02 : value)),
    rays,
  );
  expectClose(moved, pose, 9);
  expect(() => depthCandidates(rays, lengths, 0)).toThrow(/must be above 0/);
});
