import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { concat, gather, pad, reshape, slice, transpose } from '../../src/graph/ops/layout.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { evaluate } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { assertClose, checkOp } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, transposed } from '../reference.ts';

const devices = await openDevices();

checkOp<readonly number[]>('transpose', devices, {
  op: ([x], order) => transpose(x!, order),
  reference: ([x], order) =>
    transposed(
      x!,
      order.map((axis) => (axis + x!.shape.length) % x!.shape.length),
    ),
  cases: [
    ['a matrix', [[5, 7]], [1, 0]],
    ['a batch of matrices', [[3, 4, 8]], [0, 2, 1]],
    ['heads of attention', [[2, 5, 3, 4]], [0, 2, 1, 3]],
    ['all axes, in a cycle', [[2, 3, 4, 5]], [3, 0, 1, 2]],
    ['negative axes', [[2, 3, 4]], [-1, 0, 1]],
    ['six axes that cannot be merged', [[2, 3, 2, 3, 2, 3]], [5, 4, 3, 2, 1, 0]],
    ['axes of 1', [[1, 5, 1, 3]], [3, 2, 1, 0]],
    ['blocks of four by four', [[36, 68]], [1, 0]],
    ['blocks within blocks', [[3, 8, 2, 12]], [2, 3, 0, 1]],
    ['six axes of blocks', [[2, 3, 4, 2, 3, 4]], [3, 0, 5, 4, 1, 2]],
    ['heads of quads', [[2, 65, 3, 8]], [0, 2, 1, 3]],
    ['many short lines', [[700, 3, 5]], [1, 0, 2]],
    ['nothing to do', [[3, 4]], [0, 1]],
  ],
});

checkOp<readonly number[]>('reshape', devices, {
  op: ([x], shape) => reshape(x!, shape),
  reference: ([x], shape) => {
    const known = shape.reduce((a, b) => (b === -1 ? a : a * b), 1);
    return { ...x!, shape: shape.map((n) => (n === -1 ? x!.values.length / known : n)) };
  },
  cases: [
    ['another division', [[4, 6]], [3, 8]],
    ['one size follows from the others', [[4, 6]], [2, -1, 3]],
    ['one axis', [[2, 3, 4]], [-1]],
    ['a single value', [[1, 1]], []],
    ['the same shape', [[2, 3]], [2, 3]],
  ],
});

checkOp<number>('concat', devices, {
  op: (tensors, axis) => concat(tensors, axis),
  reference: (tensors, axis) => {
    const own = (axis + tensors[0]!.shape.length) % tensors[0]!.shape.length;
    const starts = tensors.map((_, i) =>
      tensors.slice(0, i).reduce((sum, t) => sum + t.shape[own]!, 0),
    );
    const length = tensors.reduce((sum, t) => sum + t.shape[own]!, 0);
    const shape = tensors[0]!.shape.map((n, i) => (i === own ? length : n));
    return generate(shape, (index) => {
      const which = starts.findLastIndex((start) => start <= index[own]!);
      return at(
        tensors[which]!,
        index.map((n, i) => (i === own ? n - starts[which]! : n)),
      );
    });
  },
  cases: [
    [
      'rows',
      [
        [2, 5],
        [3, 5],
      ],
      0,
    ],
    [
      'columns of odd widths',
      [
        [4, 3],
        [4, 1],
        [4, 6],
      ],
      1,
    ],
    [
      'the middle axis',
      [
        [2, 3, 4],
        [2, 1, 4],
      ],
      1,
    ],
    [
      'the last axis, by a negative number',
      [
        [2, 3, 4],
        [2, 3, 5],
      ],
      -1,
    ],
    ['a single tensor', [[2, 3]], 0],
    ['vectors', [[3], [70]], 0],
  ],
});

checkOp<{ begin: number[]; size: number[] }>('slice', devices, {
  op: ([x], { begin, size }) => slice(x!, begin, size),
  reference: ([x], { begin, size }) =>
    generate(size, (index) =>
      at(
        x!,
        index.map((n, i) => n + begin[i]!),
      ),
    ),
  cases: [
    ['inner columns', [[4, 7]], { begin: [0, 2], size: [4, 3] }],
    ['some rows', [[7, 4]], { begin: [3, 0], size: [2, 4] }],
    ['a box', [[4, 5, 6]], { begin: [1, 2, 3], size: [2, 2, 2] }],
    ['the last element', [[3, 3]], { begin: [2, 2], size: [1, 1] }],
    ['all of it', [[2, 3]], { begin: [0, 0], size: [2, 3] }],
    [
      'beyond the first 64 elements, where a binding cannot start',
      [[100]],
      { begin: [65], size: [7] },
    ],
  ],
});

