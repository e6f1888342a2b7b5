/**
 * Several callers at once: steps keep their order, and a failure stays with the call that caused
 * it.
 */

import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { add, mul } from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import { scalar } from '../../src/graph/trace.ts';
import { batchOf, bitsOf, openTrainer } from './trainer.ts';

const gpu = await openGpu();
afterAll(() => gpu.close());

/** Watches how many submits are unfinished, as the device tells it. */
function watchFlight() {
  const { queue } = gpu.device;
  const { submit } = queue;
  const seen = { most: 0 };
  let flying = 0;
  queue.submit = (buffers) => {
    submit.call(queue, buffers);
    seen.most = Math.max(seen.most, ++flying);
    void queue.onSubmittedWorkDone().then(() => flying--);
  };
  return seen;
}

test('calls at once give what calls one after another give; at most two steps are in flight', async () => {
  const alone = await openTrainer(gpu);
  const losses = await alone.train(8);
  const end = bitsOf(await alone.program.snapshot());

  const { program } = await openTrainer(gpu);
  const seen = watchFlight();
  const steps = Array.from({ length: 8 }, (_, step) => step);
  const reads = await Promise.all(
    steps.map(async (step) =>
      step % 3 === 2
        ? program.run(batchOf(step)).then(() => undefined)
        : (await program.run(batchOf(step), { read: ['loss'] })).loss[0],
    ),
  );
  expect(reads).toEqual(losses.map((loss, step) => (step % 3 === 2 ? undefined : loss)));
  expect(seen.most).toBe(2);
  expect(bitsOf(await program.snapshot())).toEqual(end);
});

test('a read, a snapshot and a step take turns in the order of the calls', async () => {
  const { program } = await compileSum();
  const run = (value: number) => program.run({ x: [value, value, value] });
  const [, first, , second, , third] = await Promise.all([
    run(1),
    program.read('y'),
    run(2),
    program.read('y'),
    program.run({ x: [5, 5, 5] }, { read: ['y'] }),
    program.snapshot(),
  ]);
  expect([first[0], second[0], third.step]).toEqual([3, 6, 3]);
});

const compileSum = async () => ({
  program: await compile(gpu, ({ x }) => ({ y: sum(x) }), { x: [3] }),
});

test('a step that fails leaves the queue and the count as they were', async () => {
  const { program } = await compileSum();
  const wrong = [
    program.run({ x: [1, 2] }),
    program.run({} as { x: number[] }),
    program.run([{ x: [1, 2, 3] }, { x: [1, 2, 3] }]),
    program.run({ x: [1, 2, 3] }, { read: ['z' as 'y'] }),
    program.read('z' as 'y'),
  ];
  const right = program.run({ x: [1, 2, 3] }, { read: ['y'] });
  const messages = (await Promise.allSettled(wrong)).map(
    (o) => o.status === 'rejected' && o.reason.message,
  );
  expect(messages).toEqual([
    'run: input x [3] takes 3 values, got 2',
    'run: input x [3] takes 3 values, got none',
    'run: this program takes 1 micro-batches a step, got 2',
    'run: there is no output z. There are y',
    'read: there is no output z. There are y',
  ]);
  expect([...(await right).y]).toEqual([6]);
  expect(program.count).toBe(1);
});

test('a schedule that throws fails its step alone', async () => {
  let broken = false;
  const program = await compile(
    gpu,
    ({ x }) => {
      const factor = scalar((step) => {
        if (broken) throw new Error('no rate');
        return 10 + step;
      });
      return { y: mul(x, factor) };
    },
    { x: [2] },
  );
  const run = async () => [...(await program.run({ x: [1, 2] }, { read: ['y'] })).y];
  expect(await run()).toEqual([10, 20]);
  broken = true;
  for (let i = 0; i < 4; i++) await expect(run()).rejects.toThrow('no rate');
  broken = false;
  expect(await run()).toEqual([11, 22]);
});

test('two programs that share variables take turns on the device', async () => {
  const { model, program } = await openTrainer(gpu, { dropout: 0 });
  const lift = await compile(gpu, ({ x }) => ({ y: add(model(x), 0) }), { x: [8, 20] });
  const x = batchOf(0).x;
  const lifted = () => lift.run({ x }, { read: ['y'] }).then(({ y }) => y);
  const one = [await lifted()];
  for (let step = 0; step < 3; step++) {
    await program.run(batchOf(step));
    one.push(await lifted());
  }

  const twin = await openTrainer(gpu, { dropout: 0 });
  const liftTwin = await compile(gpu, ({ x }) => ({ y: add(twin.model(x), 0) }), { x: [8, 20] });
  const liftedTwin = () => liftTwin.run({ x }, { read: ['y'] });
  const many = [liftedTwin()];
  for (let step = 0; step < 3; step++) {
    void twin.program.run(batchOf(step));
    many.push(liftedTwin());
  }
  expect((await Promise.all(many)).map(({ y }) => y)).toEqual(one);
  expect(one[3]).not.toEqual(one[0]);
});

test('many programs at once on one device', async () => {
  const programs = await Promise.all(
    [1, 2, 3, 4].map((k) => compile(gpu, ({ x }) => ({ y: mul(x, k) }), { x: [2] })),
  );
  const results = await Promise.all(
    Array.from({ length: 24 }, async (_, i) => {
      const read = await programs[i % 4]!.run({ x: [i, 1] }, { read: ['y'] });
      return [...read.y];
    }),
  );
  expect(results).toEqual(results.map((_, i) => [i * ((i % 4) + 1), (i % 4) + 1]));
});
