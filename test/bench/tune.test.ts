/** The tuner: it takes the fastest, gives up the slow early, and what it writes is used. */

import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { specsOf } from '../../bench/measure/variants.ts';
import { tunedFamilies } from '../../bench/tune/problems.ts';
import { benchChoices, shippedChoices } from '../../bench/tune/shapes.ts';
import { type Measure, tune } from '../../bench/tune.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { planOf, targetOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { matmulTunable } from '../../src/kernels/matmul.ts';
import { choiceOf } from '../../src/kernels/tuning.ts';
import { parseTuning, tuningText } from '../../src/platform/tuning.ts';

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

/** Milliseconds that each variant is said to take, and how often each was timed. */
function clock(times: Readonly<Record<string, number>>) {
  const counts: Record<string, number> = {};
  const measure: Measure = async (programs, count) =>
    programs.map((program) => {
      const { variants } = (program as { plan?: { variants: Record<string, string> } }).plan!;
      const variant = Object.values(variants)[0]!;
      counts[variant] = (counts[variant] ?? 0) + count;
      return Array.from({ length: count }, (_, i) => times[variant]! * (1 + 0.01 * i));
    });
  return { measure, counts };
}

test('the fastest wins, the slow go early, and programs of the adapter take the winner', async () => {
  const times = {
    naive: 2,
    tile: 1.2,
    tileRegisters: 1,
    registers: 1.06,
    row: 9,
    rowPair: 9,
    subgroup8: 9,
  };
  const { measure, counts } = clock({ ...times, subgroup4: 9 });
  const lines: string[] = [];
  const { database, failures } = await tune({
    gpu,
    measure,
    choices: ['matmul 1,8,16,32,0,0', 'matmul 3,9,5,7,1,1'],
    onProgress: ({ done, total, entry }) => lines.push(`${done}/${total} ${entry.variant}`),
  });
  expect(failures).toEqual([]);
  expect(lines).toEqual(['1/2 tileRegisters', '2/2 tileRegisters']);
  const [quads, odd] = database.entries;
  // It is for an inner axis of 1, and was not timed.
  expect(odd!.beat).not.toHaveProperty('outer');
  expect(quads!.us).toBeCloseTo(1000, -2);
  expect(quads!.beat).toMatchObject({ registers: expect.any(Number), naive: expect.any(Number) });
  expect(counts.row).toBe(2);
  expect(counts.naive).toBe(2 * 4);
  expect(counts.registers).toBeGreaterThan(counts.tile! / 2);

  const text = tuningText(database);
  expect(parseTuning(text, 'tuned.json')).toEqual(database);
  await using tuned = await openGpu({ tuning: parseTuning(text, 'tuned.json') });
  const product = ({ a, b }: Record<'a' | 'b', Tensor>) => ({ y: matmul(a, b) });
  const plan = planOf(tuned, product, { a: [8, 16], b: [16, 32] });
  expect(plan.variants).toEqual({ 'matmul 1,8,16,32,0,0': 'tileRegisters' });
});

test('where nothing is clearly faster the usual variant stays', async () => {
  const times = {
    naive: 2,
    tile: 1,
    tileRegisters: 1,
    registers: 1.02,
    row: 9,
    rowPair: 9,
    subgroup8: 9,
  };
  const { measure } = clock({ ...times, subgroup4: 9 });
  const choices = ['matmul 3,9,5,7,1,1'];
  const { database } = await tune({ gpu, measure, choices });
  const usual = matmulTunable.usual(targetOf(gpu), choiceOf(choices[0]!).shape);
  expect(usual).toBe('registers');
  expect(database.entries[0]!.variant).toBe(usual);
});

test('a variant that is wrong, or does not compile, is left out with the reason', async () => {
  const fits = matmulTunable.fits;
  // Where the inner axis is 6, it computes something else.
  matmulTunable.fits = (name, target, shape) => name === 'outer' || fits(name, target, shape);
  try {
    const others = {
      tile: 2,
      tileRegisters: 3,
      registers: 4,
      row: 5,
      rowPair: 5,
      subgroup4: 6,
      subgroup8: 7,
    };
    const { measure } = clock({ naive: 1, ...others, outer: 0.1 });
    const choices = ['matmul 1,8,6,6,0,0'];
    const { database, failures } = await tune({ gpu, measure, choices });
    expect(database.entries[0]!.variant).toBe('naive');
    expect(failures).toMatchObject([{ family: 'matmul', variant: 'outer' }]);
    expect(failures[0]!.why).toMatch(/its output is off by .* of its largest value/);
  } finally {
    matmulTunable.fits = fits;
  }
});

test('an op is known for every choice of the shipped models', () => {
  const choices = shippedChoices(gpu).map(choiceOf);
  expect(choices.filter(({ family }) => family === 'matmul').length).toBeGreaterThan(8);
  checkOps(choices);
});

test('choices of the bench are found by the names of its rows, with an op for each', async () => {
  const choices = (await benchChoices(gpu, 'depthwise')).map(choiceOf);
  const families = new Set(choices.map(({ family }) => family));
  for (const family of ['depthwise', 'depthwiseInput', 'depthwiseWeight'])
    expect(families).toContain(family);
  checkOps(choices);
  const forward = (await benchChoices(gpu, 'conv forward')).map(choiceOf);
  expect(forward.filter(({ family }) => family === 'conv').length).toBeGreaterThan(7);
  expect(forward.some(({ family }) => family === 'convWeights')).toBe(false);
  checkOps(forward);
  await expect(benchChoices(gpu, 'nothing')).rejects.toThrow('--filter nothing: no case');
});

function checkOps(choices: readonly { family: string; shape: number[] }[]) {
  for (const { family, shape } of choices) {
    const tuned = tunedFamilies.find(({ tunable }) => tunable.family === family);
    const problem = tuned!.problem(shape);
    const key = `${family} ${shape}`;
    const { variants } = planOf(gpu, problem.build, specsOf(problem));
    expect(Object.keys(variants)).toContain(key);
    const usual = tuned!.tunable.usual(targetOf(gpu), shape);
    expect(tuned!.tunable.fits(usual, targetOf(gpu), shape), `${key} ${usual}`).toBe(true);
  }
}

// What a device uses without a database was measured, too: the files are kept beside the other results.
test.each(['lavapipe', 'swiftshader'] as const)(
  'the usual variants are about the fastest that the tuner found on %s',
  (kind) => {
    const file = new URL(`../../bench/results/tuning-${kind}.json`, import.meta.url);
    const { entries } = parseTuning(readFileSync(file, 'utf8'), file.pathname);
    const target = { ...targetOf(gpu), kind, subgroupSize: kind === 'lavapipe' ? 8 : 4 };
    expect(entries.length).toBeGreaterThan(20);
    for (const { family, shape, variant, us, beat = {} } of entries) {
      const { tunable } = tunedFamilies.find((each) => each.tunable.family === family)!;
      const usual = tunable.usual(target, shape);
      const time = usual === variant ? us : beat[usual]!;
      expect(time / us, `${family} ${shape}: ${usual} beside ${variant}`).toBeLessThan(1.25);
    }
  },
);
