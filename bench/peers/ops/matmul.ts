/**
 * Products of matrices.
 *
 * - forward: y <- y w, where y is [m, k] and w [k, n]. Where n is not k, every second w is [n, k]:
 *   the chain alternates between the product and its mirror image, which has as many flops.
 * - input gradient: dy <- dy wᵀ, in the same way.
 * - weight gradient: dw <- dw + xᵀ dy, the sum that accumulates gradients; each call has another
 *   pair of an x [m, k] and a dy [m, n], so that no two products are the same.
 */

import { relativeError } from '../problem.ts';
import type { OpWork, Values } from '../work.ts';
import {
  accumulate,
  type Draw,
  type OpProblem,
  PAIRS,
  pick,
  several,
  signs,
  type Vector,
} from './parts.ts';

export function matmulProblem({ pass, shape }: OpWork, draw: Draw): OpProblem {
  const [m, k, n] = shape as [number, number, number];
  if (pass === 'weight gradient') return weightGradient([m, k, n], draw);
  const forward = pass === 'forward';
  const [inputs, outputs] = forward ? [k, n] : [n, k];
  const w = [weights(draw, inputs, outputs)];
  if (n !== k) w.push(weights(draw, outputs, inputs));
  const start = draw([m, inputs], -1, 1);
  return {
    start,
    fixed: { w: forward ? w : w.map(transposed) },
    // Compares y r with x (w (w ... r)), which needs no product of matrices: r has a random sign
    // for each column, so that errors show, wherever they are.
    error(y, length) {
      const columns = y.length / m;
      const r = signs(columns);
      let v = r;
      for (let i = length - 1; i >= 0; i--) v = timesVector(pick(w, i), v);
      return relativeError(
        timesVector({ shape: [m, columns], values: y }, r),
        timesVector(start, v),
      );
    },
  };
}

function weightGradient([m, k, n]: readonly [number, number, number], draw: Draw): OpProblem {
  const bound = Math.sqrt(3 / m);
  const x = several(PAIRS[0], () => draw([m, k], -1, 1));
  const dy = several(PAIRS[1], () => draw([m, n], -bound, bound));
  const start = draw([k, n], -1, 1);
  const turned = x.map(transposed);
  return {
    start,
    fixed: { x, dy },
    error(y, length) {
      const r = signs(n);
      const expected = timesVector(start, r);
      for (let i = 0; i < length; i++)
        accumulate(expected, timesVector(pick(turned, i), timesVector(pick(dy, i), r)));
      return relativeError(timesVector({ shape: [k, n], values: y }, r), expected);
    },
  };
}

/** Of variance 1 / inputs, which keeps the size of x through x w. */
function weights(draw: Draw, inputs: number, outputs: number): Values {
  const bound = Math.sqrt(3 / inputs);
  return draw([inputs, outputs], -bound, bound);
}

function timesVector({ shape, values }: Values, v: Vector): Vector {
  const [rows, columns] = shape as [number, number];
  const product = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += values[i * columns + j]! * v[j]!;
    product[i] = sum;
  }
  return product;
}

function transposed({ shape, values }: Values): Values {
  const [rows, columns] = shape as [number, number];
  const turned = new Float32Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) turned[j * rows + i] = values[i * columns + j]!;
  return { shape: [columns, rows], values: turned };
}
