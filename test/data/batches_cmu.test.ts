import { describe, expect, it } from 'vitest';
import { type BatchPlan, drawBatch } from '../../src/data/batches.ts';
import { readBenchmark } from '../../src/data/benchmark.ts';
import { readMotion } from '../../src/data/motion.ts';
import { motionSource, subjectSplit } from '../../src/data/splits.ts';
import { procrustes } from '../../src/pose/procrustes.ts';
import { bytesOf, hasData, NEEDS_DATA } from './dataset.ts';

const pick = (batch: Float32Array, i: number) =>
  Float64Array.from(batch.subarray(i * 51, (i + 1) * 51));

/** The rotation that turns one person into the other, about the pelvis. */
function rigid(from: Float64Array, to: Float64Array) {
  const { rotation, scale, aligned } = procrustes(from, to);
  const sum = to.reduce((total, value, k) => total + (value - aligned[k]!) ** 2, 0);
  return { rotation, scale, rmse: Math.sqrt(sum / 17) };
}

describe.skipIf(!hasData)(`batches of the CMU poses against the benchmark${NEEDS_DATA}`, () => {
  const motion = hasData ? readMotion(bytesOf('cmu/cmu_poses.safetensors')) : undefined;

  /** Elevation, roll (degrees) and pelvis of views, from the world poses they are of. */
  function viewsOf(pose3d: Float32Array, worldOf: (i: number) => Float64Array, views: number[]) {
    return views.map((i) => {
      const pose = pick(pose3d, i);
      const { rotation, rmse } = rigid(worldOf(i), pose);
      expect(rmse).toBeLessThan(1e-5);
      const degrees = (sine: number) => (Math.asin(sine) * 180) / Math.PI;
      return {
        elevation: degrees(-rotation[7]),
        roll: degrees(rotation[1]),
        right: pose[0]!,
        down: pose[1]!,
        depth: pose[2]!,
      };
    });
  }
  const statistics = (values: readonly number[]) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    return { mean, std, low: Math.min(...values), high: Math.max(...values) };
  };

  it('have its distances and angles', () => {
    const benchmark = readBenchmark(bytesOf('cmu/cmu_benchmark.safetensors'));
    const { test } = subjectSplit(motion!);
    const world = (i: number) => Float64Array.from(motion!.poses.subarray(i * 51, (i + 1) * 51));
    // the benchmark has two views of each test pose, in order
    const there = viewsOf(
      benchmark.pose3d,
      (i) => world(test[benchmark.count === 2 * test.length ? i % test.length : i]!),
      Array.from({ length: 1000 }, (_, i) => 4 * i),
    );
    const source = motionSource(motion!, test);
    const { pose3d } = drawBatch({ source, size: source.count, seed: 1, cameras: 'benchmark' }, 0);
    const known = new Map<string, Float64Array>();
    const shape = (pose: Float64Array) =>
      [
        [3, 13],
        [6, 16],
        [10, 3],
        [13, 16],
      ]
        .map(([a, b]) =>
          Math.hypot(...[0, 1, 2].map((k) => pose[3 * a! + k]! - pose[3 * b! + k]!)).toFixed(4),
        )
        .join();
    for (const i of test) known.set(shape(world(i)), world(i));
    const matched = Array.from({ length: source.count }, (_, i) => i).filter((i) =>
      known.has(shape(pick(pose3d, i))),
    );
    expect(matched.length).toBeGreaterThan(1500);
    const here = viewsOf(pose3d, (i) => known.get(shape(pick(pose3d, i)))!, matched);
    for (const key of ['elevation', 'right', 'down', 'depth'] as const) {
      const [a, b] = [here, there].map((views) => statistics(views.map((view) => view[key])));
      const error = (n: number) => a!.std / Math.sqrt(n);
      expect(Math.abs(a!.mean - b!.mean)).toBeLessThan(
        4 * (error(here.length) + error(there.length)),
      );
      expect(Math.abs(a!.std / b!.std - 1)).toBeLessThan(0.1);
      if (key === 'elevation') continue;
      const span = b!.high - b!.low;
      expect(Math.abs(a!.low - b!.low)).toBeLessThan(0.02 * span);
      expect(Math.abs(a!.high - b!.high)).toBeLessThan(0.02 * span);
    }
    expect(Math.max(...[...here, ...there].map(({ roll }) => Math.abs(roll)))).toBeLessThan(0.01);
  });

  it('come quickly: 256 of them in less than 5 ms, with every option', () => {
    const source = motionSource(motion!, subjectSplit(motion!).train);
    const plan: BatchPlan = {
      source,
      size: 256,
      seed: 1,
      cameras: 'mixed',
      mirror: true,
      bodyVariation: 0.04,
      noise: 0.012,
    };
    const times = Array.from({ length: 60 }, (_, step) => {
      const start = performance.now();
      drawBatch(plan, step);
      return performance.now() - start;
    });
    // the best ones, because other work may share the processor
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(5);
  });

  it('see people from everywhere with the wide preset, all in front of the camera', () => {
    const source = motionSource(motion!);
    const { pose2d, pose3d } = drawBatch({ source, size: 5000, seed: 2, cameras: 'wide' }, 0);
    const depths = Array.from({ length: 5000 }, (_, i) => pose3d[i * 51 + 2]!);
    expect(Math.min(...depths)).toBeGreaterThanOrEqual(1.79);
    expect(Math.max(...depths)).toBeGreaterThan(10);
    let nearest = Number.POSITIVE_INFINITY;
    for (let k = 2; k < pose3d.length; k += 3) nearest = Math.min(nearest, pose3d[k]!);
    expect(nearest).toBeGreaterThan(0.29);
    // within 45 degrees of the axis, but for a few limbs
    const outside = pose2d.filter((value) => Math.abs(value) > 1).length;
    expect(outside / pose2d.length).toBeLessThan(0.01);
  });
});
