/** The families that have variants, each with an op that runs it at a given shape. */

import { matmul } from '../../src/graph/ops/matmul.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { matmulTunable } from '../../src/kernels/matmul.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import type { AnyTunable } from '../../src/kernels/tuning.ts';

export interface Problem {
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly build: (x: Readonly<Record<string, Tensor>>) => { y: Tensor };
}

export interface Tuned {
  readonly tunable: AnyTunable;
  /** The problem at a shape of the family, as choices have it. */
  readonly problem: (shape: Shape) => Problem;
}

const matmulProblem = ([batch, m, k, n, ta, tb]: Shape): Problem => {
  const matrices = (rows: number, columns: number) =>
    batch === 1 ? [rows, columns] : [batch!, rows, columns];
  const [transposeA, transposeB] = [ta === 1, tb === 1];
  return {
    inputs: {
      a: transposeA ? matrices(k!, m!) : matrices(m!, k!),
      b: transposeB ? matrices(n!, k!) : matrices(k!, n!),
    },
    build: ({ a, b }) => ({ y: matmul(a!, b!, { transposeA, transposeB }) }),
  };
};

export const tunedFamilies: readonly Tuned[] = [{ tunable: matmulTunable, problem: matmulProblem }];
