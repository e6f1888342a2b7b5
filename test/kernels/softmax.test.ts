import { describe, expect, test } from 'vitest';
import { softmax } from '../../src/graph/ops/softmax.ts';
import { evaluate } from '../../src/graph/program.ts';
import { checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { along, at, extreme, generate, total } from '../reference.ts';

const devices = await openDevices();
const values = (...values: number[]): Operand => ({ shape: [1, values.length], values });

checkOp('softmax', devices, {
  op: ([x]) => softmax(x!),
  reference: ([x]) => {
    const axis = [x!.shape.length - 1];
    const top = along(x!, axis, (row) => extreme(row, Math.max));
    const powers = generate(x!.shape, (i) => Math.exp(at(x!, i) - at(top, i)));
    const sums = along(powers, axis, total);
    return generate(x!.shape, (i) => at(powers, i) / at(sums, i));
  },
  cases: [
    ['a single column', [[3, 1]]],
    ['fewer columns than threads', [[4, 17]]],
    ['just as many columns as threads', [[2, 64]]],
    ['a few columns more than threads', [[3, 65]]],
    ['many rounds', [[2, 1000]]],
    ['a vector', [[7]]],
    ['several leading axes', [[2, 3, 5]]],
    ['many short rows', [[300, 17]]],
    ['many rows that quads fill', [[67, 12]]],
    ['many rows of one column', [[70, 1]]],
    ['many rows, sharp', [[70, 20]], undefined, (z) => 50 * z],
    ['sharp: one value takes all', [[3, 17]], undefined, (z) => 50 * z],
    ['logits whose exponentials overflow', [values(1000, 999, -1000)]],
    ['equal logits', [values(-3, -3, -3, -3, -3)]],
  ],
});

describe.each(devices)('on $label', ({ gpu }) => {
  test('more rows than a dimension of the grid has workgroups', async () => {
    const rows = 65_537;
    const { y } = await evaluate(gpu, ({ x }) => ({ y: softmax(x) }), {
      x: { shape: [rows, 2], values: Float32Array.from({ length: 2 * rows }, (_, i) => i % 5) },
    });
    const wrong = y.findIndex((v, i) => {
      const difference = ((i ^ 1) % 5) - (i % 5);
      return !(Math.abs(v - 1 / (1 + Math.exp(difference))) < 1e-6);
    });
    expect([wrong, y[wrong]]).toEqual([-1, undefined]);
  });
});
