/** Images of skeletons. */

import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { skeletonImage } from '../../src/graph/ops/skeleton_image.ts';
import { evaluate } from '../../src/graph/program.ts';
import { BONES } from '../../src/pose/skeleton.ts';
import { checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, type Numbers } from '../reference.ts';

const devices = await openDevices();

interface Drawing {
  readonly bones: readonly (readonly [number, number])[];
  readonly size: readonly [number, number];
  readonly gamma: number;
  readonly squared?: boolean;
}

/** The least distance to a segment, as the least of its ends and, where it is inside, the foot of the normal. */
function distanceToBone(p: readonly number[], a: readonly number[], b: readonly number[]) {
  const along = [b[0]! - a[0]!, b[1]! - a[1]!] as const;
  const from = [p[0]! - a[0]!, p[1]! - a[1]!] as const;
  const length = Math.hypot(...along);
  const ends = Math.min(Math.hypot(...from), Math.hypot(p[0]! - b[0]!, p[1]! - b[1]!));
  const place = (from[0] * along[0] + from[1] * along[1]) / length;
  if (length === 0 || place < 0 || place > length) return ends;
  return Math.abs(from[0] * along[1] - from[1] * along[0]) / length;
}

function reference([joints]: readonly Numbers[], { bones, size, gamma, squared = true }: Drawing) {
  const joint = (i: number, j: number) => [at(joints!, [i, j, 0]), at(joints!, [i, j, 1])];
  return generate([joints!.shape[0]!, ...size, 1], ([i, r, c]) => {
    const p = [c! + 0.5, r! + 0.5];
    const d = Math.min(...bones.map(([a, b]) => distanceToBone(p, joint(i!, a), joint(i!, b))));
    return Math.exp(-gamma * (squared ? d * d : d));
  });
}

const around = (z: number) => 8 + 5 * z;
const chain = [
  [0, 1],
  [1, 2],
  [1, 3],
] as const;
const person = BONES.map(({ from, to }) => [from, to] as const);
type Case = readonly [string, Operand[], Drawing, ((z: number) => number)?];
const cases: Case[] = [
  ['a person', [[2, 17, 2]], { bones: person, size: [16, 16], gamma: 0.1 }, around],
  ['rows that quads do not fill', [[3, 4, 2]], { bones: chain, size: [9, 7], gamma: 0.2 }, around],
  ['one bone', [[1, 2, 2]], { bones: [[1, 0]], size: [6, 8], gamma: 0.05 }, around],
  ['one pixel', [[2, 2, 2]], { bones: [[0, 1]], size: [1, 1], gamma: 0.01 }, around],
  ['many rows, cut into parts', [[1, 4, 2]], { bones: chain, size: [90, 5], gamma: 0.02 }, around],
  [
    'a joint that no bone has, and a bone without length',
    [{ shape: [1, 4, 2], values: [3.2, 4.1, 9.37, 2.24, 6.1, 5.8, 1, 1] }],
    {
      bones: [
        [0, 1],
        [2, 2],
      ],
      size: [8, 12],
      gamma: 0.1,
    },
  ],
];

for (const variant of [undefined, 'threads64rows4', 'threads64rows64', 'threads8'])
  checkOp<Drawing>(`skeletonImage, ${variant ?? 'as chosen'}`, devices, {
    op: ([joints], { bones, size, gamma }) => skeletonImage(joints!, bones, size, { gamma }),
    reference,
    tolerance: 3e-6,
    cases: variant ? [cases[0]!, cases[1]!, cases[4]!] : cases,
    ...(variant && { variants: { mapColumns: variant } }),
  });

checkOp<Drawing>('skeletonImage by distance, not its square', devices, {
  op: ([joints], { bones, size, gamma }) =>
    skeletonImage(joints!, bones, size, { gamma, squared: false }),
  reference: ([joints], drawing) => reference([joints!], { ...drawing, squared: false }),
  // The gradient has the direction from the bone, which loses digits close to it.
  tolerance: 1e-5,
  cases: [cases[0]!, cases[1]!, cases[4]!],
});

describe.each(devices)('on $label', ({ gpu }) => {
  test.each([true, false])(
    'ends that agree have a finite gradient, squared %s',
    async (squared) => {
      // The first pixel lies on the bone.
      const values = [0.5, 0.5, 0.5, 0.5];
      const { y, dx } = await evaluate(
        gpu,
        ({ x }) => {
          const y = skeletonImage(x, [[0, 1]], [2, 3], { gamma: 1, squared });
          return { y, dx: grad(sum(y), [x])[0]! };
        },
        { x: { shape: [1, 2, 2], values } },
      );
      expect(y[0]).toBe(1);
      expect([...dx].every(Number.isFinite)).toBe(true);
      // All pulls the end that it begins with, down and to the right.
      expect([dx[0]! > 0, dx[1]! > 0, dx[2], dx[3]]).toEqual([true, true, 0, 0]);
    },
  );

  test('what does not fit is refused', async () => {
    const draw = (bones: [number, number][], gamma = 1) =>
      evaluate(gpu, ({ x }) => ({ y: skeletonImage(x, bones, [4, 4], { gamma }) }), {
        x: { shape: [1, 3, 2], values: new Float32Array(6) },
      });
    await expect(draw([[0, 3]])).rejects.toThrow(
      'the bone [0, 3] must join two of the joints 0 to 2',
    );
    await expect(draw([])).rejects.toThrow('takes 1 to 256 bones, got 0');
    await expect(draw([[0, 1]], -1)).rejects.toThrow('gamma must be above 0');
  });
});
