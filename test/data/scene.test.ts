/** Scenes: keys, splits, what is hidden, and what the plain renderer makes of them. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PART } from '../../src/data/body/kinematics.ts';
import { STREAM } from '../../src/data/body/streams.ts';
import {
  MOST_BOXES,
  MOST_CONES,
  PATTERN,
  SCENE_LAYOUT,
  SCENE_SIZE,
} from '../../src/data/scene/layout.ts';
import { frameOfCamera, frameOfView, packScenes, type Seen } from '../../src/data/scene/pack.ts';
import { castScene, firstHit, rayOf } from '../../src/data/scene/ray_cast.ts';
import { DEPTH_ERROR, SCENE_SPLITS, type Scene, sceneOf } from '../../src/data/scene/scene.ts';
import type { RoundCone } from '../../src/data/scene/shapes.ts';
import {
  SCENE_SIZE as KERNEL_SIZE,
  LIGHT_CELLS,
  TILE_HEIGHT,
  TILE_WIDTH,
} from '../../src/kernels/render.ts';
import { cameraFromFov, project } from '../../src/pose/camera.ts';
import { JOINT, LEFT, RIGHT } from '../../src/pose/skeleton.ts';

const train = (index: number, more = {}) => sceneOf({ seed: 3, split: 'train', index, ...more });

describe('the layout of a row', () => {
  const wgsl = (file: string) =>
    readFileSync(new URL(`../../shaders/lib/${file}.wgsl`, import.meta.url), 'utf8');
  const constants = (file: string) =>
    Object.fromEntries(
      [...wgsl(file).matchAll(/^const (\w+) = (\d+)u;/gm)].map(([, name, n]) => [name, Number(n)]),
    );

  test('is the same in TypeScript and WGSL', () => {
    const { TILE_WIDTH: width, TILE_HEIGHT: height, ...layout } = constants('scene');
    expect(layout).toEqual(SCENE_LAYOUT);
    expect({ width, height }).toEqual({ width: TILE_WIDTH, height: TILE_HEIGHT });
    expect(KERNEL_SIZE).toBe(SCENE_SIZE);
    expect(LIGHT_CELLS).toBe(SCENE_LAYOUT.LIGHT_CELLS);
  });

  test('holds as many things as it says', () => {
    const { CONES, BOXES, SCENE_QUADS, SHAPE_QUADS } = SCENE_LAYOUT;
    expect(CONES + SHAPE_QUADS * MOST_CONES).toBe(BOXES);
    expect(BOXES + SHAPE_QUADS * MOST_BOXES).toBe(SCENE_QUADS);
  });

  test('numbers patterns alike', () => {
    for (const [name, value] of Object.entries(constants('pattern')))
      expect(PATTERN[name.toLowerCase() as keyof typeof PATTERN]).toBe(value);
  });

  test('a scene with too many things is refused with both numbers', () => {
    const scene = train(0);
    const boxes = new Array(MOST_BOXES + 1).fill(scene.boxes[0] ?? box);
    expect(() => packScenes([{ ...scene, boxes }])).toThrow('scene 0 has 9 boxes; a row holds 8');
  });
});

const FEET = [PART.leftFoot + 1, PART.rightFoot + 1];

/** Height of the lowest point of a round cone, which may be pressed flat. */
function bottom({ a, b, ra, rb, flat }: RoundCone): number {
  const { axis, by } = flat ?? { axis: [0, 1, 0] as const, by: 1 };
  const k = (1 - 1 / by) * axis[1];
  const share = Math.hypot(-k * axis[0], 1 - k * axis[1], -k * axis[2]);
  return Math.min(a[1] - share * ra, b[1] - share * rb);
}

const box = {
  centre: [0, 0, 0],
  u: [1, 0, 0],
  v: [0, 1, 0],
  half: [1, 1, 1],
  material: 0,
} as const;

