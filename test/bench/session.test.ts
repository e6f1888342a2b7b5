import { afterAll, describe, expect, test } from 'vitest';
import type { Case, Family } from '../../bench/family.ts';
import { errorOf } from '../../bench/family.ts';
import { measure, roundsWithin } from '../../bench/measure/session.ts';
import type { RoofAgain } from '../../bench/rows.ts';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';

const opened: Gpu[] = [];
afterAll(() => opened.forEach((gpu) => gpu.close()));
const open = async (plain: boolean) => {
  const gpu = await openGpu({ plain });
  opened.push(gpu);
  return gpu;
};

/** Doubles its input; what it is held against may be wrong. */
const doubling = (
  name: string,
  right: number,
  { repeats = 1, ...other }: { repeats?: number } & Partial<Case> = {},
): Family => ({
  name,
  dims: 'size',
  bytes: '',
  tolerance: 1e-6,
  shapes: [[65_536]],
  cases: ([size]) => [
    {
      pass: 'forward',
      shape: [size!],
      cost: { bytes: 8 * size!, flops: size! },
      make: () => ({
        inputs: { x: { shape: [size!], values: new Float32Array(size!).fill(3) } },
        build: ({ x }) => {
          let y = mul(x!, 2);
          // A chain of several kernels, since each has six stages at most.
          for (let i = 1; i < repeats; i++) y = mul(mul(mul(mul(mul(mul(y, 1), 1), 1), 1), 1), 1);
          return { y };
        },
        error: ({ y }) => errorOf(y!, () => right),
      }),
      ...other,
    },
  ],
});
const wish = (family: Family) => ({ family, what: family.cases([65_536])[0]! });

describe.each([
  ['with the clock of the GPU', false],
  ['with the clock of the host, where there are no timestamps', true],
])('%s', (_, plain) => {
  test('what is right is timed, what is wrong is not, and longer work takes longer', async () => {
    const gpu = await open(plain);
    const session = await measure(
      gpu,
      [
        wish(doubling('right', 6)),
        wish(doubling('wrong', 7)),
        wish(doubling('long', 6, { repeats: 8 })),
      ],
      { rounds: 2, samples: 3 },
    );
    await session.dispose();
    expect(session.sampler.quantum === null).toBe(!gpu.device.features.has('timestamp-query'));
    expect(session.failures).toHaveLength(1);
    expect(session.failures[0]).toMatchObject({ what: 'wrong forward 65536', expected: false });
    expect(session.failures[0]!.why).toContain('differs from f64');

    const [right, long] = session.rows;
    expect(session.rows.map(({ family }) => family)).toEqual(['right', 'long']);
    expect(right).toMatchObject({ agrees: true, count: 6, bytes: 8 * 65_536, bound: 'memory' });
    expect(right!.rounds_ms.map((round) => round.length)).toEqual([3, 3]);
    expect(right!.gbps).toBeCloseTo((8 * 65_536) / right!.median_ms / 1e6, 9);
    expect(right!.roofline_percent).toBeGreaterThan(0);
    expect(right!.first_ms).toBeGreaterThan(0);
    expect(long!.dispatches).toBeGreaterThan(right!.dispatches);
    expect(long!.median_ms).toBeGreaterThan(1.5 * right!.median_ms);
  });
});

test('a row is of the type of its case, and of the tolerance that goes with it', async () => {
  const gpu = await open(false);
  const f16 = { dtype: 'f16', tolerance: 1e-3 } as const;
  const session = await measure(
    gpu,
    [
      wish(doubling('single', 6)),
      wish(doubling('half', 6.001, f16)),
      wish(doubling('rough', 6.1, f16)),
    ],
    { rounds: 1, samples: 2 },
  );
  await session.dispose();
  expect(session.rows.map(({ dtype }) => dtype)).toEqual(['f32', 'f16']);
  expect(session.failures).toMatchObject([{ what: 'rough forward 65536 f16' }]);
  expect(session.failures[0]!.why).toContain('0.001 is rounding');
  const [single, half] = session.rows;
  // What is stored in f16 may be multiplied in f32.
  expect(half!.roof_gflops).toBeGreaterThanOrEqual(single!.roof_gflops);
});

test('a roof that a row beats is measured again, and a row that is above it still is marked', async () => {
  const gpu = await open(false);
  const miscounted = { cost: { bytes: 1e9, flops: 1 }, workingSet: 8 * 65_536 };
  const session = await measure(
    gpu,
    [wish(doubling('right', 6)), wish(doubling('miscounted', 6, miscounted))],
    { rounds: 1, samples: 2, afterRound: async () => void rounds++ },
  );
  await session.dispose();
  const [right, above] = session.rows;
  expect(above).toMatchObject({ family: 'miscounted', above_roof: true });
  expect(above!.roofline_percent).toBeGreaterThan(1000);
  expect(right!.roof_gbps).toBe(above!.roof_gbps);
  expect(session.roofsAgain.map(({ roof }) => roof)).toEqual(['memory at 512 KiB']);
  const [{ beside, again }] = session.roofsAgain as [RoofAgain];
  expect(right!.roof_gbps).toBe(Math.max(beside, again));
  expect(rounds).toBe(1);
});
let rounds = 0;

test('a shader that does not compile is one failure, with its line, and the rest goes on', async () => {
  const gpu = await open(false);
  const broken: Family = {
    ...doubling('broken', 6),
    cases: () => {
      throw new Error('never asked');
    },
  };
  const what = {
    ...doubling('x', 6).cases([64])[0]!,
    make: () => {
      throw new Error('shader.wgsl:3:1 unresolved value');
    },
  };
  const session = await measure(gpu, [{ family: broken, what }, wish(doubling('right', 6))], {
    rounds: 1,
    samples: 1,
  });
  await session.dispose();
  expect(session.failures.map(({ why }) => why)).toEqual(['shader.wgsl:3:1 unresolved value']);
  expect(session.rows.map(({ family }) => family)).toEqual(['right']);
});

test('what takes long is sampled in eight rounds, what is done soon in up to 32', () => {
  expect([0.01, 0.9, 1, 1.5, 3, 40].map(roundsWithin)).toEqual([32, 32, 30, 20, 10, 8]);
});
