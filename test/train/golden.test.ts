/**
 * Ten training steps of the residual lifter, against PyTorch in f64 (`test/golden/martinez.py`
 * makes the numbers).
 */

import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { reshape } from '../../src/graph/ops/layout.ts';
import { adam, adamW, sgdMomentum } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables, writeVariables } from '../../src/graph/store.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { martinez } from '../../src/models/martinez.ts';
import { meanJointDistance, mse, smoothL1 } from '../../src/train/losses.ts';
import { arrayOf, uniform } from '../golden/uniform.ts';

interface Run {
  name: string;
  width: number;
  batch: number;
  microBatches: number;
  stream: number;
  clip: number | null;
  loss: { kind: 'meanJointDistance' | 'smoothL1' | 'mse'; beta?: number };
  optimiser: {
    kind: 'adamw' | 'adam' | 'sgd';
    beta1?: number;
    beta2?: number;
    eps?: number;
    momentum?: number;
    decay: number;
  };
  rates: number[];
  batches: Record<'input' | 'noise', { offset: number; scale: number }>;
  initial: { name: string; shape: number[]; stream: number; offset: number; scale: number }[];
  losses: number[];
  gradientNorms: number[];
  final: Record<string, number[]>;
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/martinez.json', import.meta.url), 'utf8'),
) as {
  runs: Run[];
  generator: { check: { stream: number; first: number[] }[] };
};

test('the generator gives the numbers that Python gave', () => {
  for (const { stream, first } of golden.generator.check)
    expect([0, 1, 2, 3].map((i) => uniform(stream, i))).toEqual(first);
});

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

for (const run of golden.runs) {
  test(`${run.name}: ten steps agree with PyTorch`, async () => {
    const { width, batch, microBatches, optimiser, rates } = run;
    const rows = batch / microBatches;
    const model = martinez({ width, inputs: 34, outputs: 48, dropout: 0 });
    const set = model.parameters;

    const lossOf = (y: Tensor, t: Tensor) => {
      if (run.loss.kind === 'mse') return mse(y, t);
      if (run.loss.kind === 'smoothL1') return smoothL1(y, t, run.loss.beta);
      return meanJointDistance(reshape(y, [rows, 16, 3]), reshape(t, [rows, 16, 3]));
    };
    const program = await compile(
      gpu,
      ({ x, t }) => {
        const loss = lossOf(model(x, { training: true }), t);
        const common = {
          rate: (step: number) => rates[step]!,
          decay: optimiser.decay,
          microBatches,
          groups: [{ match: (v: { shape: readonly number[] }) => v.shape.length < 2, decay: 0 }],
          ...(run.clip !== null && { clip: run.clip }),
        };
        const { beta1 = 0.9, beta2 = 0.999, eps: epsilon = 1e-8 } = optimiser;
        const update = {
          adamw: () => adamW(loss, set, { ...common, beta1, beta2, epsilon }),
          adam: () => adam(loss, set, { ...common, beta1, beta2, epsilon }),
          sgd: () => sgdMomentum(loss, set, { ...common, momentum: optimiser.momentum! }),
        }[optimiser.kind];
        return { loss, ...update() };
      },
      { x: [rows, 34], t: [rows, 48] },
    );
    await writeVariables(
      gpu,
      set,
      new Map(
        run.initial
          .filter(({ name }) => set.variables.some((v) => v.name === name))
          .map(({ name, shape, stream, ...affine }) => [
            name,
            arrayOf({ shape, stream, ...affine }),
          ]),
      ),
    );

    for (const [step, expected] of run.losses.entries()) {
      const x = arrayOf({
        shape: [batch, 34],
        ...run.batches.input,
        stream: run.stream + 100 + step,
      });
      const noise = arrayOf({
        shape: [batch, 48],
        ...run.batches.noise,
        stream: run.stream + 200 + step,
      });
      const t = noise.map((n, i) => 0.5 * x[34 * Math.floor(i / 48) + ((i % 48) % 34)]! + n);
      const micro = Array.from({ length: microBatches }, (_, m) => ({
        x: x.subarray(m * rows * 34, (m + 1) * rows * 34),
        t: t.subarray(m * rows * 48, (m + 1) * rows * 48),
      }));
      const read = await program.run(micro, { read: ['loss', 'gradientNorm'] });
      expect(Math.abs(read.loss[0]! / expected - 1), `loss of step ${step}`).toBeLessThan(1e-5);
      if (microBatches === 1)
        expect(
          Math.abs(read.gradientNorm[0]! / run.gradientNorms[step]! - 1),
          `gradient norm of step ${step}`,
        ).toBeLessThan(1e-4);
    }

    const final = new Map([
      ...(await readVariables(gpu, set)),
      ...(await readVariables(gpu, model.statistics)),
    ]);
    for (const [name, expected] of Object.entries(run.final)) {
      const worst = expected.reduce(
        (error, v, i) => Math.max(error, Math.abs(v - final.get(name)![i]!)),
        0,
      );
      expect(worst, name).toBeLessThan(1e-4);
    }
    program.dispose();
  });
}
