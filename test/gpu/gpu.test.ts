/** Opening, lending and closing a device. */

import { expect, test } from 'vitest';
import { download } from '../../src/gpu/download.ts';
import { GpuError } from '../../src/gpu/faults.ts';
import { Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { add } from '../../src/graph/ops/elementwise.ts';
import { compile } from '../../src/graph/program.ts';
import { findAdapters } from '../../src/platform/node/adapters.ts';
import { batchOf, bitsOf, openSmall, openTrainer } from '../graph/trainer.ts';
import { measure } from './measured.ts';

const shapes = { a: [4], b: [4] };
const batch = { a: [1, 2, 3, 4], b: [1, 1, 1, 1] };

test('all that the adapter has is asked for; `plain` asks for nothing', async () => {
  await using best = await openGpu();
  await using plain = await openGpu({ plain: true });
  const { adapter } = await findAdapters(best.adapter.kind);
  expect(best.device.limits.maxBufferSize).toBe(adapter!.limits.maxBufferSize);
  // Table of limits of the specification, section 3.6.2.
  const { limits } = plain.device;
  expect(limits.maxStorageBufferBindingSize).toBe(2 ** 27);
  expect(limits.maxBufferSize).toBe(2 ** 28);
  expect(limits.maxStorageBuffersPerShaderStage).toBe(8);
  expect(limits.maxComputeWorkgroupStorageSize).toBe(16384);
  expect(limits.maxComputeInvocationsPerWorkgroup).toBe(256);
  const optional = ['shader-f16', 'subgroups', 'timestamp-query'];
  expect(optional.filter((name) => plain.device.features.has(name))).toEqual([]);
  expect(plain.subgroupSize).toBe(0);
  expect(plain.maxBinding).toBe(2 ** 27);

  // Training works there, is as repeatable, and differs by rounding only.
  const [a, b, c] = [await openTrainer(best), await openTrainer(plain), await openTrainer(plain)];
  const [x, y, z] = [await a.train(3), await b.train(3), await c.train(3)];
  for (const [i, loss] of y.entries()) expect(loss / x[i]!).toBeCloseTo(1, 4);
  expect(z).toEqual(y);
  expect(bitsOf(await c.program.snapshot())).toEqual(bitsOf(await b.program.snapshot()));
});

test('a borrowed device is used, given back clean, and left alone', async () => {
  const { adapter } = await findAdapters();
  const device = await adapter!.requestDevice();
  const heard: string[] = [];
  device.onuncapturederror = ({ error }) => heard.push(error.message);
  const { live } = measure(device);
  const gpu = await openGpu({ device });
  expect(gpu.adapter.source).toBe('borrowed device');
  expect(gpu.adapter.kind).toBe((await openKind()).kind);
  expect(gpu.adapter.limits.maxStorageBuffersPerShaderStage).toBe(8);
  const { train } = await openSmall(gpu);
  await train(1);
  gpu.close();
  expect(live.size).toBe(0);

  // Its owner goes on with it, in another Gpu too, and hears of the errors.
  device.createBuffer({ size: 16, usage: 0xffff });
  await device.queue.onSubmittedWorkDone();
  expect(heard).toHaveLength(1);
  const again = await openGpu({ device });
  const program = await compile(again, ({ a, b }) => ({ y: add(a, b) }), shapes);
  expect([...(await program.run(batch, { read: ['y'] })).y]).toEqual([2, 3, 4, 5]);
  again.close();
  device.destroy();
});

async function openKind() {
  const gpu = await openGpu();
  gpu.close();
  return gpu.adapter;
}

test('a closed Gpu says so, whatever is asked of it', async () => {
  const gpu = await openGpu();
  const { program, train } = await openSmall(gpu);
  await train(1);
  const pending = program.run(batchOf(1), { read: ['loss'] });
  const reading = program.read('loss');
  gpu.close();
  gpu.close();
  const closed = 'this Gpu is closed: open another with openGpu()';
  const calls = [
    pending,
    reading,
    program.run(batchOf(1)),
    program.snapshot(),
    program.done(),
    gpu.recover(),
    gpu.open(),
    download(gpu, []),
    compile(gpu, ({ a, b }) => ({ y: add(a, b) }), shapes),
  ];
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome.status).toBe('rejected');
    const { reason } = outcome as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(GpuError);
    expect(reason.message).toBe(closed);
  }
  expect(gpu.counts.bytes).toBe(0);
  program.dispose();
});

test('`await using` closes, also after an error', async () => {
  let seen: Gpu | undefined;
  const use = async () => {
    await using gpu = await openGpu();
    seen = gpu;
    throw new Error('in the block');
  };
  await expect(use()).rejects.toThrow('in the block');
  expect(() => seen!.check()).toThrow('this Gpu is closed');
  expect(typeof Gpu.prototype[Symbol.asyncDispose]).toBe('function');
});
