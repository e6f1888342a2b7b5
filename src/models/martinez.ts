/**
 * The residual lifter of Martinez et al. 2017, "A simple yet effective baseline for 3D human pose
 * estimation": a dense layer to `width` features, residual blocks of two dense layers, and a dense
 * layer to the pose; each hidden layer is followed by batch norm, ReLU and dropout. Hidden layers
 * have no bias, since the norm subtracts it.
 */

import { show, type Tensor } from '../graph/trace.ts';
import { residualLifter } from './blocks/residual_lifter.ts';
import { type Mode, modelVariables, type Network } from './layers.ts';
import type { Statistics } from './normalise.ts';
import { INPUT_SIZE, OUTPUT_SIZE } from './representation.ts';

export interface MartinezOptions {
  /** Features of hidden layers; 1024 in the paper. */
  width?: number;
  /** Residual blocks; 2 in the paper. */
  blocks?: number;
  /** Probability that a hidden value is dropped in training; 0.5 in the paper. */
  dropout?: number;
  /** Numbers of an encoded 2D pose, and of a 3D pose. */
  inputs?: number;
  outputs?: number;
  /**
   * Statistics of the training data, which are stored with the weights; 0 and 1 where there are
   * none yet.
   */
  normalisation?: { readonly input: Statistics; readonly output: Statistics };
}

function build(given: MartinezOptions = {}): Network {
  const usual = { width: 1024, blocks: 2, dropout: 0.5, inputs: INPUT_SIZE, outputs: OUTPUT_SIZE };
  const options = { ...usual, ...given };
  const variables = modelVariables('martinez');
  const lift = residualLifter(variables, options);
  const { inputs } = options;

  const network = (x: Tensor, mode: Mode = {}): Tensor => {
    if (x.shape.length !== 2 || x.shape[1] !== inputs)
      throw new Error(
        `martinez: poses must be [batch, ${inputs}], got ${show(x.shape)}. Encode them first`,
      );
    return lift(x, mode);
  };
  return Object.assign(network, variables);
}

/**
 * The lifter as a function of encoded poses [batch, inputs], which gives [batch, outputs]; both in
 * the units of the data, since the statistics that normalise them are part of it.
 */
export const martinez = /* @__PURE__ */ Object.assign(build, { architecture: 'martinez' });
