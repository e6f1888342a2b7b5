/** Layers of networks over images [n, h, w, c], with their parameters, and programs of their steps. */

import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import { conv2d } from '../../src/graph/ops/conv.ts';
import { depthwiseConv2d } from '../../src/graph/ops/depthwise.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { type SqueezeWeights, squeezeExcite } from '../../src/graph/ops/squeeze_excite.ts';
import { compile } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { heNormal, ones, VariableSet, zeros } from '../../src/graph/variables.ts';
import type { WindowOptions } from '../../src/kernels/window.ts';
import { mse } from '../../src/train/losses.ts';
import { normals } from './martinez.ts';
import type { Model, ModelOptions } from './model.ts';

/** A layer; norms go by the batch in training, and by running statistics else. */
type Layer = (x: Tensor, training: boolean) => Tensor;

/** Makes layers whose parameters are in one set. */
export function imageLayers(name: string) {
  const parameters = new VariableSet(name);
  const statistics = new VariableSet(`${name}.statistics`);
  const weight = (of: string, shape: readonly number[], inputs: number) =>
    parameters.add(`${of}.weight`, shape, heNormal(inputs), { decays: true });
  const vector = (of: string, size: number, initial = zeros) => parameters.add(of, [size], initial);

  const norm = (of: string, channels: number): Layer => {
    const variables = {
      scale: vector(`${of}.scale`, channels, ones),
      shift: vector(`${of}.shift`, channels),
      mean: statistics.add(`${of}.mean`, [channels], zeros),
      variance: statistics.add(`${of}.variance`, [channels], ones),
    };
    return (x, training) => batchNorm(x, variables, { training });
  };
  /** A convolution without bias, as one before a norm needs none. */
  const conv = (of: string, cin: number, cout: number, size = 1, options: WindowOptions = {}) => {
    const w = weight(of, [size, size, cin, cout], size * size * cin);
    return (x: Tensor) => conv2d(x, w, { padding: 'same', ...options });
  };
  const depthwise = (of: string, channels: number, size: number) => {
    const w = weight(of, [size, size, 1, channels], size * size);
    return (x: Tensor) => depthwiseConv2d(x, w, { padding: 'same' });
  };
  const gate = (of: string, channels: number, units: number) => {
    const weights: SqueezeWeights = {
      w1: weight(`${of}.squeeze`, [channels, units], channels),
      b1: vector(`${of}.squeeze.bias`, units),
      w2: weight(`${of}.excite`, [units, channels], units),
      b2: vector(`${of}.excite.bias`, channels),
    };
    return (x: Tensor) => squeezeExcite(x, weights, { activation: 'silu' });
  };
  return { parameters, norm, conv, depthwise, gate };
}

/** What a model over images is: its network by width, and what it is given. */
export interface ImageNetwork {
  readonly defaults: { readonly batch: number; readonly width: number };
  /** Pixels along each side of what it is given, which has as many channels as the width. */
  readonly side: number;
  readonly build: (width: number) => { parameters: VariableSet; forward: Layer };
  /** The network, for people. */
  readonly words: (width: number) => string;
}

/** Steps of a network that gives as many channels and pixels as it is given. */
export function imageModel({ defaults, side, build, words }: ImageNetwork): Model {
  const prepare = ({ batch = defaults.batch, width = defaults.width }: ModelOptions) => {
    const shape = [batch, side, side, width] as const;
    const sizes = `batch ${batch}, ${side} x ${side} x ${width}, ${words(width)}`;
    return { ...build(width), shape, size: batch * side * side * width, sizes };
  };
  return {
    async train(gpu, options) {
      const { parameters, forward, shape, size, sizes } = prepare(options);
      const program = await compile(
        gpu,
        ({ x, target }) => {
          const loss = mse(forward(x!, true), target!);
          return { loss, ...adamW(loss, parameters, { rate: 1e-3, decay: 1e-2 }) };
        },
        { x: shape, target: shape },
      );
      return { program, batch: { x: normals(size, 0), target: normals(size, 1) }, read: [], sizes };
    },
    async infer(gpu, options) {
      const { forward, shape, size, sizes } = prepare(options);
      const program = await compile(gpu, ({ x }) => ({ y: forward(x!, false) }), { x: shape });
      return { program, batch: { x: normals(size, 0) }, read: ['y'], sizes };
    },
  };
}
