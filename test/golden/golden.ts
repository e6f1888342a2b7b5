/** Cases of golden files: what PyTorch 1.13 gave in f64, and the same by our ops. Nothing here needs Python. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { halved } from '../../src/graph/halves.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import type { HalfStorage } from '../../src/graph/plan.ts';
import { evaluate } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { assertClose } from '../check.ts';
import { arrayOf, type Source, uniform } from './uniform.ts';

export interface Golden<Attributes> {
  readonly op: string;
  readonly attributes: Attributes;
  readonly inputs: Readonly<Record<string, Source>>;
  readonly y: readonly number[];
  readonly dy: Source;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

export type Inputs = Readonly<Record<string, Tensor>>;

/** The cases of a golden file. Declares a test that its numbers can be drawn here. */
export function readGolden<G extends Golden<unknown>>(file: string): (G & { title: string })[] {
  const { generator, cases } = JSON.parse(readFileSync(`test/golden/${file}`, 'utf8')) as {
    generator: { check: { stream: number; first: number[] }[] };
    cases: G[];
  };
  test('the generator gives the numbers that Python gave', () => {
    for (const { stream, first } of generator.check)
      expect(first.map((_, i) => uniform(stream, i))).toEqual(first);
  });
  return cases.map((each, i) => {
    const [x] = Object.values(each.inputs);
    return { ...each, title: `${i}: ${each.op} [${x!.shape}]` };
  });
}

/** Compares the op and the gradients of all its inputs, which may be stored as halves. */
export async function checkGolden(
  gpu: Gpu,
  { inputs, y, dy, gradients }: Golden<unknown>,
  op: (x: Inputs) => Tensor,
  tolerance: number,
  storage?: HalfStorage,
): Promise<void> {
  const between = (t: Tensor) => (storage ? halved(t) : t);
  const names = Object.keys(inputs);
  const given = Object.entries({ ...inputs, dy } as Record<string, Source>);
  const read: Record<string, Float32Array> = await evaluate(
    gpu,
    (x: Inputs) => {
      const stored = names.map((name) => [name, between(x[name]!)]);
      const y = between(op(Object.fromEntries(stored)));
      const wrt = names.map((name) => x[name]!);
      const dx = grad(sum(mul(y, x.dy!)), wrt);
      return { y, ...Object.fromEntries(names.map((name, i) => [`d${name}`, dx[i]!])) };
    },
    Object.fromEntries(
      given.map(([name, source]) => [name, { shape: source.shape, values: arrayOf(source) }]),
    ),
    { storage },
  );
  assertClose(read.y!, y, tolerance);
  for (const name of names) assertClose(read[`d${name}`]!, gradients[name]!, tolerance);
}
