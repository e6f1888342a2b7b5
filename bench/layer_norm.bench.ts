/** Layer norm along rows, the gradient of its input, and those of scale and shift. */

import { grad } from '../src/graph/autograd.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { layerNorm } from '../src/graph/ops/layer_norm.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import type { Tensor } from '../src/graph/trace.ts';
import { layerNormTunable } from '../src/kernels/layer_norm.ts';
import { type Case, checkDims, errorOf, type Family, type Problem, uniform } from './family.ts';
import type { Pass } from './rows.ts';

const DIMS = 'rows,columns';
const EPSILON = 1e-5;

export const family: Family = {
  name: 'layer norm',
  dims: DIMS,
  bytes:
    'forward reads x and writes y, rows stay in the cache; backward reads x and dy and writes dx; ' +
    'the gradients of scale and shift read x and dy',
  tolerance: 1e-5,
  shapes: [
    [577, 768],
    [4096, 256],
  ],
  tunable: layerNormTunable,
  ladder: ['groups64', 'groups8', 'threads', 'subgroup8'],
  cases(shape) {
    checkDims(shape, DIMS, 'layer norm');
    const size = shape[0]! * shape[1]!;
    return [
      makeCase(shape, 'forward', { bytes: 8 * size, flops: 7 * size }),
      makeCase(shape, 'input gradient', { bytes: 12 * size, flops: 11 * size }),
      makeCase(shape, 'weight gradient', { bytes: 8 * size, flops: 5 * size }),
    ];
  },
};

function makeCase(shape: readonly number[], pass: Pass, cost: Case['cost']): Case {
  // The forward pass, and what only makes dy, belong to no gradient.
  const ops = {
    ...(pass === 'input gradient' && { ops: ['layerNormBackward'] }),
    ...(pass === 'weight gradient' && { ops: ['layerNormSums'] }),
  };
  return {
    pass,
    shape,
    cost,
    ...ops,
    make: () => layerNormProblem(shape, pass),
  };
}

/** Layer norm of random rows, or one of its gradients, and a check in f64. */
export function layerNormProblem(shape: readonly number[], pass: Pass): Problem {
  const [rows, columns] = shape as [number, number];
  const x = uniform(shape, 1);
  const dy = uniform(shape, 2);
  const scale = uniform([columns], 3, 0.5, 1.5);
  const shift = uniform([columns], 4);
  const outputs = (t: Readonly<Record<string, Tensor>>): Record<string, Tensor> => {
    const y = layerNorm(t.x!, t.scale!, t.shift!, { epsilon: EPSILON });
    if (pass === 'forward') return { y };
    const loss = sum(mul(y, t.dy!));
    if (pass === 'input gradient') return { dx: grad(loss, [t.x!])[0]! };
    const [dscale, dshift] = grad(loss, [t.scale!, t.shift!]);
    return { dscale: dscale!, dshift: dshift! };
  };
  return {
    inputs: { x, scale, shift, ...(pass !== 'forward' && { dy }) },
    build: outputs,
    error(got) {
      const { normal, invStd } = normalised(x.values, columns);
      const s = (i: number) => scale.values[i % columns]!;
      if (pass === 'forward')
        return errorOf(got.y!, (i) => normal[i]! * s(i) + shift.values[i % columns]!);
      const g = dy.values;
      if (pass === 'weight gradient') {
        const dscale = new Float64Array(columns);
        const dshift = new Float64Array(columns);
        g.forEach((d, i) => {
          dscale[i % columns]! += d * normal[i]!;
          dshift[i % columns]! += d;
        });
        const first = errorOf(got.dscale!, (i) => dscale[i]!);
        return Math.max(
          first,
          errorOf(got.dshift!, (i) => dshift[i]!),
        );
      }
      // dx = inv_std (g - mean of g - x̂ mean of g x̂), g = dy scale
      const means = new Float64Array(rows);
      const dots = new Float64Array(rows);
      g.forEach((d, i) => {
        const r = Math.floor(i / columns);
        means[r]! += (d * s(i)) / columns;
        dots[r]! += (d * s(i) * normal[i]!) / columns;
      });
      return errorOf(got.dx!, (i) => {
        const r = Math.floor(i / columns);
        return invStd[r]! * (g[i]! * s(i) - means[r]! - normal[i]! * dots[r]!);
      });
    },
  };
}

/** x̂ = (x - mean) inv_std of each row, in f64. */
function normalised(x: Float32Array, columns: number) {
  const normal = new Float64Array(x.length);
  const invStd = new Float64Array(x.length / columns);
  for (let r = 0; r < invStd.length; r++) {
    const row = x.subarray(r * columns, (r + 1) * columns);
    const mean = row.reduce((sum, v) => sum + v, 0) / columns;
    const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / columns;
    invStd[r] = 1 / Math.sqrt(variance + EPSILON);
    row.forEach((v, c) => {
      normal[r * columns + c] = (v - mean) * invStd[r]!;
    });
  }
  return { normal, invStd };
}
