/** What a training step of the two-stage lifters takes, full-size and small, by plan and in fact. */

import { describe, expect, test } from 'vitest';
import { LimitError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { f16 } from '../../src/graph/halves.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { memoryOf } from '../../src/graph/plan_memory.ts';
import { type CompileOptions, compile, planOf } from '../../src/graph/program.ts';
import { readVariables } from '../../src/graph/store.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { cnn } from '../../src/models/cnn.ts';
import type { TwoStageNetwork, ViewInputs } from '../../src/models/two_stage.ts';
import { vit } from '../../src/models/vit.ts';
import { independentLoss } from '../../src/train/losses.ts';
import { assertSame } from '../check.ts';
import { normal } from '../reference.ts';

const CAP = 4e9;

/** Forward, loss, gradients and the update with all that a training may ask for. */
function trainingStep(network: TwoStageNetwork, size: number, batch: number) {
  const inputs = {
    image: [batch, size, size, 3],
    depth: [batch, size, size, 1],
    joints: [batch, 17, 2],
    view: [batch, 1],
    target: [batch, 17, 3],
  };
  const step = (given: Readonly<Record<string, Tensor>>) => {
    const { target, ...views } = given as unknown as ViewInputs & { target: Tensor };
    const loss = independentLoss(network(views, { training: true }), target);
    const options = { rate: 1e-3, clip: 1, average: 0.999, lossScale: {} };
    return { loss, ...adamW(loss, network.parameters, options) };
  };
  return { step, inputs };
}

describe.each([
  ['the CNN of 500 pixels, batch 8', () => cnn({ size: 500 }), 500, 8],
  ['the ViT of 384 pixels, batch 4', () => vit({ size: 384 }), 384, 4],
] as const)('%s', (_, network, size, batch) => {
  test.each([false, true])(
    'fits 4 GB with halves and recomputation; default limits: %s',
    async (plain) => {
      await using gpu = await openGpu({ plain });
      const { step, inputs } = trainingStep(network(), size, batch);
      const bytes = (options: CompileOptions) => memoryOf(planOf(gpu, step, inputs, options));
      const whole = bytes({});
      const recomputed = bytes({ recompute: true });
      const both = bytes({ recompute: true, storage: f16, cap: CAP });
      expect(recomputed.activations).toBeLessThan(0.5 * whole.activations);
      expect(both.activations).toBeLessThan(0.8 * recomputed.activations);
      expect(both.total).toBeLessThan(CAP);
      expect(() => bytes({ cap: both.total })).toThrow(LimitError);
      expect(gpu.counts.bytes).toBe(0);
    },
  );
});

test.each([
  ['CNN', () => cnn({ size: 64, width: 0.25 }), 64],
  [
    'ViT',
    () =>
      vit({ size: 64, width: 48, depth: 2, heads: 4, mapSize: 16, encoder: 2, encoderHeads: 4 }),
    64,
  ],
] as const)(
  'a small %s learns the same with recomputation, to the bit',
  async (_, build, size) => {
    await using gpu = await openGpu({ poison: true });
    const batch = 4;
    const z = normal('views');
    const values = (count: number, f: (z: number) => number) =>
      Float32Array.from({ length: count }, () => f(z()));
    const batches = Array.from({ length: 2 }, () => ({
      image: values(batch * size * size * 3, (z) => 1 / (1 + Math.exp(-z))),
      depth: values(batch * size * size, (z) => 3 + 0.3 * z),
      joints: values(batch * 17 * 2, (z) => size * (0.5 + 0.15 * z)),
      view: values(batch, (z) => -1 + 0.1 * z),
      target: values(batch * 17 * 3, (z) => 0.3 * z),
    }));
    const learn = async (options: CompileOptions) => {
      const network = build();
      const { step, inputs } = trainingStep(network, size, batch);
      const program = await compile(gpu, step, inputs, { seed: 3, ...options });
      const losses: number[] = [];
      for (const batch of batches)
        losses.push((await program.run(batch, { read: ['loss'] })).loss[0]!);
      const sets = [network.parameters, network.statistics];
      const left = await Promise.all(sets.map((set) => readVariables(gpu, set)));
      const { bytes } = program.plan;
      program.dispose();
      return { losses, left: left.flatMap((set) => [...set.values()]), bytes };
    };
    const plain = await learn({ storage: f16 });
    const again = await learn({ storage: f16, recompute: true });
    expect(again.losses).toEqual(plain.losses);
    expect(plain.losses.every(Number.isFinite)).toBe(true);
    again.left.forEach((values, i) => assertSame(values, plain.left[i]!));
    expect(again.bytes).toBeLessThan(plain.bytes);
  },
  300_000,
);
