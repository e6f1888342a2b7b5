/**
 * The layers of the residual lifter of Martinez et al. 2017: see `martinez`, which is a network of
 * them alone. The two-stage lifters may begin with them, too: see `first_guess.ts`.
 */

import { add, div, dropout, mul, relu, sub } from '../../graph/ops/elementwise.ts';
import type { Tensor } from '../../graph/trace.ts';
import { type Initial, ones, uniformFan, zeros } from '../../graph/variables.ts';
import { batchNormLayer, type Declarations, dense, type Mode } from '../layers.ts';
import type { Statistics } from '../normalise.ts';

export interface ResidualLifterOptions {
  /** Features of hidden layers. */
  readonly width: number;
  /** Residual blocks. */
  readonly blocks: number;
  /** Probability that a hidden value is dropped in training. */
  readonly dropout: number;
  /** Numbers of an encoded 2D pose, and of a 3D pose. */
  readonly inputs: number;
  readonly outputs: number;
  /** Statistics of the training data; 0 and 1 where there are none yet. */
  readonly normalisation?: { readonly input: Statistics; readonly output: Statistics } | undefined;
}

/**
 * Declares the layers.
 * @returns a function of encoded poses [n, inputs], which gives [n, outputs]
 */
export function residualLifter(
  variables: Declarations,
  { width, blocks, dropout: rate, inputs, outputs, normalisation }: ResidualLifterOptions,
): (x: Tensor, mode: Mode) => Tensor {
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
  const last = dense(variables, 'output', [width, outputs], {
    initial: uniformFan(width),
  });

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

  return (x, mode) => {
    const features = residuals.reduce(
      (y, [one, two]) => add(two(one(y, mode), mode), y),
      first(div(sub(x, inputMean), inputStd), mode),
    );
    return add(mul(last(features), outputStd), outputMean);
  };
}
