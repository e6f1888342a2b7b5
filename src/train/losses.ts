/** Losses: the mean over all elements, joints or pairs, as a tensor of one value. */

import { abs, add, greater, mul, select, sub } from '../graph/ops/elementwise.ts';
import { interJointDifferences } from '../graph/ops/inter_joint.ts';
import { broadcastTo, slice } from '../graph/ops/layout.ts';
import { mean, norm, sum } from '../graph/ops/reduce.ts';
import { show, type Tensor } from '../graph/trace.ts';

/** mean (y - target)² */
export function mse(y: Tensor, target: Tensor): Tensor {
  const difference = sub(y, alike('mse', y, target));
  return mean(mul(difference, difference));
}

/** mean |y - target| */
export const l1 = (y: Tensor, target: Tensor): Tensor => mean(abs(sub(y, alike('l1', y, target))));

/** d² / 2 beta where d = |y - target| < beta, else d - beta / 2 (Girshick 2015, PyTorch's form). */
export function smoothL1(y: Tensor, target: Tensor, beta = 1): Tensor {
  if (!(beta > 0)) throw new Error(`smoothL1: beta must be above 0, got ${beta}. For 0 use l1`);
  const distance = abs(sub(y, alike('smoothL1', y, target)));
  const near = mul(mul(distance, distance), 0.5 / beta);
  return mean(select(greater(beta, distance), near, sub(distance, 0.5 * beta)));
}

/**
 * Mean Euclidean distance between joints: y and target [..., joints, 3]. In metres it is MPJPE /
 * 1000, where both are relative to the same root.
 */
export const meanJointDistance = (y: Tensor, target: Tensor): Tensor =>
  mean(norm(sub(y, alike('meanJointDistance', y, target))));

export interface InterJointOptions {
  /** How a pair's distance is measured: Euclidean, or the sum of the absolute differences. */
  norm?: 'l1' | 'l2';
  /** Leaves the absolute value out, as the paper's formula has it; then distances cancel. */
  signed?: boolean;
}

/**
 * Mean over the batch and over pairs i < j of | |yᵢ - yⱼ| - |tᵢ - tⱼ| |: y and target [batch, joints,
 * axes]. It compares the lengths within each pose and knows neither its place nor its orientation.
 * After Calda et al., who print neither the absolute value nor whether the norm is that of l1: both
 * readings are options. They train with 1 (independent) or 100 (dependent on the depth) times this
 * beside the mean squared error, in metres. Where two joints agree, the slope is 0.
 */
export function interJointLoss(
  y: Tensor,
  target: Tensor,
  { norm = 'l2', signed = false }: InterJointOptions = {},
): Tensor {
  alike('interJointLoss', y, target);
  if (y.shape.length !== 3)
    throw new Error(`interJointLoss: poses must be [batch, joints, 3], got ${show(y.shape)}`);
  const [batch, joints] = y.shape as [number, number, number];
  if (joints < 2)
    throw new Error(`interJointLoss: poses must have two joints or more, got ${show(y.shape)}`);
  const differences = interJointDifferences(y, target, { norm, signed });
  return mul(sum(differences), 2 / (batch * joints * (joints - 1)));
}

/**
 * IND-P of Calda et al., for poses whose place is not asked for: mean squared error in m², plus the
 * inter-joint loss in m; both poses are taken relative to their root, joint 0.
 * @param y [batch, joints, 3] metres
 * @param target the same
 * @param weight of the inter-joint loss; the paper has 1
 */
export function independentLoss(y: Tensor, target: Tensor, weight = 1): Tensor {
  alike('independentLoss', y, target);
  // The root's place is none of the inter-joint loss' business.
  const pair = interJointLoss(y, target);
  return weighted([1, mse(fromRoot(y), fromRoot(target))], [weight, pair]);
}

/** Weights of what {@link dependentLoss} adds to the mean squared error; of the paper by default. */
export interface DependentWeights {
  /** Of the inter-joint loss; 100. */
  interJoint?: number;
  /** Of the distance between the roots; 1. */
  root?: number;
  /** Of the mean absolute error; 1. */
  l1?: number;
}

/**
 * DEP-P of Calda et al., for poses in the frame of the view: mean squared error in m², plus in m the
 * inter-joint loss, the mean distance between the roots, and the mean absolute error.
 * @param y [batch, joints, 3] metres; joint 0 is the root
 * @param target the same
 */
export function dependentLoss(
  y: Tensor,
  target: Tensor,
  { interJoint = 100, root = 1, l1: absolute = 1 }: DependentWeights = {},
): Tensor {
  alike('dependentLoss', y, target);
  return weighted(
    [1, mse(y, target)],
    [interJoint, interJointLoss(y, target)],
    [root, meanJointDistance(rootOf(y), rootOf(target))],
    [absolute, l1(y, target)],
  );
}

/** [batch, 1, 3] */
const rootOf = (poses: Tensor) => slice(poses, [0, 0, 0], [poses.shape[0]!, 1, 3]);
/** Poses [batch, joints, 3] relative to the first joint. */
export const fromRoot = (poses: Tensor): Tensor =>
  sub(poses, broadcastTo(rootOf(poses), poses.shape));

/** Weighted sum of losses. */
export const weighted = (...terms: readonly (readonly [weight: number, loss: Tensor])[]): Tensor =>
  terms
    .map(([weight, loss]) => (weight === 1 ? loss : mul(loss, weight)))
    .reduce((a, b) => add(a, b));

function alike(name: string, y: Tensor, target: Tensor): Tensor {
  if (y.shape.join() !== target.shape.join())
    throw new Error(
      `${name}: ${show(y.shape)} and target ${show(target.shape)} must have one shape. Reshape one`,
    );
  return target;
}
