/** Lost devices: nothing is ever read from one, and what was held on the host goes on elsewhere. */

import { expect, test, vi } from 'vitest';
import { DeviceLostError, GpuError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables } from '../../src/graph/store.ts';
import { batchOf, bitsOf, openSmall, openTrainer } from '../graph/trainer.ts';

const lost = /^the GPU device was lost \(.*\): call recover\(\)/;

test('between steps: everything rejects', async () => {
  await using gpu = await openGpu();
  const { model, program, train } = await openSmall(gpu);
  await train(2);
  gpu.device.destroy();
  const calls = {
    run: program.run(batchOf(2)),
    reading: program.run(batchOf(2), { read: ['loss'] }),
    read: program.read('loss'),
    snapshot: program.snapshot(),
    restore: program.restore({ step: 0, seed: 0, sets: new Map() }),
    done: program.done(),
    variables: readVariables(gpu, model.parameters),
    compile: compile(gpu, ({ x }) => ({ y: model(x) }), { x: [3, 20] }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await call.then(
      () => undefined,
      (error) => error,
    );
    expect(error, name).toBeInstanceOf(DeviceLostError);
    expect(error.message).toMatch(lost);
  }
  expect(program.count).toBe(2);
});

test('in the middle of a step, and while a value is read', async () => {
  await using gpu = await openGpu();
  const { program, train } = await openSmall(gpu);
  await train(1);
  const { queue } = gpu.device;
  const { submit } = queue;
  queue.submit = (buffers) => {
    submit.call(queue, buffers);
    gpu.device.destroy();
  };
  await expect(program.run(batchOf(1), { read: ['loss'] })).rejects.toThrow(DeviceLostError);
  await expect(program.run(batchOf(2))).rejects.toThrow(DeviceLostError);

  await gpu.recover();
  await train(1);
  const readings = [
    program.run(batchOf(1), { read: ['loss'] }),
    program.run(batchOf(2), { read: ['loss'] }),
    program.read('loss'),
    program.snapshot(),
    program.run(batchOf(3), { read: ['loss'] }),
  ];
  await vi.waitFor(() => expect(program.count).toBeGreaterThan(1), { interval: 1 });
  gpu.device.destroy();
  const outcomes = await Promise.allSettled(readings);
  const rejected = outcomes.filter(({ status }) => status === 'rejected');
  expect(rejected.length).toBeGreaterThan(2);
  for (const { reason } of rejected as PromiseRejectedResult[])
    expect(reason).toBeInstanceOf(DeviceLostError);
});

test('while pipelines compile', async () => {
  await using gpu = await openGpu();
  const { createComputePipelineAsync } = gpu.device;
  let count = 0;
  gpu.device.createComputePipelineAsync = (descriptor) => {
    if (++count === 5) gpu.device.destroy();
    return createComputePipelineAsync.call(gpu.device, descriptor);
  };
  await expect(openSmall(gpu)).rejects.toThrow(DeviceLostError);
  expect(gpu.residents.size).toBe(0);
  await gpu.recover();
  expect(gpu.counts.bytes).toBe(0);
  const { train } = await openSmall(gpu);
  expect(await train(1)).toHaveLength(1);
});

test('recover goes on from the last snapshot, bitwise as a run restored from it', async () => {
  await using gpu = await openGpu({ poison: true });
  const { model, program, train } = await openTrainer(gpu);
  const lift = await compile(gpu, ({ x }) => ({ y: model(x) }), { x: [2, 20] });
  await train(2);
  const saved = await program.snapshot();
  await train(2);
  const { bytes } = gpu.counts;
  // Parameters that are read for another purpose are no snapshot.
  await readVariables(gpu, model.parameters);
  gpu.device.destroy();
  await expect(train(1)).rejects.toThrow(DeviceLostError);
  await gpu.recover();

  expect(program.count).toBe(2);
  expect(gpu.counts.bytes).toBe(bytes);
  await expect(program.read('loss')).rejects.toThrow(
    'read: loss holds nothing, since no step has run on this device',
  );
  const losses = await train(3);
  const after = bitsOf(await program.snapshot());
  const x = batchOf(9, 2).x;
  const lifted = await lift.run({ x }, { read: ['y'] });

  await using other = await openGpu();
  const restored = await openTrainer(other, { seed: 5 });
  await restored.program.restore(saved);
  expect(await restored.train(3)).toEqual(losses);
  expect(bitsOf(await restored.program.snapshot())).toEqual(after);
  const { model: same } = restored;
  const liftAgain = await compile(other, ({ x }) => ({ y: same(x) }), { x: [2, 20] });
  expect(await liftAgain.run({ x }, { read: ['y'] })).toEqual(lifted);
});

test('a snapshot of any program holds the state of all', async () => {
  await using gpu = await openGpu();
  const { model, program, train } = await openTrainer(gpu);
  const lift = await compile(gpu, ({ x }) => ({ y: model(x) }), { x: [2, 20] });
  await train(1);
  await program.snapshot();
  await train(2);
  // It has neither moments nor average, and no steps of its own.
  const { step, sets } = await lift.snapshot();
  expect([step, [...sets.keys()].sort()]).toEqual([0, ['martinez', 'martinez.statistics']]);
  const whole = bitsOf(await program.snapshot());
  await train(1);
  gpu.device.destroy();
  await gpu.recover();
  expect([program.count, lift.count]).toEqual([3, 0]);
  expect(bitsOf(await program.snapshot())).toEqual(whole);
});

test('without a snapshot it goes on from the initial values', async () => {
  await using gpu = await openGpu();
  const { program, train } = await openSmall(gpu);
  const losses = await train(2);
  gpu.device.destroy();
  await gpu.recover();
  expect(program.count).toBe(0);
  expect(await train(2)).toEqual(losses);
});

test('steps that wait when the device is lost do not happen after recovery', async () => {
  await using gpu = await openGpu();
  const { program, train } = await openSmall(gpu);
  await train(1);
  await program.snapshot();
  const waiting = [1, 2, 3, 4, 5].map((step) => program.run(batchOf(step), { read: ['loss'] }));
  gpu.device.destroy();
  const settled = Promise.allSettled(waiting);
  // Two callers see the fault, and both call for help.
  await Promise.all([gpu.recover(), gpu.recover()]);
  const during = await settled;
  expect(during.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  for (const { reason } of during as PromiseRejectedResult[])
    expect(reason).toBeInstanceOf(DeviceLostError);
  expect(program.count).toBe(1);
  await train(1);
  expect(program.count).toBe(2);
  // All is well now, so a late call for help changes nothing.
  await gpu.recover();
  expect(program.count).toBe(2);
});

test('disposed programs stay away, and those that are left come back again and again', async () => {
  await using gpu = await openGpu();
  const first = await openSmall(gpu);
  const second = await openSmall(gpu, { seed: 2 });
  await Promise.all([first.train(1), second.train(1)]);
  for (let round = 0; round < 2; round++) {
    await second.program.snapshot();
    gpu.device.destroy();
    if (round === 0) first.program.dispose();
    await gpu.recover();
    await second.train(1);
    expect(second.program.count).toBe(2 + round);
  }
  await expect(first.train(1)).rejects.toThrow('this program is disposed');
});

test('a recovery that fails leaves a fault, and can be tried again', async () => {
  await using gpu = await openGpu();
  const { program, train } = await openSmall(gpu);
  await train(1);
  await program.snapshot();
  gpu.device.destroy();
  const broken = {
    rebuild: () => Promise.reject(new Error('no luck')),
    hold: () => ({ buffers: [], keep: () => {} }),
  };
  gpu.residents.add(broken);
  await expect(gpu.recover()).rejects.toThrow('no luck');
  await expect(train(1)).rejects.toThrow(/no luck/);
  gpu.residents.delete(broken);
  await gpu.recover();
  expect(program.count).toBe(1);
  await train(1);
});

test('a value that cannot be mapped is an error, and the next can be', async () => {
  await using gpu = await openGpu();
  const { createBuffer } = gpu.device;
  let failures = 1;
  gpu.device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(gpu.device, descriptor);
    const { mapAsync } = buffer;
    buffer.mapAsync = (...args) =>
      failures-- > 0 ? Promise.reject(new Error('mapping refused')) : mapAsync.apply(buffer, args);
    return buffer;
  };
  const { program } = await openSmall(gpu);
  const failed = await program.run(batchOf(0), { read: ['loss'] }).catch((error) => error);
  expect(failed).toBeInstanceOf(GpuError);
  expect(failed.message).toBe('the GPU failed: mapping refused');
  for (let step = 1; step < 5; step++)
    expect((await program.run(batchOf(step), { read: ['loss'] })).loss[0]).toBeGreaterThan(0);
});
