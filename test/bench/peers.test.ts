import { expect, test } from 'vitest';
import { engine } from '../../bench/peers/kinegrad.ts';
import { channelsFirst, channelsOutermost } from '../../bench/peers/layouts.ts';
import { opProblem } from '../../bench/peers/ops.ts';
import { unclear } from '../../bench/peers/sampling.ts';
import { type OpWork, opName } from '../../bench/peers/work.ts';
import { showPeers } from '../../bench/report/peers_table.ts';
import type { Row } from '../../bench/rows.ts';

const FORWARD = ['forward'] as const;
const INPUT = ['forward', 'input gradient'] as const;
const ALL = ['forward', 'input gradient', 'weight gradient'] as const;
/** Odd sizes, and each way in which calls are chained. */
const WORKS: readonly [OpWork['family'], readonly number[], readonly OpWork['pass'][]][] = [
  ['matmul', [12, 20, 8], ALL],
  ['softmax', [9, 17], FORWARD],
  ['layerNorm', [9, 20], ALL],
  ['batchNorm', [3, 5, 7, 6], INPUT],
  ['conv', [2, 7, 9, 6, 6, 3, 1, 2], ALL],
  ['conv', [2, 5, 7, 4, 9, 1, 1, 1], ALL],
  ['conv', [2, 9, 11, 3, 6, 7, 2, 1], ALL],
  ['depthwise', [3, 7, 9, 6, 5, 1, 1], ALL],
  ['pool', [2, 9, 7, 6], INPUT],
  ['attention', [2, 3, 13, 8], INPUT],
];
const works = WORKS.flatMap(([family, shape, passes]) =>
  passes.map((pass): OpWork => ({ kind: 'op', family, pass, shape })),
);

const open = await engine.open();

for (const work of works)
  test(`${opName(work)} ${work.shape}: chains of kinegrad are right, and one wrong value is seen`, async () => {
    const { start, fixed, error } = opProblem(work);
    const chain = (await open.op({ kind: 'op', work, start, fixed }))!;
    for (const length of [1, 3]) {
      const y = await chain.run(length);
      expect(error(y, length)).toBeLessThan(1e-5);
      const wrong = y.slice();
      wrong[0]! += 0.01 * Math.max(...y.map(Math.abs));
      expect(error(wrong, length)).toBeGreaterThan(1e-4);
    }
    await chain.close();
  });

test('the order of axes is that of the engine, and back', () => {
  const shape = [2, 3, 4, 5];
  const values = Float32Array.from({ length: 120 }, (_, i) => i);
  const work: OpWork = { kind: 'op', family: 'conv', pass: 'forward', shape: [] };
  const job = { kind: 'op', work, start: { shape, values }, fixed: {} } as const;
  const first = channelsFirst(job);
  expect(first.job.start.shape).toEqual([2, 5, 3, 4]);
  // The second channel of the first pixel comes after all pixels of the first channel.
  expect(first.job.start.values[12]).toBe(1);
  expect(channelsOutermost(job).job.start.shape).toEqual([5, 2, 3, 4]);
  for (const { job: turned, inOrder } of [first, channelsOutermost(job)])
    expect(inOrder(turned.start.values)).toEqual(values);
});

test('means are over the works that both did, and gradients are held against the better', () => {
  const row = (engine: string, pass: Row['pass'], shape: number[], median_ms: number) =>
    ({ engine, family: 'conv', pass, shape, median_ms }) as unknown as Row;
  const shown = showPeers([
    row('kinegrad', 'forward', [1], 1),
    row('kinegrad', 'forward', [2], 1),
    row('kinegrad', 'weight gradient', [1], 1),
    row('TensorFlow.js 4', 'forward', [1], 2),
    row('TensorFlow.js 4', 'forward', [2], 8),
    row('TensorFlow.js 4', 'weight gradient', [1], 9),
    row('jax-js 1', 'weight gradient', [1], 3),
    row('jax-js 1', 'forward', [2], 0.5),
  ]).split('\n');
  const line = (name: string) => shown.findLast((each) => each.startsWith(name));
  expect(line('conv forward')).toMatch(/4\.00x of 2, least 2\.00x +0\.500x of 1, least 0\.500x/);
  expect(line('conv weight gradient')).toMatch(/9\.00x +3\.00x +3\.00x$/);
  expect(line('gradients of conv')).toMatch(/3\.00x$/);
});

test('times of which a quarter is not above 0 are no measurement', () => {
  expect(unclear([[2.9], [7.7], [-15.9], [-6.2], [14.5]])).toMatch(/^2 of 5 times of a call/);
  expect(
    unclear([
      [3, 4],
      [3.5, 3.2, -0.1],
    ]),
  ).toBeUndefined();
  expect(unclear([[0.5, 0.6]])).toBeUndefined();
});
