/** Loss scaling: it changes no step, finds its size, and goes on where a run is resumed. */

import { describe, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import {
  adam,
  adamW,
  type LossScale,
  lossScaleOf,
  sgdMomentum,
} from '../../src/graph/ops/optimiser.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables } from '../../src/graph/store.ts';
import { VariableSet } from '../../src/graph/variables.ts';
import { assertClose, assertSame } from '../check.ts';
import { openDevices } from '../devices.ts';
import { normal } from '../reference.ts';
import { batchOf, bitsOf, openTrainer } from './trainer.ts';

const devices = await openDevices();

const SIZE = 70;
const START = 1;

/** Runs steps whose gradients are given, and tells what is left of them after each. */
async function steps(
  gpu: Gpu,
  optimise: typeof adamW,
  gradients: readonly (readonly number[])[],
  lossScale: LossScale | undefined,
) {
  const set = new VariableSet('parameters');
  const p = set.add('p', [SIZE], (size) => new Float32Array(size).fill(START));
  const program = await compile(
    gpu,
    ({ g }) => {
      const options = { rate: 0.01, clip: 2, ...(lossScale && { lossScale }) };
      // The gradient of Σ p g is g.
      return optimise(sum(mul(p, g)), set, options);
    },
    { g: [SIZE] },
  );
  const after = [];
  for (const g of gradients) {
    const { gradientNorm } = await program.run({ g }, { read: ['gradientNorm'] });
    const values = (await readVariables(gpu, set)).get('p')!;
    const state = lossScale ? await readVariables(gpu, lossScaleOf(set)) : new Map();
    const of = (name: string): number => state.get(name)?.[0] ?? 0;
    after.push({
      p: values,
      norm: gradientNorm[0]!,
      state: [of('scale'), of('goodSteps'), of('skippedSteps')],
    });
  }
  program.dispose();
  return after;
}

const random = normal('gradients');
const draw = (size = 1) => Array.from({ length: SIZE }, () => Math.fround(size * random()));
const broken = (value: number) => draw().map((g, i) => (i === 37 ? value : g));

describe.each(devices)('on $label', ({ gpu }) => {
  test.each([
    ['adamW', adamW],
    ['adam', adam],
    ['sgdMomentum', sgdMomentum],
  ])('%s makes the same steps with a scale and without', async (_, optimise) => {
    const gradients = [draw(), draw(0.01), broken(Number.NaN), draw(), broken(Infinity), draw()];
    const plain = await steps(gpu, optimise, gradients, undefined);
    const scaled = await steps(gpu, optimise, gradients, { initial: 1024, interval: 2 });
    scaled.forEach(({ p, norm }, i) => {
      assertClose(p, plain[i]!.p, 1e-6);
      if (i !== 2 && i !== 4) assertClose([norm], [plain[i]!.norm], 1e-6);
    });
    for (const i of [2, 4]) assertSame(scaled[i]!.p, scaled[i - 1]!.p);
    expect(scaled.map(({ state }) => state)).toEqual([
      [1024, 1, 0],
      [2048, 0, 0],
      [1024, 0, 1],
      [1024, 1, 1],
      [512, 0, 2],
      [512, 1, 2],
    ]);
  });

  test('a scale that is too large is halved until a step is made', async () => {
    // 70 squares of 1e16 * scale are within f32 from a scale of 128 on.
    const gradients = Array.from({ length: 6 }, () => Array<number>(SIZE).fill(1e16));
    const after = await steps(gpu, sgdMomentum, gradients, { initial: 2048 });
    expect(after.map(({ state }) => state)).toEqual([
      [1024, 0, 1],
      [512, 0, 2],
      [256, 0, 3],
      [128, 0, 4],
      [128, 1, 4],
      [128, 2, 4],
    ]);
    expect(after[3]!.p[0]).toBe(START);
    // The clipped gradient has length 2.
    assertClose(after[4]!.p, Array<number>(SIZE).fill(START - 0.02 / Math.sqrt(SIZE)), 1e-6);
  });

  test('it stays within 2⁻²⁴ and 2²⁴', async () => {
    const none = Array.from({ length: 3 }, () => Array<number>(SIZE).fill(0));
    const high = await steps(gpu, adamW, none, { initial: 2 ** 23, interval: 1 });
    expect(high.map(({ state: [scale] }) => scale)).toEqual([2 ** 24, 2 ** 24, 2 ** 24]);
    const all = Array.from({ length: 3 }, () => broken(Number.NaN));
    const low = await steps(gpu, adamW, all, { initial: 2 ** -23 });
    expect(low.map(({ state: [scale] }) => scale)).toEqual([2 ** -24, 2 ** -24, 2 ** -24]);
    for (const lossScale of [{ initial: 0 }, { initial: 2 ** 25 }, { interval: 0 }])
      await expect(steps(gpu, adamW, none, lossScale)).rejects.toThrow('lossScale: initial must');
  });
});

/** Steps of a small lifter; the target of the third is infinite, so that its gradient overflows. */
async function trained(gpu: Gpu, until: readonly number[], restored?: Snapshot) {
  const { program, model } = await openTrainer(gpu, {
    seed: 7,
    optimiser: { lossScale: { initial: 4096, interval: 2 } },
  });
  if (restored) await program.restore(restored);
  const snapshots = [];
  for (const step of until) {
    while (program.count < step) {
      const batch = batchOf(program.count);
      if (program.count === 2) batch.t[5] = Infinity;
      await program.run(batch);
    }
    snapshots.push(await program.snapshot());
  }
  const state = await readVariables(gpu, lossScaleOf(model.parameters));
  program.dispose();
  return { snapshots, skipped: state.get('skippedSteps')![0], scale: state.get('scale')![0] };
}
type Snapshot = Awaited<ReturnType<Awaited<ReturnType<typeof openTrainer>>['program']['snapshot']>>;

test('an overflow in mid-training is skipped; a resumed run gives the same bits', async () => {
  await using gpu = await openGpu({ poison: true });
  const whole = await trained(gpu, [2, 3, 7]);
  const [before, after, end] = whole.snapshots;
  for (const [name, values] of before!.sets.get('martinez')!)
    assertSame(after!.sets.get('martinez')!.get(name)!, values);
  expect(bitsOf(end!)).not.toEqual(bitsOf(after!));
  // Doubled by steps 0 and 1, halved by step 2, doubled by 3 and 4, and by 5 and 6.
  expect(whole).toMatchObject({ skipped: 1, scale: 16_384 });

  await using other = await openGpu({ poison: true });
  const resumed = await trained(other, [7], after);
  expect(bitsOf(resumed.snapshots[0]!)).toEqual(bitsOf(end!));
});
