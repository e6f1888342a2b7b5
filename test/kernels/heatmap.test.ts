/** Gaussian heatmaps of joints. */

import { describe, expect, test } from 'vitest';
import { gaussianHeatmaps } from '../../src/graph/ops/heatmap.ts';
import { concat } from '../../src/graph/ops/layout.ts';
import { evaluate } from '../../src/graph/program.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import { checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, type Numbers } from '../reference.ts';

const devices = await openDevices();

interface Map {
  readonly size: readonly [number, number];
  readonly sigma: number;
}

function reference([joints, amplitude]: readonly Numbers[], { size: [h, w], sigma }: Map) {
  const [n, j] = joints!.shape as [number, number];
  return generate([n, h, w, j], ([i, r, c, k]) => {
    const dx = c! + 0.5 - at(joints!, [i!, k!, 0]);
    const dy = r! + 0.5 - at(joints!, [i!, k!, 1]);
    const peak = amplitude ? at(amplitude, [i!, k!]) : 1;
    return peak * Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
  });
}

/** Joints all over a map of 16 pixels, and some outside. */
const around = (z: number) => 8 + 6 * z;
type Case = readonly [string, Operand[], Map, (z: number) => number];
const cases: Case[] = [
  ['17 joints', [[2, 17, 2]], { size: [16, 16], sigma: 2 }, around],
  ['rows that quads do not fill', [[3, 5, 2]], { size: [13, 7], sigma: 1.5 }, around],
  ['one joint, one image', [[1, 1, 2]], { size: [16, 9], sigma: 4 }, around],
  ['one pixel', [[2, 3, 2]], { size: [1, 1], sigma: 10 }, around],
  ['one row', [[2, 3, 2]], { size: [1, 20], sigma: 3 }, around],
  ['many rows, cut into parts', [[1, 4, 2]], { size: [150, 6], sigma: 20 }, around],
  ['wide ones', [[2, 3, 2]], { size: [10, 12], sigma: 100 }, around],
  ['narrow ones: most of the map is 0', [[2, 6, 2]], { size: [20, 22], sigma: 0.5 }, around],
];

for (const variant of [undefined, 'threads64rows4', 'threads64rows64', 'threads8'])
  checkOp<Map>(`gaussianHeatmaps, ${variant ?? 'as chosen'}`, devices, {
    op: ([joints], { size, sigma }) => gaussianHeatmaps(joints!, size, { sigma }),
    reference,
    cases: variant ? cases.slice(0, 2).concat([cases[5]!]) : cases,
    ...(variant && { variants: { mapColumns: variant } }),
  });

checkOp<Map>('gaussianHeatmaps with amplitude', devices, {
  op: ([joints, amplitude], { size, sigma }) =>
    gaussianHeatmaps(joints!, size, { sigma, amplitude: amplitude! }),
  reference,
  cases: cases
    .slice(0, 6)
    .map(([why, [joints], map, from]) => [
      why,
      [joints!, (joints as Shape).slice(0, 2)],
      map,
      from,
    ]),
});

describe.each(devices)('on $label', ({ gpu }) => {
  test('the peak is 1 where a joint is in the centre of a pixel; maps join colours and depth', async () => {
    const joints = { shape: [1, 17, 2], values: new Float32Array(34).fill(2.5) };
    const colours = { shape: [1, 5, 5, 4], values: new Float32Array(100).fill(7) };
    const { y } = await evaluate(
      gpu,
      ({ joints, colours }) => ({
        y: concat([colours, gaussianHeatmaps(joints, [5, 5], { sigma: 1 })], -1),
      }),
      { joints, colours },
    );
    expect(y.length).toBe(5 * 5 * 21);
    const middle = 21 * (2 * 5 + 2);
    expect([...y.slice(middle, middle + 21)]).toEqual([7, 7, 7, 7, ...Array(17).fill(1)]);
  });

  test('a joint far away leaves 0, and no gradient that is not finite', async () => {
    const { y } = await evaluate(
      gpu,
      ({ joints }) => ({ y: gaussianHeatmaps(joints, [4, 4], { sigma: 0.1 }) }),
      { joints: { shape: [1, 1, 2], values: [1e6, -1e6] } },
    );
    expect([...y]).toEqual(Array(16).fill(0));
  });

  test('what does not fit is refused', async () => {
    const refuse = (shape: Shape, size: [number, number], sigma: number) =>
      evaluate(gpu, ({ x }) => ({ y: gaussianHeatmaps(x, size, { sigma }) }), {
        x: { shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
      });
    await expect(refuse([2, 17, 3], [4, 4], 1)).rejects.toThrow(
      'gaussianHeatmaps: joints must be [n, j, 2], got [2, 17, 3]',
    );
    await expect(refuse([2, 17, 2], [4, 0.5], 1)).rejects.toThrow('[height, width]');
    await expect(refuse([2, 17, 2], [4, 4], 0)).rejects.toThrow('sigma must be above 0');
  });
});
