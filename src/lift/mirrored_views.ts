/** Views and their mirror images, for lifters that look at both. */

import { add, mul } from '../graph/ops/elementwise.ts';
import { concat, reshape } from '../graph/ops/layout.ts';
import { matmul } from '../graph/ops/matmul.ts';
import { constant, type Tensor } from '../graph/trace.ts';
import type { ViewInputs } from '../models/two_stage.ts';
import { MIRROR } from '../pose/skeleton.ts';

/** Views of S x S pixels and, behind them, what a mirror shows of each: [2 n, ...]. */
export function withMirrored({ image, depth, joints, view }: ViewInputs): ViewInputs {
  const [n, size] = image.shape as [number, number];
  const both = (t: Tensor, mirrored: Tensor) => concat([t, mirrored], 0);
  const flipped = permutation(Array.from({ length: size }, (_, i) => size - 1 - i));
  const acrossFlipped = (t: Tensor) => {
    const channels = t.shape[3]!;
    const rows = matmul(flipped, reshape(t, [n * size, size, channels]));
    return reshape(rows, [n, size, size, channels]);
  };
  const exchanged = matmul(permutation(MIRROR), joints);
  const turned = add(mul(exchanged, constant([-1, 1], [2])), constant([size, 0], [2]));
  return {
    image: both(image, acrossFlipped(image)),
    depth: both(depth, acrossFlipped(depth)),
    joints: both(joints, turned),
    view: both(view, view),
  };
}

/** The matrix that puts row order[i] of what it is multiplied with at i; products with it are exact. */
function permutation(order: readonly number[]): Tensor {
  const n = order.length;
  const ones = new Float32Array(n * n);
  order.forEach((from, to) => {
    ones[to * n + from] = 1;
  });
  return constant(ones, [n, n]);
}
