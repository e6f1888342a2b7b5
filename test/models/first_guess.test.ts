/** The guess of two-stage lifters is what the residual lifter makes of the same joints. */

import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { compile } from '../../src/graph/program.ts';
import { initialValuesOf, writeVariables } from '../../src/graph/store.ts';
import { beginningOf, describeBeginning } from '../../src/models/beginning.ts';
import { encodedViews, GUESS, TRUST } from '../../src/models/blocks/first_guess.ts';
import { cnn } from '../../src/models/cnn.ts';
import { martinez } from '../../src/models/martinez.ts';
import { decode, encode, INPUT_SIZE } from '../../src/models/representation.ts';
import { vit } from '../../src/models/vit.ts';
import type { Weights } from '../../src/models/weights.ts';
import { outOfView } from '../../src/pose/view.ts';
import { renderedViews } from '../../src/train/view_data.ts';

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

const WIDTH = 20;
const SIZE = 64;
const source = renderedViews({ seed: 3, split: 'test', size: SIZE, count: 50, depthError: false });
const batch = await source.draw([4, 9, 21]);

/** A residual lifter with variables that are nowhere 0 or 1. */
async function residual(): Promise<Weights> {
  const network = martinez({ width: WIDTH });
  const values = new Map<string, Float32Array>();
  for (const set of [network.parameters, network.statistics])
    for (const [name, initial] of await initialValuesOf(set, 5))
      values.set(
        name,
        initial.map((v, i) => v + 0.1 + 0.05 * Math.sin(i)),
      );
  const all = [...network.parameters.variables, ...network.statistics.variables];
  const shapes = new Map(all.map(({ name, shape }) => [name, shape]));
  return { architecture: 'martinez', options: { width: WIDTH }, values, shapes };
}

test('joints of a view are encoded as their rays are', async () => {
  const { inputs } = encode(batch.rays);
  const program = await compile(
    gpu,
    ({ joints, view }) => ({ encoded: encodedViews({ joints, view }, SIZE) }),
    { joints: [3, 17, 2], view: [3, 1] },
  );
  const { joints, view } = batch.inputs;
  const { encoded } = await program.run({ joints: joints!, view: view! }, { read: ['encoded'] });
  program.dispose();
  expect(encoded.length).toBe(3 * INPUT_SIZE);
  inputs.forEach((v, i) => {
    expect(encoded[i], `number ${i}`).toBeCloseTo(v, 5);
  });
});

test.each([
  ['cnn', cnn({ size: SIZE, width: 0.1, guess: WIDTH })],
  ['points alone', cnn({ size: SIZE, width: 0.1, guess: WIDTH, convolutions: false })],
  [
    'vit',
    vit({ size: SIZE, patch: 32, width: 16, depth: 1, heads: 2, encoderHeads: 2, guess: WIDTH }),
  ],
])(
  'without depth %s begins with the pose of the lifter, and corrects it by a share that it learns',
  async (_, network) => {
    const weights = await residual();
    const begun = await beginningOf(network, weights, 1);
    const program = await compile(
      gpu,
      (inputs) => {
        const views = source.views(inputs, { colours: true });
        const blind = network({ ...views, depth: mul(views.depth, 0) });
        return { blind, seen: network(views) };
      },
      source.inputs(3),
    );
    const run = async (trust: number) => {
      begun.get(network.parameters)!.set(TRUST, new Float32Array([trust]));
      for (const [set, values] of begun) await writeVariables(gpu, set, values);
      return program.run(batch.inputs, { read: ['blind', 'seen'] });
    };
    const half = await run(0.5);
    const full = await run(1);
    expect(
      network.parameters.variables.find(({ name }) => name === TRUST)?.initial(1, Math.random),
    ).toEqual(new Float32Array(1));
    const { blind, seen } = await run(0);
    program.dispose();
    // With depth all corrections count, always.
    expect(full.seen).toEqual(seen);
    const corrections = Array.from(full.blind, (v, i) => v - blind[i]!);
    expect(Math.hypot(...corrections)).toBeGreaterThan(0.01);
    corrections.forEach((v, i) => {
      expect(half.blind[i], `number ${i}`).toBeCloseTo(blind[i]! + v / 2, 5);
    });

    const lifter = martinez({ width: WIDTH });
    for (const set of [lifter.parameters, lifter.statistics])
      await writeVariables(
        gpu,
        set,
        new Map(set.variables.map(({ name }) => [name, weights.values.get(name)!])),
      );
    const alone = await compile(gpu, ({ x }) => ({ y: lifter(x) }), { x: [3, INPUT_SIZE] });
    const { inputs, rotations } = encode(batch.rays);
    const { y } = await alone.run({ x: inputs }, { read: ['y'] });
    alone.dispose();
    const expected = decode(y, rotations);
    batch.views.forEach((view, i) => {
      const pose = outOfView(view, blind.subarray(51 * i, 51 * (i + 1)));
      pose.forEach((v, k) => {
        expect(v, `person ${i}, number ${k}`).toBeCloseTo(expected[51 * i + k]!, 4);
      });
    });
    // With depth the joints as they lie on it are corrected, not the guess.
    expect(Math.hypot(...seen.map((v, i) => v - blind[i]!))).toBeGreaterThan(0.1);
  },
);

test('a guess does not learn, and takes weights and points', async () => {
  const network = cnn({ size: SIZE, width: 0.1, guess: WIDTH });
  expect(network.parameters.variables.some(({ name }) => name.startsWith(GUESS))).toBe(false);
  const weights = await residual();
  expect(describeBeginning(network, weights)).toMatch(
    /^0 of [\d,]+ parameters .*; 3,\d+ more guess/,
  );
  const none = { ...weights, architecture: 'cnn', values: new Map(), shapes: new Map() };
  await expect(beginningOf(network, none, 1)).rejects.toThrow(/guess does not learn.*martinez/);
  const blank = cnn({ size: SIZE, width: 0.1 });
  await expect(beginningOf(blank, weights, 1)).rejects.toThrow(/Give --guess 20/);
  expect(() => cnn({ size: SIZE, guess: 8, points: false })).toThrow(/takes points/);
  expect(() => vit({ guess: 2.5 })).toThrow(/guess 2\.5 must be a whole number/);
});