checkOp<{ padding: [number, number][]; value?: number }>('pad', devices, {
  op: ([x], { padding, value }) => pad(x!, padding, value),
  reference: ([x], { padding, value = 0 }) =>
    generate(
      x!.shape.map((n, i) => n + padding[i]![0] + padding[i]![1]),
      (index) => {
        const inner = index.map((n, i) => n - padding[i]![0]);
        const inside = inner.every((n, i) => n >= 0 && n < x!.shape[i]!);
        return inside ? at(x!, inner) : value;
      },
    ),
  cases: [
    [
      'all sides',
      [[3, 5]],
      {
        padding: [
          [1, 2],
          [3, 1],
        ],
      },
    ],
    [
      'another value',
      [[3, 5]],
      {
        padding: [
          [1, 0],
          [0, 1],
        ],
        value: -7,
      },
    ],
    [
      'one side of the middle axis',
      [[2, 3, 4]],
      {
        padding: [
          [0, 0],
          [0, 2],
          [0, 0],
        ],
      },
    ],
    [
      'nothing',
      [[2, 3]],
      {
        padding: [
          [0, 0],
          [0, 0],
        ],
      },
    ],
  ],
});

checkOp('gather', devices, {
  op: ([table, index]) => gather(table!, index!),
  reference: ([table, index]) => {
    const entry = table!.shape.slice(1);
    return generate([...index!.shape, ...entry], (i) => {
      const from = at(index!, i.slice(0, index!.shape.length));
      return at(table!, [from, ...i.slice(index!.shape.length)]);
    });
  },
  cases: [
    ['rows of a matrix, some more than once', [[5, 7], { shape: [9], below: 5 }]],
    ['a table of vectors by a matrix', [[6, 2, 3], { shape: [2, 4], below: 6 }]],
    ['entries that are single values', [[6], { shape: [3, 5], below: 6 }]],
    ['entries that no index names get gradient 0', [[50, 4], { shape: [3], below: 2 }]],
    ['many of the same', [[2, 3], { shape: [300], below: 2 }]],
  ],
  // Up to 300 gradients of size 1 are added to one entry.
  tolerance: 3e-6,
});

describe.each(devices)('on $label', ({ gpu }) => {
  test('gather gives 0 for an index beyond the table, and no gradient', async () => {
    const { y, dtable } = await evaluate(
      gpu,
      ({ table, index }) => {
        const y = gather(table, index);
        return { y, dtable: grad(sum(mul(y, 2)), [table])[0] as Tensor };
      },
      {
        table: { shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
        index: { shape: [4], values: [2, 3, 0, 4_294_967_295], dtype: 'u32' },
      },
    );
    expect([...y]).toEqual([5, 6, 0, 0, 1, 2, 0, 0]);
    expect([...dtable]).toEqual([2, 2, 0, 0, 2, 2]);
  });

  test('more elements than a dimension of the grid has threads', async () => {
    const shape = [2, 3, 700_001];
    const size = 2 * 3 * 700_001;
    const x = new Float32Array(size).map((_, i) => i % 8191);
    const { turned, padded } = await evaluate(
      gpu,
      ({ x }) => ({
        turned: transpose(x, [2, 1, 0]),
        padded: pad(
          x,
          [
            [0, 0],
            [0, 0],
            [1, 0],
          ],
          9,
        ),
      }),
      { x: { shape, values: x } },
    );
    const expected = new Float32Array(size);
    for (let i = 0; i < size; i++)
      expected[(i % 700_001) * 6 + (Math.floor(i / 700_001) % 3) * 2 + Math.floor(i / 2_100_003)] =
        x[i]!;
    assertClose(turned, expected, 0);
    const wide = new Float32Array(size + 6).fill(9);
    for (let row = 0; row < 6; row++)
      wide.set(x.subarray(row * 700_001, (row + 1) * 700_001), row * 700_002 + 1);
    assertClose(padded, wide, 0);
  });
});
