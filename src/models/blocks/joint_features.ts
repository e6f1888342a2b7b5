/**
 * Features of maps at the joints: what a map shows around each joint of a detector, by the same few
 * weights for all joints. The head of a lifter that flattens a small map has to find joints in it
 * again; here it is told. Ours, not the paper's; PIFu (Saito et al. 2019) calls it pixel-aligned.
 */

import { div, maximum, mul, silu } from '../../graph/ops/elementwise.ts';
import { gaussianHeatmaps } from '../../graph/ops/heatmap.ts';
import { concat, reshape } from '../../graph/ops/layout.ts';
import { matmul } from '../../graph/ops/matmul.ts';
import { sum } from '../../graph/ops/reduce.ts';
import type { Tensor } from '../../graph/trace.ts';
import { JOINT_COUNT } from '../../pose/skeleton.ts';
import { dense, type ModelVariables } from '../layers.ts';

/** Standard deviation of the weights around a joint, in pixels of the map. */
const SIGMA = 0.75;
/** Least share of a joint's weights that must lie on the map: beyond it features fade to 0. */
const LEAST = 0.1;

/** Means of a map [n, h, w, c] around joints [n, 17, 2], in pixels of a view of that size: [n, 17, c]. */
export function aroundJoints(map: Tensor, joints: Tensor, size: number): Tensor {
  const [n, h, w, c] = map.shape as [number, number, number, number];
  // Maps are square, as views are.
  const places = mul(joints, w / size);
  const weights = reshape(gaussianHeatmaps(places, [h, w], { sigma: SIGMA }), [
    n,
    h * w,
    JOINT_COUNT,
  ]);
  const sums = matmul(weights, reshape(map, [n, h * w, c]), { transposeA: true });
  const whole = 2 * Math.PI * SIGMA * SIGMA;
  const shares = reshape(sum(weights, 1), [n, JOINT_COUNT, 1]);
  return div(sums, maximum(shares, LEAST * whole));
}

/** Features of some maps at the joints of views of that size: [n, 17 * features]. */
export function jointFeatures(
  model: ModelVariables,
  name: string,
  channels: readonly number[],
  features: number,
): (maps: readonly Tensor[], joints: Tensor, size: number) => Tensor {
  const total = channels.reduce((a, b) => a + b, 0);
  const layer = dense(model, name, [total, features]);
  return (maps, joints, size) => {
    const around = concat(
      maps.map((map) => aroundJoints(map, joints, size)),
      2,
    );
    return reshape(silu(layer(around)), [joints.shape[0]!, JOINT_COUNT * features]);
  };
}
