/** Profiles: a profiled step is a step, and its timeline is what happened. */

import { afterAll, expect, test } from 'vitest';
import { calibrate } from '../../src/gpu/clock.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { timestampsOf } from '../../src/gpu/timestamps.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { openProfiler, profile } from '../../src/graph/profile.ts';
import { compile, type Program } from '../../src/graph/program.ts';
import type { Timeline } from '../../src/graph/timeline.ts';
import { batchOf, bitsOf, openTrainer } from './trainer.ts';

const gpu = await openGpu();
const weak = await openGpu({ plain: true });
afterAll(() => {
  gpu.close();
  weak.close();
});
const timed = gpu.device.features.has('timestamp-query');

const MICRO = 3;
const batchesOf = (step: number) =>
  Array.from({ length: MICRO }, (_, micro) => batchOf(MICRO * step + micro));
const partsOf = ({ parts }: Timeline) => parts.map(({ name }) => name);

/** Steps, profiled and not in turns, until every dispatch has been timed. */
async function alternate({ program }: Awaited<ReturnType<typeof openTrainer>>) {
  const profiler = openProfiler(program);
  const losses: number[] = [];
  while (profiler.rounds === 0 || losses.length < 9) {
    const plain = losses.length % 3 === 2;
    const batch = batchOf(program.count);
    const read = await (plain
      ? program.run(batch, { read: ['loss'] })
      : profiler.step(batch, { read: ['loss'] }));
    losses.push(read.loss[0]!);
  }
  profiler.dispose();
  return losses;
}

test.each([
  ['a device with all it has', gpu],
  ['a device without timestamps', weak],
])('profiled steps train as plain ones do, bit for bit: %s', async (_, device) => {
  const profiled = await openTrainer(device);
  const losses = await alternate(profiled);
  const plain = await openTrainer(device);
  expect(await plain.train(losses.length)).toEqual(losses);
  expect(profiled.program.count).toBe(losses.length);
  expect(bitsOf(await profiled.program.snapshot())).toEqual(bitsOf(await plain.program.snapshot()));
});

test('micro-batches: each submit has its dispatches, the update comes with the last', async () => {
  const plain = await openTrainer(gpu, { optimiser: { microBatches: MICRO } });
  const profiled = await openTrainer(gpu, { optimiser: { microBatches: MICRO } });
  const profiler = openProfiler(profiled.program);
  for (let step = 0; step === 0 || profiler.rounds === 0; step++) {
    const a = await plain.program.run(batchesOf(step), { read: ['loss', 'gradientNorm'] });
    const b = await profiler.step(batchesOf(step), { read: ['loss', 'gradientNorm'] });
    expect(b).toEqual(a);
  }
  const { dispatches, host } = await profiler.timeline();
  expect(host.map(({ name, submit }) => `${name} ${submit}`)).toEqual([
    ...[0, 1, 2].flatMap((i) => [`write ${i}`, `encode ${i}`, `submit ${i}`]),
    'wait 2',
  ]);
  if (!timed) return;
  const planned = profiled.program.plan.dispatches;
  const early = planned.filter(({ update }) => !update);
  const files = [early, early, planned].map((all) => all.map(({ kernel }) => kernel.file));
  expect(early.length).toBeLessThan(planned.length);
  for (const submit of [0, 1, 2])
    expect(dispatches.filter((d) => d.submit === submit).map(({ file }) => file)).toEqual(
      files[submit],
    );
});

test('the timeline has every dispatch once, in order, with what it is', async (context) => {
  if (!timed) context.skip('the device has no timestamp-query');
  const { program } = await openTrainer(gpu);
  const { dispatches, host, parts } = await profile(program, batchOf(0));
  expect(dispatches.map(({ op, file }) => [op, file])).toEqual(
    program.plan.dispatches.map(({ op, kernel }) => [op, kernel.file]),
  );
  dispatches.forEach(({ begin, end, operands, cost, workgroups }, i) => {
    expect(end).toBeGreaterThanOrEqual(begin);
    expect(begin).toBeGreaterThanOrEqual(dispatches[i - 1]?.end ?? 0);
    const planned = program.plan.dispatches[i]!;
    expect(cost).toEqual(planned.cost);
    expect(workgroups).toEqual(planned.groups);
    expect(Object.keys(operands)).toEqual(Object.keys(planned.operands));
  });
  const at = (name: string) => host.find((span) => span.name === name)!;
  expect(at('write').end).toBe(at('encode').begin);
  expect(at('encode').end).toBe(at('submit').begin);
  expect(at('submit').begin).toBeLessThanOrEqual(dispatches[0]!.begin);
  for (const { ms } of parts) expect(ms).toBeGreaterThanOrEqual(0);
});

test('the parts, none of them scaled, add up to the wall time within 5 %', async () => {
  const { program } = await openTrainer(gpu, { batch: 256, width: 256 });
  const batch = batchOf(0, 256);
  const ratios: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { parts, wall } = await profile(program, batch, { read: ['loss'], steps: 40 });
    ratios.push(parts.reduce((sum, { ms }) => sum + ms, 0) / wall);
  }
  const median = ratios.sort((a, b) => a - b)[2]!;
  expect(Math.abs(median - 1)).toBeLessThan(0.05);
});

