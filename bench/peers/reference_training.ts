/** Training steps of the lifter in f64, by the plain formulas, without dropout. */

import {
  type Hidden,
  INPUTS,
  multiply,
  NORM_EPSILON,
  OUTPUTS,
  type Training,
  type Weights,
} from './problem.ts';

/** A parameter with its gradient and its moments. */
interface Parameter {
  readonly value: Float64Array;
  readonly gradient: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
  readonly decays: boolean;
}

/** A layer: y of x, and a function that takes dy, stores gradients and gives dx. */
type Layer = (x: Float64Array) => { y: Float64Array; backward(dy: Float64Array): Float64Array };

/**
 * The loss of each of the first steps on a batch [batch, INPUTS], [batch, OUTPUTS] that is always
 * the same.
 */
export function referenceLosses(
  weights: Weights,
  training: Training,
  batch: { poses: Float32Array; targets: Float32Array },
  steps: number,
): number[] {
  const parameters: Parameter[] = [];
  const parameter = (values: Float32Array, decays: boolean) => {
    const zeros = () => new Float64Array(values.length);
    const value = Float64Array.from(values);
    const made = { value, gradient: zeros(), m: zeros(), v: zeros(), decays };
    parameters.push(made);
    return made;
  };
  const { width } = weights;
  const rows = training.batch;
  const dense = (weight: Float32Array, inputs: number, outputs: number) =>
    product(parameter(weight, true), rows, inputs, outputs);
  const hidden = ({ inputs, weight, norm }: Hidden): Layer => {
    const layers = [
      dense(weight, inputs, width),
      normalise(parameter(norm.scale, false), parameter(norm.shift, false), rows),
      relu,
    ];
    return (x) => inTurn(layers, x);
  };
  const layers: Layer[] = [
    hidden(weights.first),
    ...weights.blocks.map((pair) => residual(pair.map(hidden))),
    dense(weights.weight, width, OUTPUTS),
    bias(parameter(weights.bias, false)),
  ];
  const input = Float64Array.from(batch.poses.subarray(0, rows * INPUTS));
  return Array.from({ length: steps }, (_, step) => {
    const { y, backward } = inTurn(layers, input);
    const difference = y.map((value, i) => value - batch.targets[i]!);
    const loss = difference.reduce((sum, d) => sum + d * d, 0) / y.length;
    if (step < steps - 1) {
      backward(difference.map((d) => (2 * d) / y.length));
      for (const each of parameters) update(each, training, step + 1);
    }
    return loss;
  });
}

function inTurn(layers: readonly Layer[], x: Float64Array): ReturnType<Layer> {
  const backwards: ReturnType<Layer>['backward'][] = [];
  let y = x;
  for (const layer of layers) {
    const made = layer(y);
    backwards.unshift(made.backward);
    y = made.y;
  }
  return { y, backward: (dy) => backwards.reduce((d, backward) => backward(d), dy) };
}

const plus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i]!);

function residual(layers: readonly Layer[]): Layer {
  return (x) => {
    const { y, backward } = inTurn(layers, x);
    return { y: plus(y, x), backward: (dy) => plus(backward(dy), dy) };
  };
}

/** y = x w:  dx = dy wᵀ,  dw = xᵀ dy */
function product(w: Parameter, rows: number, inputs: number, outputs: number): Layer {
  return (x) => ({
    y: multiply(x, w.value, [rows, inputs, outputs]),
    backward: (dy) => {
      w.gradient.set(multiply(transpose(x, rows), dy, [inputs, rows, outputs]));
      return multiply(dy, transpose(w.value, inputs), [rows, outputs, inputs]);
    },
  });
}

function bias(b: Parameter): Layer {
  const { length } = b.value;
  return (x) => ({
    y: x.map((value, i) => value + b.value[i % length]!),
    backward: (dy) => {
      b.gradient.set(columnSums(dy, length));
      return dy;
    },
  });
}

const relu: Layer = (x) => ({
  y: x.map((value) => Math.max(value, 0)),
  backward: (dy) => dy.map((d, i) => (x[i]! > 0 ? d : 0)),
});

/** Batch norm by the statistics of the batch (Ioffe and Szegedy 2015). */
function normalise(scale: Parameter, shift: Parameter, rows: number): Layer {
  const { length } = scale.value;
  const mean = (x: Float64Array) => columnSums(x, length).map((sum) => sum / rows);
  return (x) => {
    const centre = mean(x);
    const central = x.map((value, i) => value - centre[i % length]!);
    const deviation = mean(central.map((c) => c * c)).map((v) => Math.sqrt(v + NORM_EPSILON));
    const normal = central.map((c, i) => c / deviation[i % length]!);
    return {
      y: normal.map((n, i) => scale.value[i % length]! * n + shift.value[i % length]!),
      // dx = scale / deviation (dy − mean(dy) − x̂ mean(dy x̂))
      backward: (dy) => {
        const along = dy.map((d, i) => d * normal[i]!);
        scale.gradient.set(columnSums(along, length));
        shift.gradient.set(columnSums(dy, length));
        const [meanDy, meanAlong] = [mean(dy), mean(along)];
        return dy.map((d, i) => {
          const c = i % length;
          const rest = d - meanDy[c]! - normal[i]! * meanAlong[c]!;
          return (scale.value[c]! / deviation[c]!) * rest;
        });
      },
    };
  };
}

/** AdamW (Loshchilov and Hutter 2019, algorithm 2), at step 1, 2, ... */
function update({ value, gradient, m, v, decays }: Parameter, training: Training, step: number) {
  const { rate, decay, beta1, beta2, epsilon } = training;
  for (const [i, g] of gradient.entries()) {
    m[i] = beta1 * m[i]! + (1 - beta1) * g;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    const mean = m[i]! / (1 - beta1 ** step);
    const size = Math.sqrt(v[i]! / (1 - beta2 ** step)) + epsilon;
    value[i]! -= rate * (mean / size + (decays ? decay * value[i]! : 0));
  }
}

function columnSums(x: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (const [i, value] of x.entries()) sums[i % columns]! += value;
  return sums;
}

function transpose(x: Float64Array, rows: number): Float64Array {
  const columns = x.length / rows;
  const turned = new Float64Array(x.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) turned[j * rows + i] = x[i * columns + j]!;
  return turned;
}
