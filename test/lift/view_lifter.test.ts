/** Lifting a photo by a two-stage lifter: what must hold whatever the weights are. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleCamera } from '../../src/data/body/camera.ts';
import { samplePose } from '../../src/data/body/sample.ts';
import { randomAt } from '../../src/data/random.ts';
import { DeviceLostError } from '../../src/gpu/faults.ts';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import type { LoadProgress } from '../../src/lift/load.ts';
import { loadViewLifter, type ViewLifter } from '../../src/lift/view_lifter.ts';
import { cnn } from '../../src/models/cnn.ts';
import { type Weights, writeWeights } from '../../src/models/weights.ts';
import { cameraFromIntrinsics } from '../../src/pose/camera.ts';
import { mirrorPose, type PixelPose } from '../../src/pose/skeleton.ts';
import { assertClose, COMPILING } from '../check.ts';

const SIZE = 64;

/** Weights of a small network, at random. */
function weightsOf(root: 'relative' | 'absolute'): Weights {
  const options = { size: SIZE, width: 0.1, root };
  const network = cnn(options);
  const random = randomAt(7);
  const all = [...network.parameters.variables, ...network.statistics.variables];
  const values = all.map(({ name, size }) => {
    const own = Float32Array.from({ length: size }, () => random.normal(0, 0.1));
    // Variances are above 0.
    return [name, name.endsWith('variance') ? own.map((v) => 1 + v * v) : own] as const;
  });
  return {
    ...{ architecture: 'cnn', options },
    values: new Map(values),
    shapes: new Map(all.map(({ name, shape }) => [name, shape])),
  };
}

const { joints, height } = samplePose(3, 5);
const sampled = sampleCamera(3, 5, joints, height);
const width = 120;
const scale = width / sampled.camera.width;
const high = Math.round(sampled.camera.height * scale);
const camera = cameraFromIntrinsics({ width, height: high, fx: sampled.camera.fx * scale });
const pixels = sampled.pixels.map((v) => v * scale) as PixelPose;
const random = randomAt(1);
const rgba = Uint8Array.from({ length: 4 * width * high }, (_, i) =>
  i % 4 === 3 ? 255 : Math.floor(128 + 100 * Math.sin(i / 900) + 20 * random.uniform()),
);
const metres = Float32Array.from({ length: width * high }, (_, i) => 3 + Math.sin(i / 50));
const photo = { camera, rgba, depth: { width, height: high, metres } };

/** A picture from right to left. */
const flipped = <T extends Uint8Array | Float32Array>(values: T, channels: number): T =>
  values.map((_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    return values[(row * width + width - 1 - column) * channels + channel]!;
  }) as T;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openGpu({ poison: true });
});
afterAll(() => gpu.close());

async function withLifter<T>(
  root: 'relative' | 'absolute',
  use: (lifter: ViewLifter) => Promise<T>,
) {
  const lifter = await loadViewLifter(cnn, weightsOf(root), { gpu });
  const result = await use(lifter);
  await lifter.dispose();
  return result;
}

test.each(['relative', 'absolute'] as const)(
  'a photo in the mirror gives the mirror image, with a root that is %s',
  { timeout: COMPILING },
  async (root) => {
    const turned = pixels.map((v, i) => (i % 2 === 0 ? v - width / 2 : v));
    const other = mirrorPose(turned, 2).map((v, i) => (i % 2 === 0 ? v + width / 2 : v));
    const [one, two] = await withLifter(root, async (lifter) => [
      await lifter.lift(photo, pixels),
      await lifter.lift(
        {
          camera,
          rgba: flipped(rgba, 4),
          depth: { width, height: high, metres: flipped(metres, 1) },
        },
        other as PixelPose,
      ),
    ]);
    assertClose(mirrorPose(two!.pose, 3), one!.pose, 2e-4);
    expect(Object.values(one!.joints).flat()).toEqual([...one!.pose]);
  },
);

test('depth and picture matter, and what they are not told they do without', async () => {
  const [all, blind] = await withLifter('relative', async (lifter) => [
    await lifter.lift(photo, pixels),
    await lifter.lift({ camera, rgba }, pixels),
  ]);
  expect(all!.pose).not.toEqual(blind!.pose);
  expect([...blind!.pose].every(Number.isFinite)).toBe(true);
});

test('weights of another architecture are refused', async () => {
  const wrong = { ...weightsOf('relative'), architecture: 'martinez' };
  await expect(loadViewLifter(cnn, wrong, { gpu })).rejects.toThrow(
    'These are weights of martinez, not of cnn',
  );
});

test('a file is brought from where it is, told part by part, and a signal ends it', {
  timeout: COMPILING,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'view-lifter-'));
  const file = join(directory, 'model.safetensors');
  const weights = weightsOf('relative');
  writeFileSync(file, await writeWeights(weights, cnn(weights.options), weights.values));
  const seen: LoadProgress[] = [];
  const lifter = await loadViewLifter(cnn, file, {
    gpu,
    onProgress: (progress) => seen.push(progress),
  });
  const { pose } = await lifter.lift(photo, pixels);
  await lifter.dispose();
  const given = await withLifter('relative', (same) => same.lift(photo, pixels));
  expect(pose).toEqual(given.pose);
  expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(['download', 'compile']));
  for (const phase of ['download', 'compile']) {
    const { done, total } = seen.findLast((progress) => progress.phase === phase)!;
    expect(done, phase).toBe(total);
  }
  const before = gpu.counts.bytes;
  const ending = new AbortController();
  const late = loadViewLifter(cnn, file, {
    gpu,
    signal: ending.signal,
    onProgress: ({ phase }) => phase === 'compile' && ending.abort(new Error('the page is left')),
  });
  await expect(late).rejects.toThrow('the page is left');
  expect(gpu.counts.bytes).toBe(before);
  rmSync(directory, { recursive: true });
});

test('after a loss of the device, the next lift goes to a fresh one', {
  timeout: COMPILING,
}, async () => {
  const own = await openGpu({ poison: true });
  const lifter = await loadViewLifter(cnn, weightsOf('relative'), { gpu: own });
  const { pose } = await lifter.lift(photo, pixels);
  const inFlight = lifter.lift(photo, pixels);
  own.device.destroy();
  await expect(inFlight).rejects.toBeInstanceOf(DeviceLostError);
  expect((await lifter.lift(photo, pixels)).pose).toEqual(pose);
  await lifter.dispose();
  expect(own.counts.bytes).toBe(0);
  own.close();
});
