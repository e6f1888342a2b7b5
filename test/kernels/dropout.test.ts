import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { add, dropout, mul } from '../../src/graph/ops/elementwise.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { assertSame } from '../check.ts';
import { openDevices } from '../devices.ts';

const devices = await openDevices();

/** The hash pcg4d, from Jarzynski and Olano 2020, listing "pcg4d". */
function pcg4d(counter: readonly number[]): number[] {
  const v = counter.map((c) => (Math.imul(c, 1664525) + 1013904223) | 0);
  const add = (to: number, a: number, b: number) => {
    v[to] = (v[to]! + Math.imul(v[a]!, v[b]!)) | 0;
  };
  const mix = () => {
    add(0, 1, 3);
    add(1, 2, 0);
    add(2, 0, 1);
    add(3, 1, 2);
  };
  mix();
  for (let i = 0; i < 4; i++) v[i] = v[i]! ^ (v[i]! >>> 16);
  mix();
  return v.map((x) => x >>> 0);
}

/**
 * What dropout keeps: the counter is (index / 4, call, seed, step), and each hash serves four
 * values.
 */
const keeps = (size: number, keep: number, call: number, seed: number, step: number) =>
  Array.from({ length: size }, (_, i) => {
    const hash = pcg4d([i >> 2, call, seed, step])[i & 3]!;
    return Math.floor(hash / 256) / 2 ** 24 < Math.fround(keep);
  });

describe.each(devices)('dropout on $label', ({ gpu }) => {
  const rows = 65;
  const columns = 31;
  const size = rows * columns;
  const rate = 0.3;

  test.each([
    ['rows that quads do not fill', columns],
    ['rows of quads', columns + 1],
  ])(
    'the mask is that of the hash, forward and backward, and new for each step: %s',
    async (_, n) => {
      const program = await compile(
        gpu,
        ({ x }) => {
          const first = dropout(mul(x, 2), rate);
          const second = dropout(x, 0.5);
          const [dx] = grad(sum(add(first, mul(second, 100))), [x]);
          return { first, second, dx: dx! };
        },
        { x: [rows, n] },
        { seed: 7 },
      );
      const x = Float32Array.from({ length: rows * n }, () => 1);
      for (let step = 0; step < 2; step++) {
        const { first, second, dx } = await program.run({ x }, { read: ['first', 'second', 'dx'] });
        const kept = [keeps(x.length, 1 - rate, 0, 7, step), keeps(x.length, 0.5, 1, 7, step)];
        const factor = 1 / Math.fround(1 - rate);
        const y = kept[0]!.map((keep) => (keep ? 2 * factor : 0));
        expect([...first].findIndex((v, i) => Math.abs(v - y[i]!) > 1e-6)).toBe(-1);
        expect([...second].findIndex((v, i) => v !== (kept[1]![i] ? 2 : 0))).toBe(-1);
        const slope = x.map((_, i) => y[i]! + (kept[1]![i] ? 200 : 0));
        expect([...dx].findIndex((v, i) => Math.abs(v - slope[i]!) > 1e-4)).toBe(-1);
      }
      program.dispose();
    },
  );

  test('the share that is kept is that of the rate, within five deviations', async () => {
    const program = await compile(gpu, ({ x }) => ({ y: dropout(x, rate) }), { x: [100, 100] });
    const { y } = await program.run({ x: new Float32Array(10_000).fill(1) }, { read: ['y'] });
    const kept = y.filter((v) => v !== 0).length / 10_000;
    expect(Math.abs(kept - 0.7)).toBeLessThan(5 * Math.sqrt((0.7 * 0.3) / 10_000));
    program.dispose();
  });

  test('in the epilogue of a product it drops the same values', async () => {
    const graph = ({ x, w }: { x: Tensor; w: Tensor }) => ({
      y: dropout(matmul(x, w), rate),
    });
    const shapes = { x: [rows, 8], w: [8, columns] } as const;
    const batch = {
      x: Float32Array.from({ length: rows * 8 }, (_, i) => Math.sin(i)),
      w: Float32Array.from({ length: 8 * columns }, (_, i) => Math.cos(i)),
    };
    const [fused, plain] = await Promise.all(
      [true, false].map(async (fuse) => {
        const program = await compile(gpu, graph, shapes, { fuse });
        const { y } = await program.run(batch, { read: ['y'] });
        program.dispose();
        return { y, dispatches: program.plan.dispatches.length };
      }),
    );
    expect([fused!.dispatches, plain!.dispatches]).toEqual([1, 2]);
    assertSame(fused!.y, plain!.y);
    expect(plain!.y.filter((v) => v === 0).length).toBeGreaterThan(size / 5);
  });
});
