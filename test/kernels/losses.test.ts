import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { evaluate } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import {
  interJointLoss,
  l1,
  meanJointDistance,
  mse,
  smoothL1,
  weighted,
} from '../../src/train/losses.ts';
import { assertClose, checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { type Numbers, total } from '../reference.ts';

const devices = await openDevices();

const single = (value: number): Numbers => ({ shape: [], values: [value] });
/** The mean of f over pairs of numbers. */
const meanOf =
  (f: (y: number, t: number) => number) =>
  ([y, t]: readonly Numbers[]) =>
    single(total(y!.values.map((v, i) => f(v, t!.values[i]!))) / y!.values.length);

type Point = readonly number[];
const joints = ({ shape, values }: Numbers): Point[] => {
  const axes = shape.at(-1)!;
  return Array.from({ length: values.length / axes }, (_, i) =>
    values.slice(i * axes, (i + 1) * axes),
  );
};
const distance = (a: Point, b: Point) => Math.hypot(...a.map((v, i) => v - b[i]!));

const pairs: (readonly [string, Operand[]])[] = [
  [
    'poses',
    [
      [4, 17, 3],
      [4, 17, 3],
    ],
  ],
  [
    'one pose',
    [
      [1, 16, 3],
      [1, 16, 3],
    ],
  ],
  [
    'sizes of quads',
    [
      [8, 4, 2],
      [8, 4, 2],
    ],
  ],
];
const same: readonly [string, Operand[]] = [
  'joints that agree have slope 0',
  [
    { shape: [1, 2, 3], values: [1, 2, 3, 4, 5, 6] },
    { shape: [1, 2, 3], values: [1, 2, 3, 4, 5, 7] },
  ],
];

const losses: [string, (y: Tensor, t: Tensor) => Tensor, (x: readonly Numbers[]) => Numbers][] = [
  ['mse', mse, meanOf((y, t) => (y - t) ** 2)],
  ['l1', l1, meanOf((y, t) => Math.abs(y - t))],
  [
    'meanJointDistance',
    meanJointDistance,
    ([y, t]) => {
      const [a, b] = [joints(y!), joints(t!)];
      return single(total(a.map((joint, i) => distance(joint, b[i]!))) / a.length);
    },
  ],
  [
    'interJointLoss',
    interJointLoss,
    ([y, t]) => {
      const count = y!.shape[1]!;
      const [a, b] = [joints(y!), joints(t!)];
      const differences: number[] = [];
      for (let pose = 0; pose < a.length; pose += count)
        for (let i = 0; i < count; i++)
          for (let j = 0; j < i; j++)
            differences.push(
              Math.abs(distance(a[pose + i]!, a[pose + j]!) - distance(b[pose + i]!, b[pose + j]!)),
            );
      return single(total(differences) / differences.length);
    },
  ],
  [
    'weighted',
    (y, t) => weighted([1, mse(y, t)], [0.25, l1(y, t)]),
    meanOf((y, t) => (y - t) ** 2 + 0.25 * Math.abs(y - t)),
  ],
];
for (const [name, op, reference] of losses)
  checkOp(name, devices, { op: ([y, t]) => op(y!, t!), reference, cases: [...pairs, same] });

for (const norm of ['l1', 'l2'] as const)
  for (const signed of [false, true])
    checkOp(`interJointLoss, ${norm}${signed ? ', signed' : ''}`, devices, {
      op: ([y, t]) => interJointLoss(y!, t!, { norm, signed }),
      reference: ([y, t]) => {
        const count = y!.shape[1]!;
        const [a, b] = [joints(y!), joints(t!)];
        const length = (p: Point, q: Point) =>
          norm === 'l2' ? distance(p, q) : total(p.map((v, i) => Math.abs(v - q[i]!)));
        const differences = a.flatMap((_, i) =>
          Array.from({ length: i % count }, (_, back) => {
            const j = i - 1 - back;
            return length(a[i]!, a[j]!) - length(b[i]!, b[j]!);
          }),
        );
        return single(total(signed ? differences : differences.map(Math.abs)) / differences.length);
      },
      // A sum over 136 pairs of each of many poses.
      cases: [...pairs, ['many poses', [Array.of(300, 17, 3), Array.of(300, 17, 3)]]],
    });

describe.each(devices)('on $label', ({ gpu }) => {
  test.each(['l1', 'l2'] as const)('joints that agree have slope 0, %s', async (norm) => {
    const y = [1, 2, 3, 1, 2, 3];
    const t = [0, 0, 0, 1, 1, 1];
    const { dy, dt } = await evaluate(
      gpu,
      ({ y, t }) => {
        const [dy, dt] = grad(interJointLoss(y, t, { norm }), [y, t]);
        return { dy: dy!, dt: dt! };
      },
      { y: { shape: [1, 2, 3], values: y }, t: { shape: [1, 2, 3], values: t } },
    );
    expect([...dy]).toEqual(Array(6).fill(0));
    const slope = norm === 'l1' ? 1 : 1 / Math.sqrt(3);
    assertClose(dt, [-slope, -slope, -slope, slope, slope, slope], 1e-6);
  });
});

checkOp<number>('smoothL1', devices, {
  op: ([y, t], beta) => smoothL1(y!, t!, beta),
  reference: ([y, t], beta) =>
    meanOf((y, t) => {
      const d = Math.abs(y - t);
      return d < beta ? d ** 2 / (2 * beta) : d - beta / 2;
    })([y!, t!]),
  cases: [
    [
      'both branches',
      [
        [4, 17, 3],
        [4, 17, 3],
      ],
      1,
    ],
    [
      'nearly all linear',
      [
        [4, 17, 3],
        [4, 17, 3],
      ],
      0.01,
    ],
    [
      'all quadratic',
      [
        [4, 5],
        [4, 5],
      ],
      100,
    ],
    [...same, 1] as const,
  ],
});
