/** The shipped weights on the fixed benchmark of held-out CMU subjects. */

import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { readBenchmark } from '../../src/data/benchmark.ts';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { loadLifter } from '../../src/lift/load.ts';
import { martinez } from '../../src/models/martinez.ts';
import { readWeights } from '../../src/models/weights.ts';
import { evaluate } from '../../src/pose/metrics.ts';
import { bytesOf, hasData, NEEDS_DATA } from '../data/dataset.ts';

const weights = readFileSync(new URL('../../weights/martinez.safetensors', import.meta.url));

test('the weights are small, and say where they come from and how they were trained', async () => {
  expect(weights.length).toBeLessThan(5e6);
  const { notice, training } = await readWeights(weights);
  expect(notice).toContain('mocap.cs.cmu.edu');
  expect(training).toMatchObject({
    step: 4000,
    config: { width: 768, data: 'cmu_poses.safetensors', validation: null },
  });
});

describe.skipIf(!hasData)(`the benchmark${NEEDS_DATA}`, () => {
  let gpu: Gpu | undefined;
  afterAll(() => gpu?.close());

  test('is lifted within 23 mm MPJPE and 21 mm PA-MPJPE', async () => {
    gpu = await openGpu();
    const { pose2d, pose3d } = readBenchmark(bytesOf('cmu/cmu_benchmark.safetensors'));
    // A quarter of the views, taken evenly: all of them are what `kinegrad eval` measures.
    const some = Array.from({ length: Math.floor(pose3d.length / 51 / 4) }, (_, i) => 4 * i);
    const pick = (values: Float32Array, size: number) =>
      some.flatMap((i) => [...values.subarray(i * size, (i + 1) * size)]);
    const lifter = await loadLifter(martinez, weights, { gpu });
    const lifted = await lifter.liftRays(pick(pose2d, 34));
    const { mpjpe, paMpjpe } = evaluate(lifted, pick(pose3d, 51));
    expect(mpjpe.value).toBeLessThan(23);
    expect(paMpjpe.value).toBeLessThan(21);
  });
});
