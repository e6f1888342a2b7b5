import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import * as ops from '../../src/graph/ops/elementwise.ts';
import { broadcastTo } from '../../src/graph/ops/layout.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile, evaluate } from '../../src/graph/program.ts';
import { scalar, type Tensor } from '../../src/graph/trace.ts';
import { assertClose, checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, map, zip } from '../reference.ts';

const devices = await openDevices();

/** Every way that one operand can lie over the other. */
const overlays: [string, Operand[]][] = [
  [
    'equal shapes of quads',
    [
      [5, 8],
      [5, 8],
    ],
  ],
  [
    'equal shapes that quads do not fill',
    [
      [3, 5],
      [3, 5],
    ],
  ],
  ['a row', [[5, 7], [7]]],
  [
    'a row of quads that covers two axes',
    [
      [3, 2, 4],
      [2, 4],
    ],
  ],
  [
    'a column',
    [
      [6, 7],
      [6, 1],
    ],
  ],
  [
    'a column beside quads, more rows than a quad',
    [
      [6, 8],
      [6, 1],
    ],
  ],
  [
    'a column over two axes',
    [
      [3, 2, 4],
      [3, 1, 1],
    ],
  ],
  ['a scalar', [[3, 5], []]],
  [
    'a scalar with axes',
    [
      [3, 4],
      [1, 1],
    ],
  ],
  [
    'neither row nor column: the middle axis',
    [
      [2, 3, 4],
      [3, 1],
    ],
  ],
  [
    'neither row nor column: all but the middle axis',
    [
      [2, 3, 4],
      [2, 1, 4],
    ],
  ],
  ['the first operand repeats', [[7], [5, 7]]],
  [
    'each repeats along an axis of the other',
    [
      [5, 1],
      [1, 7],
    ],
  ],
  [
    'a leading axis of 1',
    [
      [4, 3],
      [1, 4, 3],
    ],
  ],
  ['single values', [[], []]],
];

const awayFrom0 = (z: number) => (z < 0 ? z - 0.5 : z + 0.5);
type Binary = (a: Tensor, b: Tensor) => Tensor;
const binary: [string, Binary, (a: number, b: number) => number, ((z: number) => number)?][] = [
  ['add', ops.add, (a, b) => a + b],
  ['sub', ops.sub, (a, b) => a - b],
  ['mul', ops.mul, (a, b) => a * b],
  ['div', ops.div, (a, b) => a / b, awayFrom0],
  ['minimum', ops.minimum, Math.min],
  ['maximum', ops.maximum, Math.max],
  ['greater', ops.greater, (a, b) => Number(a > b)],
  ['equal', ops.equal, (a, b) => Number(a === b)],
];
for (const [name, op, f, from] of binary)
  checkOp(name, devices, {
    op: ([a, b]) => op(a!, b!),
    reference: zip(f),
    cases: overlays.map(([why, shapes]) => [why, shapes, undefined, from] as const),
  });

const ties = (values: number[]) => ({ shape: [values.length], values });
const tied: [string, Operand[]][] = [
  ['ties', [ties([1, -2, 0, 3, 3]), ties([1, -2, 0, 3, 4])]],
  ['zeros of either sign', [ties([0, -0, 1]), ties([-0, 0, 1])]],
];
// The central difference of a minimum at a tie is the mean of both slopes: each operand gets half.
for (const [name, op, f] of binary.slice(4))
  checkOp(`${name} of equal values`, devices, {
    op: ([a, b]) => op(a!, b!),
    reference: zip(f),
    cases: tied,
    // A comparison jumps at a tie.
    forwardOnly: name === 'greater' || name === 'equal',
  });

const numbers: [string, (x: Tensor) => Tensor, (x: number) => number][] = [
  ['x + 3', (x) => ops.add(x, 3), (x) => x + 3],
  ['3 - x', (x) => ops.sub(3, x), (x) => 3 - x],
  ['x - 3', (x) => ops.sub(x, 3), (x) => x - 3],
  ['3 x', (x) => ops.mul(3, x), (x) => 3 * x],
  ['x / 3', (x) => ops.div(x, 3), (x) => x / 3],
  ['2 / x', (x) => ops.div(2, x), (x) => 2 / x],
  ['min(0.7, x)', (x) => ops.minimum(0.7, x), (x) => Math.min(0.7, x)],
  ['max(x, 0.7)', (x) => ops.maximum(x, 0.7), (x) => Math.max(x, 0.7)],
  ['0.7 > x', (x) => ops.greater(0.7, x), (x) => Number(0.7 > x)],
  ['x > 0.7', (x) => ops.greater(x, 0.7), (x) => Number(x > 0.7)],
];
for (const [name, op, f] of numbers)
  checkOp(name, devices, {
    op: ([x]) => op(x!),
    reference: map(f),
    cases: [['a number as operand', [[3, 5]], undefined, awayFrom0]],
  });

