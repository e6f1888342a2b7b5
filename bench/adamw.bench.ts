/** The update of all parameters of a model by AdamW, in one slab. */

import { mul } from '../src/graph/ops/elementwise.ts';
import { adamW } from '../src/graph/ops/optimiser.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { VariableSet } from '../src/graph/variables.ts';
import { walkTunable } from '../src/kernels/walk.ts';
import { checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'parameters';
/**
 * Bytes that no update by AdamW avoids: p, g, m and v are read, p, m and v are written. Ours reads g
 * once more, since a gradient that is not finite must be known before the first parameter changes;
 * that is our choice, and counts against us. Where the norm is clipped nobody can do without.
 */
export const updateBytes = (parameters: number): number => 28 * parameters;

const OPTIONS = { rate: 1e-3, decay: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export const family: Family = {
  name: 'adamw',
  dims: DIMS,
  bytes: '28 a parameter: p, m and v are read and written, g is read',
  tolerance: 1e-6,
  // The lifter of width 1024, and the largest that fits one binding of 128 MiB with room to spare.
  shapes: [[4_300_000], [25_000_000]],
  tunable: walkTunable,
  cases(shape) {
    checkDims(shape, DIMS, 'adamw');
    const [count] = shape as [number];
    return [
      {
        pass: 'update',
        shape,
        // Of each parameter 3 for m, 4 for v, 6 for the quotient and 2 for the decay.
        cost: { bytes: updateBytes(count), flops: 15 * count },
        workingSet: 16 * count,
        // The gradient of sum(p g) is g; how it gets to its slab is no part of an update.
        ops: ['update'],
        make() {
          const g = uniform(shape, 1);
          const set = new VariableSet('parameters');
          const first = uniform(shape, 2).values;
          const p = set.add('p', shape, () => first, { decays: true });
          return {
            inputs: { g },
            build: ({ g }) => ({ ...adamW(sum(mul(p, g!)), set, OPTIONS), p: mul(p, 1) }),
            // The first step: m / c1 = g and v / c2 = g².
            error: ({ p }) =>
              errorOf(p!, (i) => {
                const { rate, decay, epsilon } = OPTIONS;
                const slope = g.values[i]!;
                return (
                  first[i]! * (1 - rate * decay) - (rate * slope) / (Math.abs(slope) + epsilon)
                );
              }),
          };
        },
      },
    ];
  },
};
