/** Soft-argmax in two and three dimensions. */

import { afterAll, describe, expect, test } from 'vitest';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { gaussianHeatmaps } from '../../src/graph/ops/heatmap.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { softArgmax2d, softArgmax3d } from '../../src/graph/ops/soft_argmax.ts';
import { compile, evaluate } from '../../src/graph/program.ts';
import { assertClose, assertSame, checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, extreme, generate, type Numbers, normal } from '../reference.ts';

const devices = await openDevices();

/** Of maps [n, h, w, j depth], with or without the place along depth. */
function expectation(maps: Numbers, depth: number, axes: 2 | 3, beta: number): Numbers {
  const [n, h, w, channels] = maps.shape as [number, number, number, number];
  const j = channels / depth;
  const cells = generate([h, w, depth], () => 0);
  return generate([n, j, axes], ([i, k, axis]) => {
    const logits: number[] = [];
    const places: number[] = [];
    generate(cells.shape, ([r, c, d]) => {
      logits.push(beta * at(maps, [i!, r!, c!, k! * depth + d!]));
      places.push([c!, r!, d!][axis!]! + 0.5);
      return 0;
    });
    const top = extreme(logits, Math.max);
    const powers = logits.map((v) => Math.exp(v - top));
    const weighted = powers.reduce((s, p, cell) => s + p * places[cell]!, 0);
    return weighted / powers.reduce((a, b) => a + b, 0);
  });
}

const sharp = (z: number) => 30 * z;
const cases: (readonly [string, Operand[], number, ((z: number) => number)?])[] = [
  ['17 joints', [[2, 8, 8, 17]], 1],
  ['rows that quads do not fill', [[3, 5, 7, 3]], 2],
  ['one joint', [[1, 9, 6, 1]], 0.5],
  ['one cell', [[2, 1, 1, 3]], 1],
  ['one row', [[2, 1, 12, 4]], 1],
  ['many rows, cut into parts', [[1, 150, 3, 4]], 1],
  ['sharp: one cell takes all', [[2, 6, 6, 4]], 20, sharp],
  [
    'logits whose exponentials overflow, the highest last',
    [{ shape: [1, 2, 3, 1], values: [-900, 998, -1000, 997, 999, 1000] }],
    1,
  ],
  ['equal logits', [{ shape: [1, 3, 3, 1], values: Array(9).fill(-3) }], 1],
];

// Places reach the size of the map, so that gradients are sums of terms of that size.
const tolerance = 4e-6;
for (const variant of [undefined, 'threads64rows4', 'threads64rows64', 'threads8'])
  checkOp<number>(`softArgmax2d, ${variant ?? 'as chosen'}`, devices, {
    op: ([x], beta) => softArgmax2d(x!, { beta }),
    reference: ([x], beta) => expectation(x!, 1, 2, beta),
    tolerance,
    cases: variant ? [cases[0]!, cases[1]!, cases[5]!] : cases,
    ...(variant && { variants: { mapColumns: variant } }),
  });

checkOp<{ depth: number; beta: number }>('softArgmax3d', devices, {
  op: ([x], { depth, beta }) => softArgmax3d(x!, { depth, beta }),
  reference: ([x], { depth, beta }) => expectation(x!, depth, 3, beta),
  tolerance,
  cases: [
    ['four joints', [[2, 4, 5, 24]], { depth: 6, beta: 1 }],
    ['odd sizes', [[2, 3, 5, 21]], { depth: 7, beta: 1 }],
    ['one slice', [[2, 4, 4, 3]], { depth: 1, beta: 1 }],
    ['one joint', [[1, 6, 3, 8]], { depth: 8, beta: 2 }],
    ['sharp', [[1, 5, 4, 10]], { depth: 5, beta: 1 }, sharp],
  ],
});

describe.each(devices)('on $label', ({ gpu }) => {
  test('finds the joints that heatmaps were drawn of', async () => {
    const joints = [7.25, 9.5, 16.5, 20.75, 12, 11.125];
    const { y } = await evaluate(
      gpu,
      ({ joints }) => ({
        y: softArgmax2d(gaussianHeatmaps(joints, [32, 32], { sigma: 4 }), { beta: 20 }),
      }),
      { joints: { shape: [1, 3, 2], values: joints } },
    );
    // Near its peak the softmax of a Gaussian is a narrower one; the rest of the map pulls a little.
    assertClose(y, joints, 0.02);
  });

  test('what does not fit is refused', async () => {
    const x = { x: { shape: [1, 2, 2, 6], values: new Float32Array(24) } };
    await expect(
      evaluate(gpu, ({ x }) => ({ y: softArgmax2d(x, { beta: 0 }) }), x),
    ).rejects.toThrow('beta must be a number above 0');
    await expect(
      evaluate(gpu, ({ x }) => ({ y: softArgmax3d(x, { depth: 4 }) }), x),
    ).rejects.toThrow('got [1, 2, 2, 6] and depth 4');
  });
});

describe('larger than a binding', () => {
  let opened: Gpu[] = [];
  afterAll(() => {
    for (const gpu of opened) gpu.close();
  });
  test('maps are cut along the batch, with the same bits', async () => {
    const shape = [70, 16, 4, 4];
    const z = normal('cut maps');
    const values = Float32Array.from({ length: 70 * 256 }, z);
    opened = [
      await openGpu({ poison: true }),
      await openGpu({ poison: true, maxBinding: 16 * 1024 }),
    ];
    const results = [];
    for (const gpu of opened) {
      const program = await compile(
        gpu,
        ({ x, joints }) => {
          const found = softArgmax2d(x);
          const drawn = gaussianHeatmaps(joints, [16, 4], { sigma: 3 });
          const loss = sum(mul(drawn, x));
          const [dx] = grad(sum(mul(found, found)), [x]);
          return { found, drawn, dx: dx!, djoints: grad(loss, [joints])[0]! };
        },
        { x: shape, joints: [70, 4, 2] },
      );
      const joints = Float32Array.from({ length: 560 }, (_, i) => (i * 7) % 16);
      const read = ['found', 'drawn', 'dx', 'djoints'] as const;
      results.push({ ...(await program.run({ x: values, joints }, { read })), program });
    }
    const [whole, cut] = results;
    expect(cut!.program.plan.dispatches.length).toBeGreaterThan(
      whole!.program.plan.dispatches.length,
    );
    for (const name of ['found', 'drawn', 'dx', 'djoints'] as const)
      assertSame(cut![name], whole![name]);
  });
});
