/** The two ends of a graph: inputs, outputs, and graphs with little or nothing between them. */

import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { add, mul } from '../../src/graph/ops/elementwise.ts';
import { gather, reshape, slice, transpose } from '../../src/graph/ops/layout.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { sgdMomentum } from '../../src/graph/ops/optimiser.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile, evaluate } from '../../src/graph/program.ts';
import { writeVariables } from '../../src/graph/store.ts';
import { constant, scalar } from '../../src/graph/trace.ts';
import { VariableSet } from '../../src/graph/variables.ts';

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

const six = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };

test('an input that is the output, and views of it: no dispatch at all', async () => {
  const program = await compile(
    gpu,
    ({ x }) => ({ x, again: x, flat: reshape(x, [6]), three: reshape(reshape(x, [6]), [3, 2]) }),
    { x: [2, 3] },
  );
  expect(program.plan.dispatches).toHaveLength(0);
  const read = await program.run({ x: six.values }, { read: ['x', 'again', 'flat', 'three'] });
  for (const values of Object.values(read)) expect([...values]).toEqual(six.values);
});

test('the same tensor as several outputs, a view of an intermediate, and its source', async () => {
  const read = await evaluate(
    gpu,
    ({ x }) => {
      const y = mul(x, 2);
      const z = add(y, 1);
      return { z, same: z, y, view: reshape(y, [3, 2]), turned: transpose(y) };
    },
    { x: six },
  );
  expect([...read.y]).toEqual([2, 4, 6, 8, 10, 12]);
  expect([...read.view]).toEqual([...read.y]);
  expect([...read.turned]).toEqual([2, 8, 4, 10, 6, 12]);
  expect([...read.z]).toEqual([3, 5, 7, 9, 11, 13]);
  expect(read.same).toEqual(read.z);
});

test('inputs that nothing uses are declared and given all the same', async () => {
  const program = await compile(gpu, ({ x }) => ({ y: sum(x) }), { x: [2, 3], unused: [4] });
  const read = await program.run({ x: six.values, unused: [0, 0, 0, 0] }, { read: ['y'] });
  expect([...read.y]).toEqual([21]);
  await expect(program.run({ x: six.values } as never)).rejects.toThrow(
    'run: input unused [4] takes 4 values, got none',
  );
});

test('integers: as an index, and read back', async () => {
  const values = [2, 0, 1, 2, 16777216, 3000000000];
  const read = await evaluate(
    gpu,
    ({ table, index, many }) => ({ rows: gather(table, index), many, some: slice(many, [1], [3]) }),
    {
      table: { shape: [3, 2], values: six.values },
      index: { shape: [4], values: values.slice(0, 4), dtype: 'u32' },
      many: { shape: [6], values, dtype: 'u32' },
    },
  );
  expect([...read.rows]).toEqual([5, 6, 1, 2, 3, 4, 5, 6]);
  expect([...read.many]).toEqual(values);
  expect([...read.some]).toEqual([0, 1, 2]);
});

test('a variable that is the output is read as the step leaves it', async () => {
  const set = new VariableSet('net');
  const w = set.add('w', [2, 1], () => [3, 4]);
  const b = set.add('b', [1], () => [10]);
  const program = await compile(
    gpu,
    ({ x }) => {
      const y = add(matmul(x, w), b);
      const { gradientNorm } = sgdMomentum(sum(y), set, { rate: 0.5, momentum: 0 });
      return { y, w, view: reshape(w, [1, 2]), b, gradientNorm };
    },
    { x: [1, 2] },
  );
  const read = ['y', 'w', 'view', 'b', 'gradientNorm'] as const;
  // y = x w + b, so dw = xᵀ and db = 1; the rate is 1/2.
  const one = await program.run({ x: [2, 6] }, { read });
  expect([...one.y]).toEqual([2 * 3 + 6 * 4 + 10]);
  expect([...one.w]).toEqual([3 - 1, 4 - 3]);
  expect(one.view).toEqual(one.w);
  expect([...one.b]).toEqual([9.5]);
  expect(one.gradientNorm[0]).toBeCloseTo(Math.sqrt(4 + 36 + 1), 5);
  await writeVariables(
    gpu,
    set,
    new Map([
      ['w', Float32Array.of(1, 1)],
      ['b', Float32Array.of(0)],
    ]),
  );
  expect([...(await program.run({ x: [2, 6] }, { read })).y]).toEqual([8]);
});

test('constants and scalars of the step', async () => {
  const program = await compile(
    gpu,
    () => {
      const rate = scalar((step) => 1 / (1 + step));
      return {
        k: constant([1, 2, 3], [3]),
        rate: add(rate, 0),
        both: mul(constant([2, 4], [2]), rate),
      };
    },
    {},
  );
  for (let step = 0; step < 3; step++) {
    const { k, rate, both } = await program.run({}, { read: ['k', 'rate', 'both'] });
    expect([...k]).toEqual([1, 2, 3]);
    expect(rate[0]).toBe(Math.fround(1 / (1 + step)));
    expect(both[1]).toBeCloseTo(4 / (1 + step), 6);
  }
  await expect(compile(gpu, () => ({ rate: scalar(() => 1) }), {})).rejects.toThrow(
    'a scalar of the step can be an operand of elementwise ops only. Add it to 0 to make a tensor of it',
  );
});

test('a program without outputs still updates its variables', async () => {
  const set = new VariableSet('net');
  const w = set.add('w', [2], () => [3, 4]);
  const program = await compile(
    gpu,
    ({ x }) => {
      sgdMomentum(sum(mul(w, x)), set, { rate: 1, momentum: 0 });
      return {};
    },
    { x: [2] },
  );
  await program.run({ x: [1, 2] });
  await expect(program.read('y' as never)).rejects.toThrow('there is no output y. There are none');
  const { sets } = await program.snapshot();
  expect([...sets.get('net')!.get('w')!]).toEqual([2, 2]);
});

test('tensors without elements', async () => {
  const read = await evaluate(gpu, ({ x }) => ({ x, y: mul(x, 2) }), {
    x: { shape: [0, 3], values: [] },
  });
  expect([read.x.length, read.y.length]).toEqual([0, 0]);
});

test('f64 values, plain arrays and views of larger buffers are inputs as well', async () => {
  const program = await compile(gpu, ({ x }) => ({ y: mul(x, 2) }), { x: [3] });
  const large = Float32Array.from({ length: 9 }, (_, i) => i);
  for (const x of [
    [3, 4, 5],
    Float64Array.of(3, 4, 5),
    large.subarray(3, 6),
    Int8Array.of(3, 4, 5),
  ])
    expect([...(await program.run({ x }, { read: ['y'] })).y]).toEqual([6, 8, 10]);
});

test('two sets of one name cannot be told apart in a snapshot', async () => {
  const [a, b] = [0, 1].map(() => new VariableSet('twin').add('w', [1], () => [1]));
  const program = await compile(gpu, () => ({ y: add(a!, b!) }), {});
  await expect(program.snapshot()).rejects.toThrow(
    'snapshot: two sets of variables are named twin. Rename one',
  );
});
