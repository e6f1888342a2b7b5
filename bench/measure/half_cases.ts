/** Cases once more with halves: what an op is given and what it gives is stored as f16. */

import { halved } from '../../src/graph/halves.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import type { Case, Family, Problem } from '../family.ts';

/** Halves have 11 bits; sums of many add up what inputs lose. */
const TOLERANCE = 1e-2;

/** A family with each of its cases in f16, too. */
export const withHalfCases = (family: Family): Family => ({
  ...family,
  cases: (shape) => family.cases(shape).flatMap((what) => [what, inHalves(what)]),
});

const inHalves = (what: Case): Case => ({
  ...what,
  dtype: 'f16',
  tolerance: TOLERANCE,
  cost: { ...what.cost, bytes: what.cost.bytes / 2 },
  make: () => halvesIn(what.make()),
});

/** The problem between copies in halves. */
const halvesIn = (problem: Problem): Problem => ({
  ...problem,
  build: (inputs) => each(problem.build(each(inputs))),
});

const each = (tensors: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, t.dtype === 'f32' ? halved(t) : t]),
  );
