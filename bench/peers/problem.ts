/**
 * The model that all engines are given: the residual lifter of Martinez et al. 2017 with seeded
 * weights and poses, and its output in f64.
 */

import { randomAt } from '../../src/data/random.ts';

/** Numbers of an encoded 2D pose (17 joints) and of a root-relative 3D pose (16 joints). */
export const INPUTS = 34;
export const OUTPUTS = 48;
/** Added to variances by batch norm. */
export const NORM_EPSILON = 1e-5;
const BLOCKS = 2;

/** relu(norm(x weight)), weight [inputs, width], which has no bias: the norm would subtract it. */
export interface Hidden {
  readonly inputs: number;
  readonly weight: Float32Array;
  readonly norm: Norm;
}

/** Batch norm: scale (x - mean) / sqrt(variance + NORM_EPSILON) + shift, each [width]. */
export interface Norm {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

export interface Weights {
  readonly width: number;
  readonly first: Hidden;
  /** Residual blocks: y + second(first(y)). */
  readonly blocks: readonly (readonly [Hidden, Hidden])[];
  /** [width, OUTPUTS] and [OUTPUTS] */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** The training step: forward in training mode, mean squared error, backward, AdamW. */
export interface Training {
  readonly batch: number;
  /** Probability that a hidden value is dropped. */
  readonly dropout: number;
  /** AdamW (Loshchilov and Hutter 2019); weights decay, norms and biases do not. */
  readonly rate: number;
  readonly decay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Part of the batch's mean and variance that enters the running statistics at each step. */
  readonly momentum: number;
}

/** What AdamW depends on. */
export type AdamOptions = Pick<Training, 'rate' | 'decay' | 'beta1' | 'beta2' | 'epsilon'>;

/** The weights of a lifter that has trained for a while: no norm is the identity. */
export function makeWeights(width: number): Weights {
  let count = 0;
  const uniform = (size: number, low: number, high: number) => {
    const random = randomAt(1, count++);
    return Float32Array.from({ length: size }, () => random.uniform(low, high));
  };
  // He et al. 2015: variance 2 / inputs keeps the size of activations through ReLU.
  const matrix = (inputs: number, outputs: number) => {
    const bound = Math.sqrt(6 / inputs);
    return uniform(inputs * outputs, -bound, bound);
  };
  const hidden = (inputs: number): Hidden => ({
    inputs,
    weight: matrix(inputs, width),
    norm: {
      scale: uniform(width, 0.5, 1.5),
      shift: uniform(width, -0.5, 0.5),
      mean: uniform(width, -0.5, 0.5),
      variance: uniform(width, 0.5, 1.5),
    },
  });
  return {
    width,
    first: hidden(INPUTS),
    blocks: Array.from({ length: BLOCKS }, () => [hidden(width), hidden(width)] as const),
    weight: matrix(width, OUTPUTS),
    bias: uniform(OUTPUTS, -0.5, 0.5),
  };
}

/** Encoded 2D poses [batch, INPUTS] and the 3D poses [batch, OUTPUTS] to learn; unit variance. */
export function makePoses(batch: number): { poses: Float32Array; targets: Float32Array } {
  const normal = (size: number, key: number) => {
    const random = randomAt(2, key);
    return Float32Array.from({ length: size }, () => random.normal());
  };
  return { poses: normal(batch * INPUTS, 0), targets: normal(batch * OUTPUTS, 1) };
}

/** The lifted poses [batch, OUTPUTS] of inference, in f64 by the plain formula. */
export function reference(weights: Weights, poses: Float32Array): Float64Array {
  const batch = poses.length / INPUTS;
  const { width } = weights;
  const hidden = (x: ArrayLike<number>, { inputs, weight, norm }: Hidden) => {
    const { scale, shift, mean, variance } = norm;
    return multiply(x, weight, [batch, inputs, width]).map((value, i) => {
      const c = i % width;
      const deviation = Math.sqrt(variance[c]! + NORM_EPSILON);
      return Math.max(0, (scale[c]! * (value - mean[c]!)) / deviation + shift[c]!);
    });
  };
  const features = weights.blocks.reduce(
    (y, [one, two]) => hidden(hidden(y, one), two).map((value, i) => value + y[i]!),
    hidden(poses, weights.first),
  );
  const lifted = multiply(features, weights.weight, [batch, width, OUTPUTS]);
  return lifted.map((value, i) => value + weights.bias[i % OUTPUTS]!);
}

/** a b for a [rows, inner] and b [inner, columns]. */
export function multiply(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [rows, inner, columns]: readonly [number, number, number],
): Float64Array<ArrayBuffer> {
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k]!;
      for (let j = 0; j < columns; j++) {
        product[i * columns + j]! += factor * b[k * columns + j]!;
      }
    }
  }
  return product;
}

/** The largest difference between two arrays, in parts of the largest value expected. */
export function relativeError(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (values.length !== expected.length) {
    throw new Error(`The output has ${values.length} values; ${expected.length} are right.`);
  }
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(values[i]! - expected[i]!);
    if (!(difference <= worst)) worst = difference;
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst / largest;
}
