/** What is computed once of variables and constants is computed again whenever they change. */

import { expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { add, div, dropout, mul, sqrt, stepValue } from '../../src/graph/ops/elementwise.ts';
import { reshape } from '../../src/graph/ops/layout.ts';
import { sgdMomentum } from '../../src/graph/ops/optimiser.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables, writeVariables } from '../../src/graph/store.ts';
import { constant } from '../../src/graph/trace.ts';
import { VariableSet } from '../../src/graph/variables.ts';
import { assertClose } from '../check.ts';

const x = [1, -2, 3, 4];

function model() {
  const set = new VariableSet('prepared');
  const w = set.add('w', [4], () => [1, 2, 3, 4]);
  const v = set.add('v', [4], () => [1, 4, 9, 16]);
  const factor = () => reshape(div(w, sqrt(add(v, 1))), [1, 4]);
  return { set, w, factor };
}
/** x w / √(v + 1), from what the variables hold. */
const expected = (values: ReadonlyMap<string, Float32Array>) =>
  x.map((x, i) => (x * values.get('w')![i]!) / Math.sqrt(values.get('v')![i]! + 1));

test('a factor of variables is not computed with each step, and follows them all the same', async () => {
  await using gpu = await openGpu({ poison: true });
  const { set, w, factor } = model();
  const lift = await compile(gpu, ({ x }) => ({ y: mul(x, factor()) }), { x: [3, 4] });
  expect([lift.plan.preparation.length, lift.plan.dispatches.length]).toEqual([1, 1]);
  const follows = async () => {
    const { y } = await lift.run({ x: [...x, ...x, ...x] }, { read: ['y'] });
    const one = expected(await readVariables(gpu, set));
    assertClose(y, [...one, ...one, ...one], 1e-6);
    return y;
  };
  const first = await follows();
  expect(await follows()).toEqual(first);

  await writeVariables(
    gpu,
    set,
    new Map([
      ['w', Float32Array.of(-1, 5, 0.5, 8)],
      ['v', Float32Array.of(3, 0, 1, 2)],
    ]),
  );
  expect(await follows()).not.toEqual(first);

  // Another program learns.
  const learn = await compile(
    gpu,
    ({ x }) => {
      const loss = sum(mul(x, w));
      return { loss, ...sgdMomentum(loss, set, { rate: 0.1 }) };
    },
    { x: [4] },
  );
  expect(learn.plan.preparation).toEqual([]);
  const saved = await learn.snapshot();
  const before = await follows();
  await learn.run({ x });
  const after = await follows();
  expect(after).not.toEqual(before);
  await learn.run({ x });
  expect(await follows()).not.toEqual(after);

  await learn.restore(saved);
  expect(await follows()).toEqual(before);
  gpu.device.destroy();
  await gpu.device.lost;
  await gpu.recover();
  expect(await follows()).toEqual(before);
});

test('what follows the step or is drawn anew is no preparation, and outputs may be', async () => {
  await using gpu = await openGpu({ poison: true });
  const { w, factor } = model();
  const program = await compile(
    gpu,
    () => ({
      still: factor(),
      moving: mul(
        w,
        stepValue((step) => step),
      ),
      random: dropout(w, 0.5),
      fixed: sqrt(constant([4, 9, 16], [3])),
    }),
    {},
  );
  const read = ['still', 'moving', 'random', 'fixed'] as const;
  const runs = [];
  for (let step = 0; step < 8; step++) runs.push(await program.run({}, { read }));
  runs.forEach(({ still, moving, fixed }, step) => {
    assertClose(
      still,
      [1, 2, 3, 4].map((n) => n / Math.sqrt(n * n + 1)),
      1e-6,
    );
    assertClose(moving, [step, 2 * step, 3 * step, 4 * step], 1e-6);
    assertClose(fixed, [2, 3, 4], 1e-6);
  });
  expect(new Set(runs.map(({ random }) => random.join())).size).toBeGreaterThan(3);
});
