/**
 * Inverted residual block with squeeze and excitation (Sandler et al. 2018, Howard et al. 2019, Tan
 * and Le 2019):
 *
 *   y = x + norm(project(gate(silu(norm(depthwise(silu(norm(expand(x)))))))))
 *
 * The sum is there where y has as many pixels and channels as x.
 */

import { add } from '../../graph/ops/elementwise.ts';
import { type SqueezeWeights, squeezeExcite } from '../../graph/ops/squeeze_excite.ts';
import type { Tensor } from '../../graph/trace.ts';
import { heNormal, zeros } from '../../graph/variables.ts';
import type { ModelVariables } from '../layers.ts';
import { convNorm, depthwiseNorm, type ImageLayer } from './conv_norm.ts';

export interface InvertedResidualOptions {
  readonly stride?: number;
  /** Channels between, as a multiple of those of x; 4. */
  readonly expansion?: number;
  /** Taps of the depthwise convolution along each side; 3. */
  readonly kernel?: number;
}

/**
 * Units that squeeze: a quarter of the channels of x, as EfficientNet has it, rounded up to a
 * multiple of four, so that kernels can load quads.
 */
const unitsOf = (cin: number) => 4 * Math.ceil(cin / 16);

export function invertedResidual(
  model: ModelVariables,
  name: string,
  [cin, cout]: readonly [number, number],
  { stride = 1, expansion = 4, kernel = 3 }: InvertedResidualOptions = {},
): ImageLayer {
  const inner = expansion * cin;
  const silu = { activation: 'silu' } as const;
  const expand = convNorm(model, `${name}.expand`, [cin, inner], silu);
  const spread = depthwiseNorm(model, `${name}.depthwise`, inner, { ...silu, kernel, stride });
  const gate = squeezeLayer(model, `${name}.gate`, inner, unitsOf(cin));
  const project = convNorm(model, `${name}.project`, [inner, cout]);
  const residual = stride === 1 && cin === cout;
  return (x, mode) => {
    const y = project(gate(spread(expand(x, mode), mode)), mode);
    return residual ? add(y, x) : y;
  };
}

/** Squeeze and excitation: SiLU of the units, sigmoid of the channels. */
export function squeezeLayer(
  { parameters }: ModelVariables,
  name: string,
  channels: number,
  units: number,
): (x: Tensor) => Tensor {
  const weight = (of: string, [inputs, outputs]: readonly [number, number]) =>
    parameters.add(`${name}.${of}.weight`, [inputs, outputs], heNormal(inputs), { decays: true });
  const bias = (of: string, size: number) => parameters.add(`${name}.${of}.bias`, [size], zeros);
  const weights: SqueezeWeights = {
    w1: weight('squeeze', [channels, units]),
    b1: bias('squeeze', units),
    w2: weight('excite', [units, channels]),
    b2: bias('excite', channels),
  };
  return (x) => squeezeExcite(x, weights, { activation: 'silu' });
}
