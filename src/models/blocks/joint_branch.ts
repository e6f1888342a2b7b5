/**
 * A branch that looks at each joint of a detector by itself: at inner maps around it, at a patch of
 * depth, and at what is known of it in numbers. The head of a lifter that flattens a small map has to
 * find joints in it again; here they are told. Ours, not the paper's; PIFu (Saito et al. 2019) calls
 * such features pixel-aligned.
 */

import { add, div, maximum, mul, silu } from '../../graph/ops/elementwise.ts';
import { gaussianHeatmaps } from '../../graph/ops/heatmap.ts';
import { concat, reshape } from '../../graph/ops/layout.ts';
import { matmul } from '../../graph/ops/matmul.ts';
import { sum } from '../../graph/ops/reduce.ts';
import type { Tensor } from '../../graph/trace.ts';
import { heNormal, uniformFan, zerosFirst } from '../../graph/variables.ts';
import { JOINT_COUNT } from '../../pose/skeleton.ts';
import { dense, type ModelVariables } from '../layers.ts';

/** Standard deviation of the weights around a joint, in pixels of the map. */
const SIGMA = 0.75;
/** Of the usual size of weights: training begins near the joints as they lie on the depth. */
export const SMALL = 0.1;
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

/** What it makes of them. */
export interface JointOutputs {
  /** [n, 17 * features] */
  readonly features: Tensor;
  /** [n, 17 * 3], in metres where it ends in poses. */
  readonly corrections: Tensor;
}

export interface JointBranchOptions {
  readonly hidden: number;
  readonly features: number;
  readonly blind?: number;
}

/**
 * The same small network for each joint, which is told whose it is: so it learns from 17 joints of a
 * person at once.
 * @param inputs numbers that it reads of a joint
 * @param blind so many of them, the first, are not there yet: their weights begin at 0
 * @returns a function of these numbers, [n, 17, some] each
 */
export function jointBranch(
  model: ModelVariables,
  name: string,
  inputs: number,
  { hidden, features, blind = 0 }: JointBranchOptions,
): (numbers: readonly Tensor[]) => JointOutputs {
  const initial = zerosFirst(blind * hidden, heNormal(inputs));
  const first = dense(model, `${name}.dense1`, [inputs, hidden], { bias: false, initial });
  // A bias for each joint is as good as its name among the inputs.
  const names = model.parameters.add(`${name}.names`, [JOINT_COUNT, hidden], heNormal(hidden));
  const second = dense(model, `${name}.dense2`, [hidden, hidden]);
  const toFeatures = dense(model, `${name}.features`, [hidden, features]);
  const toCorrections = dense(model, `${name}.corrections`, [hidden, 3], {
    initial: uniformFan(hidden, SMALL),
  });
  return (numbers) => {
    const all = concat(numbers, 2);
    const known = silu(second(silu(add(first(all), names))));
    const flat = (t: Tensor) => reshape(t, [all.shape[0]!, -1]);
    return { features: flat(silu(toFeatures(known))), corrections: flat(toCorrections(known)) };
  };
}
