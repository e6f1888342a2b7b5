/** What a step costs: measured on the device itself, not by the program's own account. */

import { expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { compile, evaluate } from '../../src/graph/program.ts';
import { releaseVariables } from '../../src/graph/store.ts';
import { bytesOfSet } from '../../src/graph/variables.ts';
import { measure } from '../gpu/measured.ts';
import { batchOf, openSmall, openTrainer } from './trainer.ts';

test('after the first step nothing is created, and each step is one submit', async () => {
  await using gpu = await openGpu();
  const { calls } = measure(gpu.device);
  const { program } = await openTrainer(gpu);
  const compiled = calls.submit!;
  await program.run(batchOf(0), { read: ['loss'] });
  const first = { ...calls };
  const counted = { ...gpu.counts };
  expect(counted.bindGroups).toBe(program.plan.dispatches.length);
  expect([first.submit, counted.submits]).toEqual([compiled + 1, 1]);
  for (let step = 1; step <= 4; step++) {
    await program.run(batchOf(step));
    expect(calls).toEqual({ ...first, submit: compiled + 1 + step });
  }
  for (let step = 5; step <= 8; step++)
    await program.run(batchOf(step), { read: ['loss', 'gradientNorm'] });
  expect(calls).toEqual({ ...first, submit: compiled + 9 });
  expect(gpu.counts).toEqual({ ...counted, submits: 9 });
  expect(await program.read('loss')).toHaveLength(1);
  expect(calls).toEqual({ ...first, submit: compiled + 10 });
});

test('the forecast is what is allocated, to the byte', async () => {
  await using gpu = await openGpu();
  const { bytes } = measure(gpu.device);
  const { program } = await openTrainer(gpu);
  const variables = program.plan.sets.reduce((sum, set) => sum + bytesOfSet(set), 0);
  expect(program.plan.sets.map(({ name }) => name).sort()).toEqual([
    'martinez',
    'martinez.average',
    'martinez.moment1',
    'martinez.moment2',
    'martinez.optimiser',
    'martinez.statistics',
  ]);
  const forecast = program.plan.bytes + variables;
  expect(bytes()).toBe(forecast);
  expect(gpu.counts.bytes).toBe(forecast);
  await program.run(batchOf(0), { read: ['loss'] });
  await program.read('gradientNorm');
  await program.snapshot();
  expect(bytes()).toBe(forecast);
  expect(gpu.counts.bytes).toBe(forecast);
});

test('programs share variables, and all is given back', async () => {
  await using gpu = await openGpu();
  const { live, bytes } = measure(gpu.device);
  const { model, program } = await openTrainer(gpu);
  const before = bytes();
  const lift = await compile(gpu, ({ x }) => ({ y: model(x) }), { x: [2, 20] });
  expect(bytes() - before).toBe(lift.plan.bytes);
  await lift.run({ x: new Float32Array(40) }, { read: ['y'] });
  lift.dispose();
  lift.dispose();
  expect(bytes()).toBe(before);
  program.dispose();
  for (const set of program.plan.sets) await releaseVariables(gpu, set);
  await releaseVariables(gpu, model.parameters);
  expect(live.size).toBe(0);
  expect(gpu.counts.bytes).toBe(0);
  expect(gpu.residents.size).toBe(0);
});

test('opening and disposing again and again leaks nothing, and compiles nothing anew', async () => {
  await using gpu = await openGpu();
  const { live, calls } = measure(gpu.device);
  const round = async () => {
    const { program, train } = await openSmall(gpu);
    await train(1);
    program.dispose();
    for (const set of program.plan.sets) await releaseVariables(gpu, set);
  };
  await round();
  const pipelines = calls.createComputePipelineAsync;
  for (let i = 0; i < 10; i++) await round();
  const a = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };
  const b = { shape: [3, 1], values: [1, 1, 1] };
  const { y } = await evaluate(gpu, ({ a, b }) => ({ y: matmul(a, b) }), { a, b });
  expect([...y]).toEqual([6, 15]);
  expect(live.size).toBe(0);
  expect(gpu.counts.bytes).toBe(0);
  expect(gpu.residents.size).toBe(0);
  expect(calls.createComputePipelineAsync).toBe(pipelines! + 1);
});

test('a program whose variables are released, or that is disposed, says so', async () => {
  await using gpu = await openGpu();
  const { model, program, train } = await openSmall(gpu);
  await train(1);
  await releaseVariables(gpu, model.parameters);
  await expect(train(1)).rejects.toThrow(
    'the variables of small have been released: compile the program again',
  );
  const reading = openSmall(gpu).then(async ({ program, train }) => {
    await train(1);
    const reads = [program.run(batchOf(1), { read: ['loss'] }), program.read('loss')];
    await program.run(batchOf(2));
    program.dispose();
    return Promise.allSettled([...reads, program.run(batchOf(3)), program.snapshot()]);
  });
  for (const outcome of (await reading).slice(2))
    expect((outcome as PromiseRejectedResult).reason.message).toBe(
      'this program is disposed: compile it again',
    );
  program.dispose();
  gpu.check();
});
