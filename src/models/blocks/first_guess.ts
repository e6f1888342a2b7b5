/**
 * A first guess of the pose from the joints alone, by a residual lifter that has learned before and
 * learns no more: what a two-stage lifter is left to learn is what picture and depth tell beyond it.
 * Ours, not the paper's.
 */

import { div, exp, log, maximum, mul, select, sqrt, sub } from '../../graph/ops/elementwise.ts';
import { concat, pad, reshape, slice } from '../../graph/ops/layout.ts';
import { mean } from '../../graph/ops/reduce.ts';
import type { Tensor } from '../../graph/trace.ts';
import { type VariableSet, zeros } from '../../graph/variables.ts';
import { JOINT_COUNT } from '../../pose/skeleton.ts';
import type { ModelVariables } from '../layers.ts';
import { INPUT_NUMBERS, INPUT_SIZE, OUTPUT_SIZE } from '../representation.ts';
import type { ViewInputs } from '../two_stage.ts';
import type { ViewFeatures } from '../view_features.ts';
import { residualLifter } from './residual_lifter.ts';

/** Before the names of the residual lifter's variables in a two-stage one. */
export const GUESS = 'guess.';
/** The name of the parameter that says how far corrections count without depth. */
export const TRUST = 'trust';
/** As `martinez` has them. */
const BLOCKS = 2;
/** The least size of a person on the plane at depth 1: joints that coincide have none. */
const LEAST = 1e-6;

/** Numbers that networks read of the guess of a joint. */
export const GUESS_NUMBERS = 4;

/** What is known of the joints once a pose is guessed. */
export interface Guided {
  /** [n, 17, 3] metres from the pelvis: joints on the depth, as guessed where depth is unknown. */
  readonly lifted: Tensor;
  /** [n, 17, 4]: the guess, and how much deeper than it the joint is in {@link lifted}. */
  readonly guessed: Tensor;
  /** [n, 1, 1]: how far a correction of {@link lifted} counts, 1 where there is depth. */
  readonly trust: Tensor;
}

/**
 * Declares a residual lifter of this width among the statistics of a network: no gradient is asked
 * for them, and no optimiser changes them. What the network has to say against the guess, where there
 * is no depth to say it, counts by one number among its parameters. That begins at 0, as in ReZero
 * (Bachlechner et al. 2020): a lifter that has learned of many more people is corrected where that has
 * shown to pay, and never for having seen fewer.
 * @returns a function of views of S x S pixels and of what is seen of them
 */
export function firstGuess(
  { parameters, statistics }: ModelVariables,
  width: number,
): (
  inputs: Pick<ViewInputs, 'joints' | 'view'>,
  seen: Pick<ViewFeatures, 'lifted' | 'found'>,
  size: number,
) => Guided {
  const add: VariableSet['add'] = (name, ...more) => statistics.add(GUESS + name, ...more);
  const lift = residualLifter(
    { parameters: { add }, statistics: { add } },
    {
      width,
      blocks: BLOCKS,
      dropout: 0,
      inputs: INPUT_SIZE,
      outputs: OUTPUT_SIZE,
    },
  );
  const blindTrust = parameters.add(TRUST, [1], zeros);
  return (inputs, { lifted: surface, found: known }, size) => {
    const poses = lift(encodedViews(inputs, size), {});
    const n = poses.shape[0]!;
    const others = reshape(poses, [n, JOINT_COUNT - 1, 3]);
    const guess = pad(others, [[0, 0], [1, 0], [0, 0]]); // biome-ignore format: pairs
    const found = reshape(known, [n, 1, 1]);
    const lifted = select(found, surface, guess);
    const deeper = slice(sub(lifted, guess), [0, 0, 2], [n, JOINT_COUNT, 1]);
    return { lifted, guessed: concat([guess, deeper], 2), trust: select(found, 1, blindTrust) };
  };
}

/** Joints as a residual lifter reads them: what `encode` makes of rays, here of views [n, INPUT_SIZE]. */
export function encodedViews(
  { joints, view }: Pick<ViewInputs, 'joints' | 'view'>,
  size: number,
): Tensor {
  const n = joints.shape[0]!;
  const places = mul(sub(mul(joints, 2 / size), 1), reshape(exp(view), [n, 1, 1]));
  const others = reshape(slice(places, [0, 1, 0], [n, JOINT_COUNT - 1, 2]), [n, INPUT_NUMBERS - 1]);
  // Mean over joints of x² + y²: twice that over coordinates.
  const squares = mul(mean(mul(others, others), 1, { keep: true }), 2);
  const length = maximum(sqrt(squares), LEAST);
  const encoded = concat([div(others, length), log(length)], 1);
  return pad(encoded, [[0, 0], [0, INPUT_SIZE - INPUT_NUMBERS]]); // biome-ignore format: pairs
}

/** @throws where the width is none, or there are no numbers for the guess to stand beside */
export function checkGuess(name: string, width: number, points: boolean): void {
  if (!(Number.isInteger(width) && width >= 0))
    throw new Error(
      `${name}: guess ${width} must be a whole number of features, or 0 for no guess`,
    );
  if (width > 0 && !points)
    throw new Error(
      `${name}: a guess takes points, which it stands beside. Keep points, or set guess to 0`,
    );
}