describe('a scene', () => {
  test('is a function of its key, in any order', () => {
    const rows = [5, 2, 9].map((index) => packScenes([train(index)]));
    expect(packScenes([train(9)])).toEqual(rows[2]);
    expect(packScenes([train(5)])).toEqual(rows[0]);
    expect(train(2).detection).toEqual(train(2).detection);
  });

  test('splits share no pose, no camera and no look', () => {
    const scenes = SCENE_SPLITS.flatMap((split) =>
      [0, 1, 2, 3].map((index) => sceneOf({ seed: 3, split, index })),
    );
    const different = (of: (scene: Scene) => unknown) =>
      expect(new Set(scenes.map((scene) => JSON.stringify(of(scene)))).size).toBe(scenes.length);
    different(({ body }) => Array.from(body.rotations));
    different(({ body }) => body.build);
    different(({ extrinsics }) => extrinsics.position);
    different(({ materials }) => materials[0]);
    different(({ detection }) => Array.from(detection.pixels));
    expect(() => sceneOf({ seed: 3, split: 'tests' as 'test', index: 0 })).toThrow(
      "the split 'tests' is none of train, validation, test",
    );
  });

  test('its streams of random numbers are all different', () => {
    expect(new Set(Object.values(STREAM)).size).toBe(Object.keys(STREAM).length);
  });

  test('over 150 of them: joints lie in the picture, people on the floor, cameras above it', () => {
    let visible = 0;
    for (let index = 0; index < 150; index++) {
      const { pixels, pose3d, camera, extrinsics, body, cones, visible: seen } = train(index);
      const again = project(camera, pose3d);
      expect(Math.max(...pixels.map((value, i) => Math.abs(value - again[i]!)))).toBeLessThan(1e-9);
      expect(extrinsics.position[1]).toBeGreaterThan(0.2);
      expect(cones.length).toBeLessThanOrEqual(MOST_CONES);
      expect(body.origins.every(Number.isFinite)).toBe(true);
      const shown = seen.reduce((sum, v) => sum + v, 0);
      visible += shown / 17;
      const flesh = cones.filter(({ part }) => part > 0);
      const feet = flesh.filter(({ part }) => FEET.includes(part));
      // fingers may be in the floor by what flesh gives way, soles are on it or above
      expect(Math.min(...flesh.map(bottom))).toBeGreaterThan(-0.12);
      expect(Math.min(...flesh.map(bottom))).toBeLessThan(0.02);
      expect(Math.min(...feet.map(bottom))).toBeGreaterThan(-0.025);
    }
    // hidden by things, by the person's own body, or neither
    expect(visible / 150).toBeGreaterThan(0.7);
    expect(visible / 150).toBeLessThan(0.97);
  });

  test('hidden joints are found worse', () => {
    const errors = [0, 1].map(() => [] as number[]);
    for (let index = 0; index < 150; index++) {
      const { pixels, detection, visible } = train(index);
      for (let j = 0; j < 17; j++) {
        const [x, y] = [0, 1].map((k) => detection.pixels[2 * j + k]! - pixels[2 * j + k]!);
        const size = Math.max(...pixels) - Math.min(...pixels);
        if (!Number.isNaN(x!)) errors[visible[j]!]!.push(Math.hypot(x!, y!) / size);
      }
    }
    const [hidden, shown] = errors.map((e) => e.sort((a, b) => a - b)[e.length >> 1]!);
    expect(hidden).toBeGreaterThan(1.3 * shown!);
  });

  test('the depth error is a factor and slow waves, the same for a key', () => {
    const scenes = Array.from({ length: 60 }, (_, i) => train(i, { depthError: DEPTH_ERROR }));
    const logs = scenes.map(({ depth }) => Math.log(depth.scale));
    const deviation = Math.sqrt(logs.reduce((sum, x) => sum + x * x, 0) / logs.length);
    expect(deviation).toBeGreaterThan(0.7 * DEPTH_ERROR.scale);
    expect(deviation).toBeLessThan(1.3 * DEPTH_ERROR.scale);
    expect(train(7, { depthError: DEPTH_ERROR }).depth).toEqual(scenes[7]!.depth);
    expect(train(7).depth.scale).toBe(1);
    // all else is as without it
    expect(train(7).pose3d).toEqual(scenes[7]!.pose3d);
  });
});

