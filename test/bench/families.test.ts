import { afterAll, describe, expect, test } from 'vitest';
import { loadFamilies } from '../../bench/families.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { compile } from '../../src/graph/program.ts';

/** Odd sizes, so that a reference which mixes rows and columns up shows. */
const SMALL: Readonly<Record<string, readonly number[]>> = {
  adamw: [1000],
  attention: [2, 3, 17, 20],
  conv: [2, 5, 7, 3, 4, 3, 2, 1],
  'conv transpose': [2, 3, 5, 6, 7, 3, 2],
  'conv weights': [2, 5, 7, 6, 9, 3, 2, 1],
  depthwise: [2, 5, 6, 12, 3, 1, 1],
  matmul: [12, 20, 8],
  pool: [2, 7, 5],
  pose: [2, 9, 7, 3],
  render: [2, 17, 23],
  resize: [2, 5, 3],
  'squeeze excite': [2, 5, 6, 12],
};
const OTHERS = [33, 20];

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());
const families = await loadFamilies();

test('there is a family for every kind of kernel', () => {
  expect(families.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['adamw', 'elementwise', 'matmul', 'reduce', 'softmax']),
  );
});

for (const family of families)
  describe(family.name, () => {
    const shape = SMALL[family.name] ?? OTHERS;
    for (const what of family.cases(shape)) {
      test(`${what.name ?? ''} ${what.pass}: right outputs pass the check, and one wrong value fails it`, async () => {
        const { inputs, build, error } = what.make();
        const specs = Object.fromEntries(
          Object.entries(inputs).map(([name, { shape, dtype = 'f32' }]) => [
            name,
            { shape, dtype },
          ]),
        );
        const program = await compile(gpu, build, specs);
        const values = Object.entries(inputs).map(([name, given]) => [name, given.values]);
        const read = Object.keys(program.plan.outputs) as never[];
        const outputs: Record<string, Float32Array> = await program.run(
          Object.fromEntries(values),
          { read },
        );
        program.dispose();
        const { tolerance = family.tolerance } = what;
        expect(error(outputs)).toBeLessThanOrEqual(tolerance);
        // AdamW gives the norm of the gradient, too, which no row is about.
        for (const name of Object.keys(outputs).filter((name) => name !== 'gradientNorm')) {
          const wrong = outputs[name]!.slice();
          wrong[wrong.length >> 1]! += 0.01 * Math.max(...wrong.map(Math.abs));
          expect(error({ ...outputs, [name]: wrong })).toBeGreaterThan(tolerance);
          wrong[wrong.length - 1] = Number.NaN;
          expect(error({ ...outputs, [name]: wrong })).toBe(Infinity);
        }
      });
    }

    test('a shape of another kind is refused with what would be right', () => {
      expect(() => family.cases([1, 2, 3, 4, 5])).toThrow(`${family.name} takes --shape`);
    });
  });
