/**
 * Memory that is refused, missing or not written: typed errors with the numbers, and nothing left
 * behind.
 */

import { expect, test } from 'vitest';
import { bytes, GpuError, LimitError, OutOfMemoryError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import { bytesOfSet, VariableSet, zeros } from '../../src/graph/variables.ts';
import { openSmall, openTrainer } from '../graph/trainer.ts';
import { measure } from './measured.ts';

/**
 * Makes the device say that it had no room, as a driver would, in the next scope that asks for
 * buffers or one after it. Those that pipelines warm up with have no name and do not count.
 */
function runOutOfMemory(device: GPUDevice, later = 0) {
  const { createBuffer, pushErrorScope, popErrorScope } = device;
  const filters: GPUErrorFilter[] = [];
  let asked = 0;
  let named = false;
  device.createBuffer = (descriptor) => {
    named ||= Boolean(descriptor.label);
    return createBuffer.call(device, descriptor);
  };
  device.pushErrorScope = (filter) => {
    named = false;
    filters.push(filter);
    return pushErrorScope.call(device, filter);
  };
  device.popErrorScope = async () => {
    const injected = filters.pop() === 'out-of-memory' && named && asked++ === later;
    const error = await popErrorScope.call(device);
    return injected ? { message: 'injected' } : error;
  };
}

test('a cap refuses with the numbers, before anything is allocated', async () => {
  let needed: number;
  {
    await using gpu = await openGpu();
    await openSmall(gpu);
    needed = gpu.counts.bytes;
  }
  await using exact = await openGpu({ memoryCap: needed });
  const { program } = await openSmall(exact);
  const variables = program.plan.sets.reduce((all, set) => all + bytesOfSet(set), 0);
  program.dispose();

  await using capped = await openGpu({ memoryCap: needed - 1 });
  const { calls } = measure(capped.device);
  const refused = await openSmall(capped).catch((error) => error);
  expect(refused).toBeInstanceOf(LimitError);
  expect([refused.needed, refused.allowed]).toEqual([needed, needed - 1]);
  expect(refused.message).toContain(
    `this program (${bytes(needed - variables)}, ${bytes(variables)} of new variables, 0 B in use already) needs ${bytes(needed)}, and memoryCap allows`,
  );
  expect(refused.message).toMatch(/use a smaller batch, .* or raise memoryCap$/);
  expect(calls.createBuffer).toBe(0);
  expect(capped.counts.bytes).toBe(0);
});

test('a buffer beyond the limit of the device is refused by its name, and nothing is left', async () => {
  await using gpu = await openGpu({ plain: true });
  const { live } = measure(gpu.device);
  const most = gpu.device.limits.maxBufferSize;
  const rows = most / 4 / 2 ** 20 + 1;
  const refused = await compile(gpu, ({ x }) => ({ y: sum(mul(x, x)) }), {
    x: [rows, 2 ** 20],
  }).catch((error) => error);
  expect(refused).toBeInstanceOf(LimitError);
  expect(refused.message).toMatch(
    /^(x|elementwise) in one buffer needs 260\.0 MiB, and the device allows 256\.0 MiB: use a smaller batch/,
  );
  expect(refused.allowed).toBe(most);
  expect(live.size).toBe(0);
  expect(gpu.counts.bytes).toBe(0);

  const set = new VariableSet('wide');
  const w = set.add('w', [rows, 2 ** 20], () => new Float32Array(0));
  await expect(compile(gpu, () => ({ y: sum(w) }), {})).rejects.toThrow(/initial function gave 0/);
  expect(live.size).toBe(0);
});

test('when the device has no room, the error has the sizes and all is given back', async () => {
  await using gpu = await openGpu();
  const { live } = measure(gpu.device);
  const { program, train } = await openSmall(gpu);
  await train(1);
  const [before, count] = [gpu.counts.bytes, live.size];

  runOutOfMemory(gpu.device);
  const shapes = { a: [64, 64], b: [64, 64] };
  const product = () => compile(gpu, ({ a, b }) => ({ y: matmul(a, b) }), shapes);
  const failed = await product().catch((error) => error);
  expect(failed).toBeInstanceOf(OutOfMemoryError);
  expect(failed.message).toMatch(
    /^this program: the device has no room for \d+\.\d KiB more \(\d+\.\d KiB in use\): use a smaller batch, more micro-batches or a narrower model$/,
  );
  expect([gpu.counts.bytes, live.size]).toEqual([before, count]);
  expect(gpu.residents.size).toBe(program.plan.sets.length + 1);

  // The same again works, and so does what was there before.
  const again = await product();
  again.dispose();
  await train(1);
  expect([gpu.counts.bytes, live.size]).toEqual([before, count]);
});

test('variables and snapshots that there is no room for leave nothing either', async () => {
  await using gpu = await openGpu();
  const { live } = measure(gpu.device);
  // The buffers of the program come first.
  runOutOfMemory(gpu.device, 1);
  await expect(openSmall(gpu)).rejects.toThrow(
    /^the variables of small[\w.]*: the device has no room/,
  );
  expect(live.size).toBe(0);
  expect(gpu.residents.size).toBe(0);

  const { program, train } = await openSmall(gpu);
  await train(1);
  const count = live.size;
  runOutOfMemory(gpu.device);
  await expect(program.snapshot()).rejects.toThrow(/^reading back: the device has no room/);
  expect(live.size).toBe(count);
  expect((await program.snapshot()).step).toBe(1);
});

test('poison fills scratch memory, and a graph that reads only what it wrote does not see it', async () => {
  await using gpu = await openGpu({ poison: true });
  const { writeBuffer } = gpu.device.queue;
  let poisoned = 0;
  gpu.device.queue.writeBuffer = (buffer, offset, data, ...rest) => {
    if (data instanceof Float32Array && data.length > 0 && data.every(Number.isNaN))
      poisoned += data.byteLength;
    return writeBuffer.call(gpu.device.queue, buffer, offset, data, ...rest);
  };
  const { program, train } = await openTrainer(gpu);
  expect(poisoned).toBe(
    program.plan.blocks.reduce((all, { size }) => all + 4 * Math.ceil(size / 64) * 64, 0),
  );
  for (const loss of await train(3)) expect(loss).toBeGreaterThan(0);
});

test('a command that breaks a rule of WebGPU fails the next step instead of giving wrong data', async () => {
  await using gpu = await openGpu();
  const { program, train } = await openSmall(gpu);
  await train(1);
  const { bytes: bytesBefore } = gpu.counts;
  gpu.device.createBuffer({ size: 16, usage: 0xffff });
  const failed = await train(1).catch((error) => error);
  expect(failed).toBeInstanceOf(GpuError);
  expect(failed.message).toMatch(/^the GPU rejected a command: .*usage/is);
  await expect(program.snapshot()).rejects.toThrow(/rejected a command/);
  await expect(program.read('loss')).rejects.toThrow(/rejected a command/);
  expect(gpu.counts.bytes).toBe(bytesBefore);
  // A fresh device cures it.
  await gpu.recover();
  await train(1);
});

test('a step that the device refuses gives no values, not those of the step before', async () => {
  await using gpu = await openGpu();
  const { live } = measure(gpu.device);
  const { train } = await openSmall(gpu);
  await train(4);
  [...live].find(({ label }) => label === 'x')!.destroy();
  await expect(train(1)).rejects.toThrow(/^the GPU rejected a command: .*destroyed/is);
  await expect(train(1)).rejects.toThrow(/^the GPU rejected a command: .*destroyed/is);
});

test('a store is made once, whoever asks for it at the same time', async () => {
  await using gpu = await openGpu();
  const { live } = measure(gpu.device);
  const set = new VariableSet('shared');
  const w = set.add('w', [4], zeros);
  const programs = await Promise.all(
    [1, 2, 3].map((k) => compile(gpu, () => ({ y: mul(w, k) }), {})),
  );
  const slabs = [...live].filter(({ label }) => label.startsWith('shared'));
  expect(slabs).toHaveLength(1);
  for (const program of programs)
    expect([...(await program.run({}, { read: ['y'] })).y]).toEqual([0, 0, 0, 0]);
});
