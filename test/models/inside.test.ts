/** A look inside of the two-stage lifters: what they read, channel by channel, and sizes of what they make. */

import { afterAll, describe, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { evaluate } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { cnn } from '../../src/models/cnn.ts';
import type { TwoStageNetwork, ViewInputs } from '../../src/models/two_stage.ts';
import { vit } from '../../src/models/vit.ts';
import { JOINT_COUNT } from '../../src/pose/skeleton.ts';
import { shapesOf } from './views.ts';

const SIZE = 64;
const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

/** Joints on a grid, no two at one place. */
const joints = Float32Array.from({ length: 2 * JOINT_COUNT }, (_, i) => {
  const joint = i >> 1;
  return i % 2 ? 9.5 + 14 * Math.floor(joint / 5) : 6.5 + 12 * (joint % 5);
});
/** Orange everywhere; 3 m away around the pelvis, 1 m nearer at the right, unknown below. */
const image = Float32Array.from({ length: 3 * SIZE ** 2 }, (_, i) => [1, 0.5, 0.25][i % 3]!);
const depth = Float32Array.from({ length: SIZE ** 2 }, (_, i) =>
  Math.floor(i / SIZE) > 56 ? 0 : i % SIZE > 40 ? 2 : 3,
);
const views = { image, depth, joints, view: Float32Array.of(-1) };

async function look(network: TwoStageNetwork) {
  const shapes = new Map<string, readonly number[]>();
  const inputs = Object.entries(shapesOf(1, SIZE)).map(
    ([name, shape]) => [name, { shape, values: views[name as keyof typeof views] }] as const,
  );
  const values = await evaluate(
    gpu,
    (traced): Readonly<Record<string, Tensor>> => {
      const { stages, picture, maps } = network.inside(traced as unknown as ViewInputs);
      for (const [name, { shape }] of Object.entries(stages)) shapes.set(name, shape);
      return { picture, maps };
    },
    Object.fromEntries(inputs),
  );
  return { shapes, picture: values.picture!, maps: values.maps! };
}

const networks = {
  cnn: { network: cnn({ size: SIZE, width: 0.25 }), side: SIZE },
  vit: {
    network: vit({
      ...{ size: SIZE, patch: 16, width: 24, depth: 1, heads: 2, mapSize: 32, mapPatch: 4 },
      ...{ fusion: 1, encoder: 1, encoderHeads: 2 },
    }),
    side: 32,
  },
};

describe.each(Object.entries(networks))('%s', (_, { network, side }) => {
  test('reads red, green, blue, and metres beyond the pelvis', async () => {
    const { picture } = await look(network);
    const at = (x: number, y: number) =>
      Array.from(picture.subarray(4 * (y * SIZE + x), 4 * (y * SIZE + x) + 4));
    const expected = (beyond: number) => [1, 0, -0.5, beyond];
    const close = (got: number[], wanted: number[]) =>
      got.forEach((v, i) => expect(v).toBeCloseTo(wanted[i]!, 4));
    close(at(20, 10), expected(0));
    close(at(50, 10), expected(-1));
    close(at(20, 60), expected(0));
  });

  test('reads a Gaussian for each joint, at its place and in its order', async () => {
    const { maps } = await look(network);
    expect(maps.length).toBe(side * side * JOINT_COUNT);
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      let best = 0;
      for (let i = 1; i < side * side; i++)
        if (maps[i * JOINT_COUNT + joint]! > maps[best * JOINT_COUNT + joint]!) best = i;
      // The pixel in which the joint lies.
      const scale = side / SIZE;
      const place = [joints[2 * joint]! * scale, joints[2 * joint + 1]! * scale];
      expect([best % side, Math.floor(best / side)]).toEqual(place.map(Math.floor));
      expect(maps[best * JOINT_COUNT + joint]).toBeGreaterThan(0.8);
      expect(maps[best * JOINT_COUNT + joint]).toBeLessThanOrEqual(1);
    }
  });
});

test('feature maps of the convolutional network have half the pixels after each stride', async () => {
  const { shapes } = await look(networks.cnn.network);
  // Of 48, 64, 128, 256 + 3 x 16, 256 and 128 channels a quarter, but 16 at least.
  expect([...shapes]).toEqual([
    ['stem', [1, 16, 16, 16]],
    ['stage0', [1, 8, 8, 16]],
    ['stage1', [1, 4, 4, 32]],
    ['stage2', [1, 2, 2, 76]],
    ['wasp', [1, 2, 2, 64]],
    ['last', [1, 2, 2, 32]],
  ]);
});

test('tokens of the transformer are laid out as the patches they stand for', async () => {
  const { shapes } = await look(networks.vit.network);
  const names = ['', ', fused', ', encoded'];
  expect([...shapes]).toEqual(
    names.flatMap((stage) => [
      [`image tokens${stage}`, [1, 4, 4, 24]],
      [`map tokens${stage}`, [1, 8, 8, 24]],
    ]),
  );
});
