/**
 * The ops that all engines are given: seeded values, and how the end of a chain is judged. A chain
 * is y <- op(y, fixed) from `start`, or acc <- acc + op(fixed) where results do not have the shape
 * of what they are made of: each call needs the result of the one before, and no two calls of a
 * chain are the same work.
 */

import { uniform } from '../family.ts';
import { attentionProblem } from './ops/attention.ts';
import { batchNormProblem } from './ops/batch_norm.ts';
import { convProblem } from './ops/conv.ts';
import { depthwiseProblem } from './ops/depthwise.ts';
import { matmulProblem } from './ops/matmul.ts';
import type { Draw, OpProblem } from './ops/parts.ts';
import { poolProblem } from './ops/pool.ts';
import { layerNormProblem, softmaxProblem } from './ops/rows.ts';
import { DIMS, type OpWork } from './work.ts';

const PROBLEMS: Readonly<Record<OpWork['family'], (work: OpWork, draw: Draw) => OpProblem>> = {
  matmul: matmulProblem,
  softmax: softmaxProblem,
  layerNorm: layerNormProblem,
  batchNorm: batchNormProblem,
  conv: convProblem,
  depthwise: depthwiseProblem,
  pool: poolProblem,
  attention: attentionProblem,
};

/** @throws when the shape is not one of this op, or the op has no such pass */
export function opProblem(work: OpWork): OpProblem {
  const { family, shape } = work;
  if (!hasShape(work)) {
    throw new Error(`${family} takes the sizes ${DIMS[family]}, got [${shape.join(', ')}].`);
  }
  let count = 0;
  return PROBLEMS[family](work, (shape, low, high) => uniform(shape, count++, low, high));
}

/** Whether a shape has the number of sizes that its op takes. */
export const hasShape = ({ family, shape }: OpWork): boolean =>
  shape.length === DIMS[family].split(',').length;
