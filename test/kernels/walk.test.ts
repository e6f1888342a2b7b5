/** Sizes at which a thread makes many steps: every element is reached once, whatever the device. */

import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import { add, mul, relu, sub } from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { evaluate } from '../../src/graph/program.ts';
import { VariableSet, zeros } from '../../src/graph/variables.ts';
import type { Target } from '../../src/kernels/kernel.ts';
import { columnWalk, lineWalk, sharedWalk, walkGroups } from '../../src/kernels/walk.ts';
import { assertClose } from '../check.ts';
import { openDevices } from '../devices.ts';
import { normal } from '../reference.ts';

const devices = await openDevices();

/** Normal numbers, as f32 holds them. */
function numbers(size: number, seed: string): number[] {
  const random = normal(seed);
  return Array.from({ length: size }, () => Math.fround(random()));
}

describe.each(['hardware', 'lavapipe', 'swiftshader'] as const)('%s', (kind) => {
  const target: Target = { kind, subgroupSize: 0, maxBinding: 2 ** 27, hasF16: true };
  const walks = (count: number) => [
    lineWalk(target, count),
    ...[1, 3, 12, 17, 256].map((columns) => columnWalk(target, count, columns)),
    sharedWalk(target, count, 2048),
  ];

  test.each([1, 7, 255, 257, 8192, 70_003, 300_000])('%i Ts are reached once each', (count) => {
    for (const walk of walks(count)) {
      const reached = new Uint8Array(count);
      const { stride, steps, width } = walk;
      for (let thread = 0; thread < walkGroups(walk, count) * width; thread++) {
        const first = Math.floor(thread / stride) * stride * steps + (thread % stride);
        for (let step = 0; step < steps; step++)
          if (first + step * stride < count) reached[first + step * stride]!++;
      }
      expect(reached.every((times) => times === 1)).toBe(true);
    }
  });

  test.each([1, 3, 12, 17, 256])('a thread stays in its column of %i', (columns) => {
    const { stride, steps } = columnWalk(target, 70_003, columns);
    expect(steps === 1 || stride % columns === 0).toBe(true);
  });
});

describe.each(devices)('$label', ({ gpu }) => {
  test.each([
    ['quads', 700, 12],
    ['rows longer than a step', 129, 1024],
    ['rows that quads do not fill', 1025, 17],
    ['rows shorter than a workgroup', 3001, 3],
    ['a single column', 4099, 1],
    ['so large that columns are walked a few rows at a time', 1063, 2052],
    ['the same by single values, which are no multiple of a workgroup', 2129, 1027],
  ])('rows, columns, scalars and all else in one chain: %s', async (_, rows, columns) => {
    const x = numbers(rows * columns, 'x');
    const full = numbers(rows * columns, 'full');
    const row = numbers(columns, 'row');
    const column = numbers(rows, 'column');
    const { y } = await evaluate(
      gpu,
      (t) => ({ y: relu(sub(mul(add(mul(t.x, t.scalar), t.row), t.column), t.full)) }),
      {
        x: { shape: [rows, columns], values: x },
        full: { shape: [rows, columns], values: full },
        row: { shape: [columns], values: row },
        column: { shape: [rows, 1], values: column },
        scalar: { shape: [], values: [0.5] },
      },
    );
    const wanted = x.map((value, i) => {
      const [r, c] = [Math.floor(i / columns), i % columns];
      return Math.max(0, (value * 0.5 + row[c]!) * column[r]! - full[i]!);
    });
    assertClose(y, wanted, 1e-6);
  });

  test.each([
    ['few blocks of many rows', 600, 512],
    ['one block of a thousand rows', 1000, 260],
    ['columns that quads do not fill', 1031, 301],
  ])('batch norm and its gradient: %s', async (_, rows, columns) => {
    const x = numbers(rows * columns, 'batch').map((z) => Math.fround(50 + 3 * z));
    const dy = numbers(rows * columns, 'dy');
    const set = new VariableSet('running');
    const mean = set.add('mean', [columns], zeros);
    const variance = set.add('variance', [columns], zeros);
    const ones = Array<number>(columns).fill(1);
    const read = await evaluate(
      gpu,
      (t) => {
        const variables = { scale: t.scale, shift: t.shift, mean, variance };
        const y = batchNorm(t.x, variables, { training: true, epsilon: 0 });
        const [dx, dscale, dshift] = grad(sum(mul(y, t.dy)), [t.x, t.scale, t.shift]);
        return { y, dx: dx!, dscale: dscale!, dshift: dshift! };
      },
      {
        x: { shape: [rows, columns], values: x },
        dy: { shape: [rows, columns], values: dy },
        scale: { shape: [columns], values: ones },
        shift: { shape: [columns], values: Array<number>(columns).fill(0) },
      },
    );
    const wanted = {
      y: new Float64Array(x.length),
      dx: new Float64Array(x.length),
      dscale: new Float64Array(columns),
      dshift: new Float64Array(columns),
    };
    for (let c = 0; c < columns; c++) {
      const places = Array.from({ length: rows }, (_, r) => r * columns + c);
      const average = places.reduce((s, i) => s + x[i]!, 0) / rows;
      const deviation = Math.sqrt(places.reduce((s, i) => s + (x[i]! - average) ** 2, 0) / rows);
      for (const i of places) {
        wanted.y[i] = (x[i]! - average) / deviation;
        wanted.dscale[c]! += dy[i]! * wanted.y[i]!;
        wanted.dshift[c]! += dy[i]!;
      }
      for (const i of places) {
        const pulled = (wanted.dshift[c]! + wanted.y[i]! * wanted.dscale[c]!) / rows;
        wanted.dx[i] = (dy[i]! - pulled) / deviation;
      }
    }
    assertClose(read.y, wanted.y, 1e-5);
    assertClose(read.dx, wanted.dx, 1e-5);
    // Sums of so many normal numbers are about as large as the root of their number.
    const share = (sums: ArrayLike<number>) => Array.from(sums, (s) => s / Math.sqrt(rows));
    assertClose(share(read.dscale), share(wanted.dscale), 1e-5);
    assertClose(share(read.dshift), share(wanted.dshift), 1e-5);
  });
});
