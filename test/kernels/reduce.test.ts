import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { reshape } from '../../src/graph/ops/layout.ts';
import { logSumExp, max, mean, min, norm, sum } from '../../src/graph/ops/reduce.ts';
import { evaluate } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { assertClose, checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { along, extreme, type Numbers, total } from '../reference.ts';

const devices = await openDevices();

interface Axes {
  axes?: number | number[];
  keep?: boolean;
}

/** An op over axes from a function of the numbers along them. */
const over =
  (f: (values: number[]) => number) =>
  ([x]: readonly Numbers[], { axes, keep }: Axes): Numbers => {
    const rank = x!.shape.length;
    const list = axes === undefined ? x!.shape.map((_, i) => i) : [axes].flat();
    const own = list.map((axis) => (axis < 0 ? axis + rank : axis));
    const reduced = along(x!, own, f);
    return keep ? reduced : { ...reduced, shape: x!.shape.filter((_, i) => !own.includes(i)) };
  };

/**
 * So that sums of n normal numbers are of size 1: their rounding errors are relative to what is
 * added.
 */
const small = (n: number) => (z: number) => z / Math.sqrt(n);

const cases: [string, Operand[], Axes, ((z: number) => number)?][] = [
  ['all of a single value', [[]], {}],
  ['all of a vector', [[7]], {}],
  ['axes of size 1 only', [[1, 3, 1]], { axes: [0, 2] }],
  ['fewer columns than threads', [[4, 17]], { axes: 1 }],
  ['rows just as long as one workgroup', [[3, 64]], { axes: -1 }],
  ['rows a little longer than one workgroup', [[3, 65]], { axes: -1 }, small(65)],
  ['rows of many rounds', [[3, 1000]], { axes: -1 }, small(1000)],
  ['few long rows, cut in parts', [[2, 8192]], { axes: 1 }, small(8192)],
  ['one row of odd length', [[1, 3001]], { axes: 1 }, small(3001)],
  ['columns of quads', [[9, 8]], { axes: 0 }],
  ['columns that quads do not fill', [[9, 5]], { axes: 0 }],
  ['columns just as long as a block', [[256, 4]], { axes: 0 }, small(256)],
  ['columns a little longer than a block', [[257, 3]], { axes: 0 }, small(257)],
  ['columns of many blocks', [[1500, 2]], { axes: 0 }, small(1500)],
  ['the middle axis', [[3, 5, 4]], { axes: 1 }],
  ['the middle axis, kept', [[3, 5, 7]], { axes: 1, keep: true }],
  ['two neighbouring axes', [[3, 5, 7]], { axes: [0, 1] }],
  ['first and last axis', [[3, 5, 7]], { axes: [0, 2] }],
  ['first and last axis, by negative numbers and in another order', [[3, 2, 4]], { axes: [-1, 0] }],
  ['alternate axes of four', [[2, 3, 4, 5]], { axes: [1, 3], keep: true }],
  ['all axes, kept', [[2, 3, 4]], { keep: true }],
];

const ties: Operand = { shape: [3, 4], values: [1, 5, 5, 2, -1, -1, -3, -3, 0, 0.5, -0.5, 0.25] };
const tied: typeof cases = [['two equal extremes share the gradient', [ties], { axes: 1 }]];

checkOp<Axes>('sum', devices, {
  op: ([x], { axes, keep = false }) => sum(x!, axes, { keep }),
  reference: over(total),
  cases,
});
checkOp<Axes>('mean', devices, {
  op: ([x], { axes, keep = false }) => mean(x!, axes, { keep }),
  reference: over((values) => total(values) / values.length),
  cases: cases.map(([why, operands, a]) => [why, operands, a] as const),
});
checkOp<Axes>('max', devices, {
  op: ([x], { axes, keep = false }) => max(x!, axes, { keep }),
  reference: over((values) => extreme(values, Math.max)),
  cases: [...cases.map(([why, operands, a]) => [why, operands, a] as const), ...tied],
});
checkOp<Axes>('min', devices, {
  op: ([x], { axes, keep = false }) => min(x!, axes, { keep }),
  reference: over((values) => extreme(values, Math.min)),
  cases: [...cases.map(([why, operands, a]) => [why, operands, a] as const), ...tied],
});

const values = (...values: number[]): Operand => ({ shape: [1, values.length], values });
checkOp<Axes>('logSumExp', devices, {
  op: ([x], { axes, keep = false }) => logSumExp(x!, axes, { keep }),
  reference: over((all) => {
    const top = extreme(all, Math.max);
    return top + Math.log(total(all.map((v) => Math.exp(v - top))));
  }),
  cases: [
    ...cases.map(([why, operands, a]) => [why, operands, a] as const),
    // The slopes exp(x - y) are as exact as y, which is a number of f32: at 1000 they would be off
    // by 3e-5.
    ['logits whose exponentials overflow', [values(200, 199, -200)], { axes: 1 }],
    ['logits whose exponentials vanish', [values(-200, -201, -202.5)], { axes: 1 }],
    ['equal logits', [values(3, 3, 3, 3)], { axes: 1 }],
  ],
});

const lengthOf = (values: number[]) => Math.sqrt(total(values.map((v) => v * v)));
checkOp<number>('norm', devices, {
  op: ([x], axis) => norm(x!, axis),
  reference: ([x], axes) => over(lengthOf)([x!], { axes }),
  cases: [
    ['joints of a pose', [[2, 17, 3]], -1],
    ['the first axis', [[3, 8]], 0],
    ['the middle axis', [[3, 5, 4]], 1],
    ['a single number', [[5, 1]], -1],
    ['long vectors', [[3, 300]], -1, small(300)],
    ['a zero vector has slope 0', [{ shape: [2, 3], values: [0, 0, 0, 3, 4, 12] }], -1],
  ],
});

describe.each(devices)('on $label', ({ gpu }) => {
  test('the gradient of a norm stays at most 1 where all squares vanish in f32', async () => {
    const { dx } = await evaluate(gpu, ({ x }) => ({ dx: grad(sum(norm(x)), [x])[0] as Tensor }), {
      x: { shape: [3, 2], values: [1e-20, -1e-20, 1e-25, 0, 1e-30, 1e-38] },
    });
    for (const d of dx) expect(Math.abs(d)).toBeLessThanOrEqual(1);
  });

  test('norms of very large and very small vectors, and their slopes', async () => {
    const { y, dx } = await evaluate(
      gpu,
      ({ x }) => {
        const y = norm(x);
        return { y, dx: grad(sum(mul(y, 2)), [x])[0] as Tensor };
      },
      { x: { shape: [2, 2], values: [3e18, 4e18, 3e-17, 4e-17] } },
    );
    assertClose([y[0]! / 5e18, y[1]! / 5e-17], [1, 1], 1e-6);
    assertClose(dx, [1.2, 1.6, 1.2, 1.6], 1e-6);
  });

  test.each([
    ['long', 64],
    ['short', 6],
  ])('more rows than a dimension of the grid has workgroups: %s', async (_, columns) => {
    const rows = 65_537;
    const x = new Float32Array(rows * columns).map((_, i) => (i * 7) % 31);
    const results = await evaluate(
      gpu,
      ({ x }) => ({
        rows: sum(x, 1),
        top: max(x, 1),
        all: sum(x),
        columns: sum(x, 0),
        middle: sum(reshape(x, [rows, columns / 2, 2]), 1),
      }),
      { x: { shape: [rows, columns], values: x } },
    );
    const check = (actual: Float32Array, width: number, place: (i: number) => number) => {
      const expected = new Float64Array(width);
      for (let i = 0; i < x.length; i++) expected[place(i)]! += x[i]!;
      const wrong = actual.findIndex((v, i) => Math.abs(v - expected[i]!) > 1e-6 * expected[i]!);
      expect([wrong, actual[wrong], expected[wrong]]).toEqual([-1, undefined, undefined]);
    };
    check(results.rows, rows, (i) => Math.floor(i / columns));
    check(results.all, 1, () => 0);
    check(results.columns, columns, (i) => i % columns);
    check(results.middle, 2 * rows, (i) => 2 * Math.floor(i / columns) + (i % 2));
    const tops = results.top.findIndex((v, r) => {
      const row = x.subarray(r * columns, (r + 1) * columns);
      return v !== Math.max(...row);
    });
    expect(tops).toBe(-1);
  });
});