test('a profiled step takes hardly longer than a plain one', async () => {
  const { program } = await openTrainer(gpu, { batch: 256, width: 256 });
  const batch = batchOf(0, 256);
  const profiler = openProfiler(program);
  const kinds = [
    () => program.run(batch, { read: ['loss'] }),
    () => profiler.step(batch, { read: ['loss'] }),
  ];
  for (const run of kinds) await run();
  const ratios: number[] = [];
  for (let i = 0; i < 80; i++) {
    const start = performance.now();
    await kinds[i % 2]!();
    const middle = performance.now();
    await kinds[1 - (i % 2)]!();
    const ratio = (performance.now() - middle) / (middle - start);
    ratios.push(i % 2 ? 1 / ratio : ratio);
  }
  profiler.dispose();
  const median = ratios.sort((a, b) => a - b)[40]!;
  // The bench, which takes more steps, is to find less than 1.1.
  expect(median).toBeLessThan(1.2);
});

test('wall time is what a watch says', async () => {
  const { program } = await openTrainer(gpu, { batch: 256, width: 256 });
  const profiler = openProfiler(program);
  const times: number[] = [];
  await profiler.step(batchOf(0, 256));
  for (let i = 0; profiler.rounds < 4; i++) {
    const start = performance.now();
    await profiler.step(batchOf(i, 256));
    times.push(performance.now() - start);
  }
  const { wall, steps } = await profiler.timeline();
  expect(steps).toBe(times.length + 1);
  const sorted = times.sort((a, b) => a - b);
  expect(wall).toBeGreaterThan(sorted[0]! * 0.9);
  expect(wall).toBeLessThan(sorted.at(-1)!);
});

test('without timestamps the host and the whole are known, and a sentence says why', async () => {
  const { program } = await openTrainer(weak);
  const timeline = await profile(program, batchOf(0), { steps: 4 });
  expect(timeline.note).toMatch('timestamp-query');
  expect(timeline.dispatches).toEqual([]);
  expect(timeline.steps).toBe(4);
  expect(partsOf(timeline)).toEqual(['start', 'write', 'encode', 'submit', 'device']);
  const sum = timeline.parts.reduce((all, { ms }) => all + ms, 0);
  expect(sum / timeline.wall).toBeCloseTo(1, 6);
});

test("the GPU's clock is set to the host's", async (context) => {
  if (!timed || gpu.adapter.kind === 'hardware')
    context.skip("only adapters on the CPU have the host's own clock");
  const timestamps = timestampsOf(gpu, 128)!;
  const clock = await calibrate(gpu, timestamps);
  timestamps.dispose();
  // Both clocks are CLOCK_MONOTONIC, the GPU's since boot.
  const before = performance.now();
  const now = clock.toHost(process.hrtime.bigint());
  const after = performance.now();
  expect(now).toBeGreaterThan(before - clock.uncertainty);
  expect(now).toBeLessThan(after + clock.uncertainty);
  expect(clock.passCost).toBeGreaterThanOrEqual(0);
});

test('what a step refuses, a profiled one refuses, and the next goes on', async () => {
  const { program } = await openTrainer(gpu);
  const profiler = openProfiler(program);
  await expect(profiler.timeline()).rejects.toThrow('0 steps have not timed');
  await expect(profiler.step({ ...batchOf(0), x: [1] })).rejects.toThrow('input x [8, 20] takes');
  expect(program.count).toBe(0);
  await profiler.step(batchOf(0));
  expect(program.count).toBe(1);
});

test('steps that are asked for at once are profiled one after another', async () => {
  const { program } = await openTrainer(gpu);
  const profiler = openProfiler(program);
  await Promise.all(Array.from({ length: 5 }, (_, i) => profiler.step(batchOf(i))));
  expect(program.count).toBe(5);
});

test('a profiler goes on after a lost device, and gives its buffers back', async () => {
  const own = await openGpu();
  const program = await compile(own, ({ x }) => ({ y: mul(x, 2) }), { x: [4] });
  const profiler = openProfiler(program);
  const run = async (p: Pick<typeof profiler, 'step'>) => [
    ...(await p.step({ x: [1, 2, 3, 4] }, { read: ['y'] })).y,
  ];
  expect(await run(profiler)).toEqual([2, 4, 6, 8]);
  own.device.destroy();
  await expect(run(profiler)).rejects.toThrow();
  await own.recover();
  const { bytes } = own.counts;
  while (profiler.rounds === 0) expect(await run(profiler)).toEqual([2, 4, 6, 8]);
  expect((await profiler.timeline()).dispatches).toHaveLength(timed ? 1 : 0);
  profiler.dispose();
  expect(own.counts.bytes).toBe(bytes);
  own.close();
});

test('a program without dispatches', async () => {
  const program = await compile(gpu, ({ x }) => ({ y: x }), { x: [4] });
  const { note, dispatches } = await profile(program as Program<{ x: readonly [4] }, object>, {
    x: [1, 2, 3, 4],
  });
  expect(note).toBe('The program has no dispatches.');
  expect(dispatches).toEqual([]);
});