checkOp('select', devices, {
  op: ([c, a, b]) => ops.select(ops.greater(c!, 0), a!, b!),
  reference: ([c, a, b]) => {
    const { shape } = zip((x) => x)([zip((x) => x)([c!, a!]), b!]);
    return generate(shape, (i) => (at(c!, i) > 0 ? at(a!, i) : at(b!, i)));
  },
  cases: [
    [
      'equal shapes',
      [
        [3, 5],
        [3, 5],
        [3, 5],
      ],
    ],
    [
      'a condition for each row',
      [
        [4, 1],
        [4, 8],
        [4, 8],
      ],
    ],
    ['all three repeat', [[4, 1], [1, 5], []]],
  ],
});

for (const side of ['then', 'else'] as const) {
  checkOp(`select, zero ${side}`, devices, {
    op: ([c, x]) => {
      const [a, b] = side === 'then' ? [0, x!] : [x!, 0];
      return ops.select(ops.greater(c!, 0), a, b);
    },
    reference: ([c, x]) => {
      const { shape } = zip((v) => v)([c!, x!]);
      return generate(shape, (i) => (at(c!, i) > 0 === (side === 'else') ? at(x!, i) : 0));
    },
    cases: [
      ['a condition for each column', [[8], [4, 8]]],
      [
        'a value for each row',
        [
          [3, 5],
          [3, 1],
        ],
      ],
    ],
  });
}

checkOp<{ shape: readonly number[] }>('broadcastTo', devices, {
  op: ([x], { shape }) => broadcastTo(x!, shape),
  reference: ([x], { shape }) => generate(shape, (index) => at(x!, index)),
  cases: [
    ['a leading axis', [[5]], { shape: [3, 5] }],
    ['the last axis', [[5, 1]], { shape: [5, 7] }],
    ['the middle axis', [[2, 1, 3]], { shape: [2, 4, 3] }],
    ['a single value', [[]], { shape: [3, 3] }],
    ['only axes of 1 are new', [[4]], { shape: [1, 1, 4] }],
    ['already of this shape', [[2, 3]], { shape: [2, 3] }],
  ],
});

describe.each(devices)('on $label', ({ gpu }) => {
  test('what select does not choose may be NaN, forward and backward', async () => {
    const shape = [4];
    const { y, da, db } = await evaluate(
      gpu,
      ({ c, a, b }) => {
        // The square root of a negative number is NaN, and so is its derivative.
        const y = ops.select(ops.greater(c, 0), a, ops.mul(b, 2));
        const [da, db] = grad(sum(ops.mul(y, 3)), [a, b]) as [Tensor, Tensor];
        return { y, da, db };
      },
      {
        c: { shape, values: [1, -1, 1, -1] },
        a: { shape, values: [1, Number.NaN, 3, Number.NaN] },
        b: { shape, values: [Number.NaN, 2, Number.NaN, Infinity] },
      },
    );
    expect([...y]).toEqual([1, 4, 3, Infinity]);
    expect([...da]).toEqual([3, 0, 3, 0]);
    expect([...db]).toEqual([0, 6, 0, 6]);
  });

  test('a scalar of the step is computed anew for each step, on either side of an op', async () => {
    const rate = (step: number) => 0.1 * step + 0.5;
    const program = await compile(
      gpu,
      ({ x }) => {
        const s = scalar(rate);
        const y = ops.add(ops.mul(x, s), ops.sub(s, x));
        return { y, dx: grad(sum(ops.mul(y, s)), [x])[0]! };
      },
      { x: [3] },
    );
    const x = [1, -2, 5];
    for (let step = 0; step < 3; step++) {
      const s = rate(step);
      const { y, dx } = await program.run({ x }, { read: ['y', 'dx'] });
      assertClose(
        y,
        x.map((v) => v * s + s - v),
        1e-6,
      );
      assertClose(
        dx,
        x.map(() => s * (s - 1)),
        1e-6,
      );
    }
    program.dispose();
  });
});
