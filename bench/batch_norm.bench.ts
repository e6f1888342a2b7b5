/** Batch norm in training: with the statistics of the batch, forward and backward. */

import { grad } from '../src/graph/autograd.ts';
import { batchNorm } from '../src/graph/ops/batch_norm.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { ones, VariableSet, zeros } from '../src/graph/variables.ts';
import { batchNormTunable } from '../src/kernels/batch_norm.ts';
import { type Case, checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'rows,channels';
const EPSILON = 1e-5;

export const family: Family = {
  name: 'batch norm',
  dims: DIMS,
  bytes:
    'forward reads x twice (the statistics come first) and writes y; backward reads x and dy ' +
    'twice (the sums come first) and writes dx',
  tolerance: 1e-5,
  shapes: [
    [64, 1024],
    [1024, 1024],
    // Images of 32 x 32 pixels: one, and eight.
    [1024, 256],
    [8192, 256],
  ],
  tunable: batchNormTunable,
  ladder: ['blocks', 'columns'],
  cases(shape) {
    checkDims(shape, DIMS, 'batch norm');
    const size = shape[0]! * shape[1]!;
    return [
      makeCase(shape, false, { bytes: 12 * size, flops: 8 * size }, 8 * size),
      makeCase(shape, true, { bytes: 20 * size, flops: 12 * size }, 12 * size),
    ];
  },
};

function makeCase(
  shape: readonly number[],
  backward: boolean,
  cost: Case['cost'],
  workingSet: number,
): Case {
  const [rows, channels] = shape as [number, number];
  return {
    pass: backward ? 'input gradient' : 'forward',
    ...(backward && { name: 'with those of scale and shift', ops: ['batchNormBackward'] }),
    shape,
    cost,
    workingSet,
    make() {
      const x = uniform(shape, 1);
      const dy = uniform(shape, 2);
      const scale = uniform([channels], 3, 0.5, 1.5);
      const shift = uniform([channels], 4);
      const running = new VariableSet('statistics');
      const mean = running.add('mean', [channels], zeros);
      const variance = running.add('variance', [channels], ones);
      return {
        inputs: { x, scale, shift, ...(backward && { dy }) },
        build(t) {
          const variables = { scale: t.scale!, shift: t.shift!, mean, variance };
          const y = batchNorm(t.x!, variables, { training: true, epsilon: EPSILON });
          if (!backward) return { y };
          const loss = sum(mul(y, t.dy!));
          const [dx, dscale, dshift] = grad(loss, [t.x!, t.scale!, t.shift!]);
          return { dx: dx!, dscale: dscale!, dshift: dshift! };
        },
        error(got) {
          const { normal, invStd } = normalised(x.values, rows, channels);
          if (!backward)
            return errorOf(got.y!, (i) => {
              const c = i % channels;
              return normal[i]! * scale.values[c]! + shift.values[c]!;
            });
          const dscale = new Float64Array(channels);
          const dshift = new Float64Array(channels);
          dy.values.forEach((d, i) => {
            dscale[i % channels]! += d * normal[i]!;
            dshift[i % channels]! += d;
          });
          // dx = scale inv_std (dy - (dshift + x̂ dscale) / rows)
          const dx = (i: number) => {
            const c = i % channels;
            const common = (dshift[c]! + normal[i]! * dscale[c]!) / rows;
            return scale.values[c]! * invStd[c]! * (dy.values[i]! - common);
          };
          return Math.max(
            errorOf(got.dx!, dx),
            errorOf(got.dscale!, (c) => dscale[c]!),
            errorOf(got.dshift!, (c) => dshift[c]!),
          );
        },
      };
    },
  };
}

/** x̂ = (x - mean) inv_std of each channel, in f64. */
export function normalised(x: Float32Array, rows: number, channels: number) {
  const mean = new Float64Array(channels);
  x.forEach((v, i) => (mean[i % channels]! += v / rows));
  const variance = new Float64Array(channels);
  x.forEach((v, i) => (variance[i % channels]! += (v - mean[i % channels]!) ** 2 / rows));
  const invStd = variance.map((v) => 1 / Math.sqrt(v + EPSILON));
  const normal = Float64Array.from(x, (v, i) => (v - mean[i % channels]!) * invStd[i % channels]!);
  return { normal, invStd };
}
