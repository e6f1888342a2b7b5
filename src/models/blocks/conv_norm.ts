/**
 * Convolution, batch norm and activation: what the blocks of image networks are made of. Once it has
 * learned, the norm is part of the convolution: its factors are multiplied into the weights, and
 * what is left is a bias.
 */

import { batchNormOfNetwork, foldNorm } from '../../graph/ops/batch_norm.ts';
import { conv2d } from '../../graph/ops/conv.ts';
import { depthwiseConv2d } from '../../graph/ops/depthwise.ts';
import { add, mul, relu, silu } from '../../graph/ops/elementwise.ts';
import type { Tensor } from '../../graph/trace.ts';
import { heNormal } from '../../graph/variables.ts';
import { type Mode, type ModelVariables, normVariables } from '../layers.ts';

/** A layer over images [n, h, w, c]. */
export type ImageLayer = (x: Tensor, mode: Mode) => Tensor;

export const activations = { relu, silu, none: (x: Tensor): Tensor => x } as const;
export type Activation = keyof typeof activations;

export interface ConvLayerOptions {
  /** Taps along each side, an odd number; 1. */
  readonly kernel?: number;
  /** 1; with 2, of n pixels along a side remain ceil(n / 2). */
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

export interface ConvNormOptions extends ConvLayerOptions {
  /** After the norm; none. */
  readonly activation?: Activation;
}

/** Zeros around an image so that windows are centred on its pixels, the first on the first. */
const around = (kernel: number, dilation: number) => (dilation * (kernel - 1)) / 2;

/** A convolution from `cin` to `cout` channels, without bias. */
export function convLayer(
  { parameters }: ModelVariables,
  name: string,
  [cin, cout]: readonly [number, number],
  { kernel = 1, stride = 1, dilation = 1, groups = 1 }: ConvLayerOptions = {},
): (x: Tensor, factor?: Tensor) => Tensor {
  const inputs = cin / groups;
  const shape = [kernel, kernel, inputs, cout];
  const w = parameters.add(`${name}.weight`, shape, heNormal(kernel * kernel * inputs), {
    decays: true,
  });
  const options = { stride, dilation, groups, padding: around(kernel, dilation) };
  return (x, factor) => conv2d(x, factor ? mul(w, factor) : w, options);
}

/** Convolution from `cin` to `cout` channels, norm, activation. */
export function convNorm(
  model: ModelVariables,
  name: string,
  sizes: readonly [cin: number, cout: number],
  { activation = 'none', ...options }: ConvNormOptions = {},
): ImageLayer {
  const convolve = convLayer(model, name, sizes, options);
  return normed(model, name, sizes[1], activation, convolve);
}

/** Depthwise convolution, norm, activation. */
export function depthwiseNorm(
  model: ModelVariables,
  name: string,
  channels: number,
  { activation = 'none', kernel = 3, stride = 1, dilation = 1 }: ConvNormOptions = {},
): ImageLayer {
  const w = model.parameters.add(
    `${name}.weight`,
    [kernel, kernel, 1, channels],
    heNormal(kernel * kernel),
    { decays: true },
  );
  const options = { stride, dilation, padding: around(kernel, dilation) };
  return normed(model, name, channels, activation, (x: Tensor, factor) =>
    depthwiseConv2d(x, factor ? mul(w, factor) : w, options),
  );
}

/** What convolves, with weights that a factor for each channel can scale; then norm and activation. */
export function normed<X>(
  model: ModelVariables,
  name: string,
  channels: number,
  activation: Activation,
  convolve: (x: X, factor?: Tensor) => Tensor,
): (x: X, mode: Mode) => Tensor {
  const variables = normVariables(model, `${name}.norm`, channels);
  const activate = activations[activation];
  return (x, { training = false }) => {
    if (training) return activate(batchNormOfNetwork(convolve(x), variables, { training }));
    const { factor, shift } = foldNorm(variables);
    return activate(add(convolve(x, factor), shift));
  };
}
