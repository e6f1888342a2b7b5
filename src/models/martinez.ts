/**
 * The residual lifter of Martinez et al. 2017, "A simple yet effective baseline for 3D human pose
 * estimation": a dense layer to `width` features, residual blocks of two dense layers, and a dense
 * layer to the pose; each hidden layer is followed by batch norm, ReLU and dropout. Hidden layers
 * have no bias, since the norm subtracts it.
 */

import { add, div, dropout, mul, relu, sub } from '../graph/ops/elementwise.ts';
import { show, type Tensor } from '../graph/trace.ts';
import { type Initial, ones, uniformFan, zeros } from '../graph/variables.ts';
import { batchNormLayer, dense, type Mode, modelVariables, type Network } from './layers.ts';
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

function build({
  width = 1024,
  blocks = 2,
  dropout: rate = 0.5,
  inputs = INPUT_SIZE,
  outputs = OUTPUT_SIZE,
  normalisation,
}: MartinezOptions = {}): Network {
  const variables = modelVariables('martinez');
  const hidden = (linear: string, norm: string, size: number) => {
    const weigh = dense(variables, linear, [size, width], { bias: false });
    const normalise = batchNormLayer(variables, norm, width);
    return (x: Tensor, mode: Mode) => {
      const y = relu(normalise(weigh(x), mode));
      return mode.training ? dropout(y, rate) : y;
    };
  };
  const first = hidden('input', 'input_norm', inputs);
  const residuals = Array.from(
    { length: blocks },
    (_, i) =>
      [
        hidden(`block${i + 1}.dense1`, `block${i + 1}.norm1`, width),
        hidden(`block${i + 1}.dense2`, `block${i + 1}.norm2`, width),
      ] as const,
  );
  const last = dense(variables, 'output', [width, outputs], { initial: uniformFan(width) });

  const { statistics } = variables;
  const statistic = (
    name: string,
    size: number,
    values: readonly number[] | undefined,
    otherwise: Initial,
  ) => statistics.add(name, [size], values ? () => values : otherwise);
  const inputMean = statistic('input.mean', inputs, normalisation?.input.mean, zeros);
  const inputStd = statistic('input.std', inputs, normalisation?.input.std, ones);
  const outputMean = statistic('output.mean', outputs, normalisation?.output.mean, zeros);
  const outputStd = statistic('output.std', outputs, normalisation?.output.std, ones);

  const network = (x: Tensor, mode: Mode = {}): Tensor => {
    if (x.shape.length !== 2 || x.shape[1] !== inputs)
      throw new Error(
        `martinez: poses must be [batch, ${inputs}], got ${show(x.shape)}. Encode them first`,
      );
    const features = residuals.reduce(
      (y, [one, two]) => add(two(one(y, mode), mode), y),
      first(div(sub(x, inputMean), inputStd), mode),
    );
    return add(mul(last(features), outputStd), outputMean);
  };
  return Object.assign(network, variables);
}

/**
 * The lifter as a function of encoded poses [batch, inputs], which gives [batch, outputs]; both in
 * the units of the data, since the statistics that normalise them are part of it.
 */
export const martinez = /* @__PURE__ */ Object.assign(build, { architecture: 'martinez' });