describe('the plain renderer', () => {
  /** A camera at the height of 1 m that looks along z, and one thing before it. */
  function alone(cones: readonly RoundCone[]): Seen {
    const scene = train(0);
    const camera = cameraFromFov(101, 101, 60);
    const extrinsics = { rotation: [1, 0, 0, 0, -1, 0, 0, 0, 1], position: [0, 1, 0] } as const;
    const room = { ...scene.room, low: [-50, 0, -50], high: [50, 50, 50] } as const;
    return { ...scene, cones, boxes: [], camera, extrinsics, room };
  }
  const size = { width: 101, height: 101 };
  const middle = 50 * 101 + 50;
  const cone = { part: 5, material: 3 };
  const depthOf = (cones: readonly RoundCone[], at = middle) =>
    castScene(packScenes([alone(cones)]), size).picture[4 * at + 3]!;

  test.each<[string, RoundCone, number]>([
    ['a capsule across', { a: [-1, 1, 4], b: [1, 1, 4], ra: 0.25, rb: 0.25, ...cone }, 3.75],
    ['a capsule end on', { a: [0, 1, 4], b: [0, 1, 6], ra: 0.25, rb: 0.25, ...cone }, 3.75],
    ['its larger end behind', { a: [0, 1, 4], b: [0, 1, 5], ra: 0.1, rb: 0.3, ...cone }, 3.9],
    // the side of a cone is nearer by the secant of its slope: the radius at z is r0 / cos
    [
      'a cone upright',
      { a: [0, 0, 4], b: [0, 2, 4], ra: 0.3, rb: 0.1, ...cone },
      4 - 0.2 / Math.sqrt(1 - 0.1 ** 2),
    ],
    [
      'pressed flat towards the camera',
      { a: [-1, 1, 4], b: [1, 1, 4], ra: 0.5, rb: 0.5, flat: { axis: [0, 0, 1], by: 2 }, ...cone },
      3.75,
    ],
    [
      'pressed flat across',
      {
        a: [0, 0.5, 4],
        b: [0, 1.5, 4],
        ra: 0.5,
        rb: 0.5,
        flat: { axis: [1, 0, 0], by: 2 },
        ...cone,
      },
      3.5,
    ],
  ])('%s has its depth', (_why, shape, depth) => {
    expect(depthOf([shape])).toBeCloseTo(depth, 5);
  });

  test('a ball is as wide as its tangents say', () => {
    const ball: RoundCone = { a: [0, 1, 4], b: [0, 1.002, 4], ra: 0.5, rb: 0.5, ...cone };
    const { parts } = castScene(packScenes([alone([ball])]), size);
    const wide = parts
      .subarray(50 * 101, 51 * 101)
      .reduce((sum, part) => sum + Number(part > 0), 0);
    const focal = 50.5 / Math.tan(Math.PI / 6);
    expect(Math.abs(wide - (2 * focal * 0.5) / Math.sqrt(16 - 0.25))).toBeLessThan(1);
  });

  test('what stands behind something is hidden', () => {
    const far: RoundCone = { a: [-1, 1, 6], b: [1, 1, 6], ra: 0.4, rb: 0.4, part: 1, material: 3 };
    const near: RoundCone = { a: [0, 0, 3], b: [0, 3, 3], ra: 0.1, rb: 0.1, part: 2, material: 4 };
    for (const cones of [
      [far, near],
      [near, far],
    ])
      expect(castScene(packScenes([alone(cones)]), size).parts[middle]).toBe(2);
  });

  test('the floor is where the camera height says', () => {
    const { picture } = castScene(packScenes([alone([])]), size);
    const focal = 50.5 / Math.tan(Math.PI / 6);
    for (const row of [70, 85, 100])
      expect(picture[4 * (row * 101 + 50) + 3]).toBeCloseTo(focal / (row + 0.5 - 50.5), 3);
  });

  test('a view shows along its own axis what the camera shows', () => {
    const scene = train(4, { sensorNoise: false });
    const [x, , z] = scene.pose3d;
    const [c, s] = [z! / Math.hypot(x!, z!), x! / Math.hypot(x!, z!)];
    const rotation = [c, 0, -s, 0, 1, 0, s, 0, c];
    const frame = frameOfView({ rotation, focal: 80 }, 64);
    const { parts } = castScene(packScenes([scene], [frame]), { width: 64, height: 64 });
    // the pelvis is in the middle column
    const middles = Array.from({ length: 64 }, (_, row) => parts[64 * row + 32]!);
    expect(middles.some((part) => part > 0)).toBe(true);
    expect(() => packScenes([scene], [])).toThrow('1 scenes need as many frames, got 0');
    expect(() =>
      frameOfCamera({ ...scene.camera, distortion: { k1: 0, k2: 0, k3: 0, p1: 0, p2: 0 } }),
    ).toThrow('no lens distortion');
  });

  test('visible joints lie where their parts are drawn, left on the left', () => {
    const limbs: Readonly<Record<number, readonly string[]>> = {
      [JOINT.leftKnee]: ['leftThigh', 'leftShank', 'pelvis'],
      [JOINT.rightKnee]: ['rightThigh', 'rightShank', 'pelvis'],
      [JOINT.leftElbow]: ['leftUpperArm', 'leftForearm'],
      [JOINT.rightElbow]: ['rightUpperArm', 'rightForearm'],
      [JOINT.head]: ['head'],
    };
    expect([...LEFT, ...RIGHT]).toEqual(expect.arrayContaining([JOINT.leftKnee, JOINT.rightElbow]));
    let right = 0;
    let all = 0;
    for (let index = 0; index < 60; index++) {
      const scene = train(index);
      const row = packScenes([scene]);
      for (const [joint, names] of Object.entries(limbs)) {
        const j = Number(joint);
        if (!scene.visible[j]) continue;
        const [u, v] = scene.pixels.subarray(2 * j, 2 * j + 2);
        const { part } = firstHit(
          row,
          rayOf(row, u! / scene.camera.width, v! / scene.camera.height),
        );
        all++;
        if (names.some((name) => PART[name as keyof typeof PART] + 1 === part)) right++;
      }
    }
    expect(all).toBeGreaterThan(150);
    expect(right / all).toBeGreaterThan(0.97);
  });
});
