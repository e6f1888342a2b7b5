/** Programs take the variants that they are told or that were measured, and keep them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { compile, planOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import {
  TUNING_FORMAT,
  TUNING_VERSION,
  type TuningDatabase,
  tuningText,
} from '../../src/platform/tuning.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.ts';
import { batchOf, bitsOf, openTrainer } from './trainer.ts';

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());
const { kind, name, driver } = gpu.adapter;

const product = ({ a, b }: Record<'a' | 'b', Tensor>) => ({ y: matmul(a, b) });
const inputs = { a: [8, 12], b: [12, 16] };
const key = 'matmul 1,8,12,16,0,0';

/** A database that has measured one variant to be the best at every shape of a program. */
function measured(variant: string, keys: readonly string[]): TuningDatabase {
  const entries = keys.map((key) => {
    const [family, shape] = key.split(' ') as [string, string];
    return { family, shape: shape.split(',').map(Number), variant, us: 1 };
  });
  const adapter = { kind, name, driver };
  return { format: TUNING_FORMAT, version: TUNING_VERSION, adapter, date: 'today', entries };
}

describe('a program', () => {
  test('uses the variant that it is told to, and says so', async () => {
    for (const [variant, file] of [
      ['naive', 'matmul_1_naive.wgsl'],
      ['registers', 'matmul_4_registers.wgsl'],
    ] as const) {
      const program = await compile(gpu, product, inputs, { variants: { matmul: variant } });
      expect(program.plan.variants).toEqual({ [key]: variant });
      expect(program.plan.dispatches.map(({ kernel }) => kernel.file)).toEqual([file]);
      const batch = { a: Float32Array.from({ length: 96 }, (_, i) => i % 7), b: ones(192) };
      const { y } = await program.run(batch, { read: ['y'] });
      const row = (r: number) => batch.a.subarray(12 * r, 12 * r + 12).reduce((s, v) => s + v);
      expect([...y]).toEqual(Array.from({ length: 128 }, (_, i) => row(Math.floor(i / 16))));
      program.dispose();
    }
  });

  test('refuses variants that are not there, and families that it does not use', () => {
    const plan = (variants: Record<string, string>) => () =>
      planOf(gpu, product, inputs, { variants });
    expect(plan({ matmul: 'fastest' })).toThrow(/matmul: there is no variant 'fastest' for \[1, 8/);
    expect(plan({ matmull: 'naive' })).toThrow(
      'variants: this program uses no matmull. It chooses among those of matmul',
    );
  });

  test('uses what was measured on its adapter', async () => {
    await using tuned = await openGpu({ tuning: measured('tile', [key]) });
    expect(tuned.tuning).toMatchObject({ source: 'openGpu({ tuning })' });
    expect(planOf(tuned, product, inputs).variants).toEqual({ [key]: 'tile' });
    expect(planOf(tuned, product, { a: [8, 24], b: [24, 16] }).variants).toEqual({
      'matmul 1,8,24,16,0,0': 'tile',
    });
    const far = planOf(tuned, product, { a: [8, 25], b: [25, 16] });
    expect(Object.values(far.variants)).not.toEqual(['tile']);
  });
});

const ones = (length: number) => new Float32Array(length).fill(1);

describe('a run that is resumed after another tuning', () => {
  const of = async (variant: string) => {
    const { program } = await openTrainer(gpu);
    const keys = Object.keys(program.plan.variants).filter((key) => key.startsWith('matmul '));
    program.dispose();
    return measured(variant, keys);
  };
  const run = async (tuning: TuningDatabase, steps: number) => {
    await using gpu = await openGpu({ poison: true, tuning });
    const { program, train } = await openTrainer(gpu);
    const losses = await train(steps);
    return { losses, snapshot: await program.snapshot(), variants: program.plan.variants };
  };

  test('goes on with its own variants, and equals the uninterrupted one bitwise', async () => {
    const [before, after] = [await of('naive'), await of('subgroup8')];
    const [whole, half, other] = [await run(before, 6), await run(before, 3), await run(after, 3)];
    expect(new Set(Object.values(other.variants))).not.toEqual(
      new Set(Object.values(half.variants)),
    );

    const { snapshot } = readCheckpoint(writeCheckpoint(half.snapshot, {}));
    await using gpu = await openGpu({ poison: true, tuning: after });
    const { program, train } = await openTrainer(gpu);
    await train(1);
    expect(program.plan.variants).toEqual(other.variants);
    await program.restore(snapshot);
    expect(program.plan.variants).toEqual(half.variants);
    expect([...half.losses, ...(await train(3))]).toEqual(whole.losses);
    expect(bitsOf(await program.snapshot())).toEqual(bitsOf(whole.snapshot));
  });

  test('on another adapter chooses anew', async () => {
    const { snapshot } = await run(await of('naive'), 1);
    const { program, train } = await openTrainer(gpu);
    const { variants } = program.plan;
    const chosen = { ...snapshot.chosen!, adapter: 'another adapter' };
    await program.restore({ ...snapshot, chosen });
    expect(program.plan.variants).toEqual(variants);
    expect(await train(1)).toHaveLength(1);
  });

  test('after the loss of its device, too, while new programs follow the new tuning', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kinegrad-variants-'));
    const path = join(folder, 'tuning.json');
    vi.stubEnv('KINEGRAD_TUNING', path);
    try {
      writeFileSync(path, tuningText(await of('naive')));
      await using gpu = await openGpu({ poison: true });
      const { program, train } = await openTrainer(gpu);
      const { variants } = program.plan;
      await program.snapshot();
      writeFileSync(path, tuningText(await of('tile')));
      gpu.device.destroy();
      await gpu.recover();
      expect(program.plan.variants).toEqual(variants);
      expect(Object.values((await openTrainer(gpu)).program.plan.variants)).toContain('tile');
      expect(await train(1)).toHaveLength(1);
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });

  test('values that are read meanwhile arrive', async () => {
    const { snapshot } = await run(await of('naive'), 1);
    await using other = await openGpu({ tuning: await of('tile') });
    const { program } = await openTrainer(other);
    const reads = [1, 2, 3].map((step) => program.run(batchOf(step), { read: ['loss'] }));
    await program.restore(snapshot);
    for (const { loss } of await Promise.all(reads)) expect(loss[0]).toBeGreaterThan(0);
    await expect(program.read('loss')).rejects.toThrow('no step has run');
  });
});
