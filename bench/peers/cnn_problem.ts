/**
 * The convolutional lifter as engines are given it: weights, views of noise, poses to learn.
 * Nothing is dropped, so that engines can be held against each other.
 */

import { symbolsOf } from '../../src/graph/inputs.ts';
import { initialValuesOf } from '../../src/graph/store.ts';
import { trace } from '../../src/graph/trace.ts';
import type { VariableSet } from '../../src/graph/variables.ts';
import type { Cost } from '../../src/kernels/kernel.ts';
import { cnn } from '../../src/models/cnn.ts';
import type { TwoStageNetwork, ViewInputs } from '../../src/models/two_stage.ts';
import { updateBytes } from '../adamw.bench.ts';
import { drawPoses, drawViews } from '../models/views.ts';
import { type AdamOptions, relativeError, type Training } from './problem.ts';
import type { Values, ViewWork } from './work.ts';

/** A parameter, or a running statistic, which does not decay. */
export interface NamedValues extends Values {
  readonly name: string;
  /** Whether weights decay in it. */
  readonly decays: boolean;
}

export interface ViewProblem {
  readonly model: 'cnn';
  readonly size: number;
  readonly width: number;
  readonly training: AdamOptions & Pick<Training, 'momentum'>;
  readonly parameters: readonly NamedValues[];
  readonly statistics: readonly NamedValues[];
  readonly views: Readonly<Record<'image' | 'depth' | 'joints' | 'view', Values>>;
  /** [batch, 17, 3] metres */
  readonly target: Values;
}

/** Percent of the channels of the full network. */
const FULL = 100;

const TRAINING = {
  rate: 1e-3,
  decay: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  momentum: 0.1,
};

/** The network of a work, without dropout of any kind. */
export const networkOf = ({ size, width }: Pick<ViewWork, 'size' | 'width'>): TwoStageNetwork =>
  cnn({ size, width: width / FULL, dropout: 0, imageDropout: 0, depthDropout: 0 });

export async function viewProblem(work: ViewWork): Promise<ViewProblem> {
  const { model, batch, size, width } = work;
  const network = networkOf(work);
  const { shapes, data } = drawViews(batch, size);
  const view = (name: keyof typeof data): Values => ({ shape: shapes[name], values: data[name] });
  return {
    ...{ model, size, width, training: TRAINING },
    parameters: (await valuesOf(network.parameters)).map(moved),
    statistics: await valuesOf(network.statistics),
    views: {
      image: view('image'),
      depth: view('depth'),
      joints: view('joints'),
      view: view('view'),
    },
    target: { shape: [batch, 17, 3], values: drawPoses(batch) },
  };
}

/**
 * Shifts and biases, which begin at 0, a little beside it: at first channels that hardly vary lie on the
 * kinks of ReLUs, where rounding decides what the gradient is.
 */
const moved = (parameter: NamedValues): NamedValues =>
  /shift$|bias$/.test(parameter.name)
    ? { ...parameter, values: parameter.values.map((v, i) => v + 0.2 * Math.sin(1 + 7 * i)) }
    : parameter;

async function valuesOf(set: VariableSet): Promise<NamedValues[]> {
  const values = await initialValuesOf(set);
  return set.variables.map(({ name, shape, decays }) => ({
    ...{ name, shape, decays },
    values: values.get(name)!,
  }));
}

/**
 * Least length of a parameter's gradient that others are measured by, in parts of that of all gradients:
 * those of scales and shifts that a norm follows are 0 but for rounding.
 */
const LEAST_LENGTH = 1e-4;

/**
 * How far losses and gradients are from others: of the loss in parts of it, of each parameter's
 * gradient in parts of its length, see {@link LEAST_LENGTH}; the largest of all.
 */
export function gradientError(
  { parameters }: Pick<ViewProblem, 'parameters'>,
  values: Float32Array,
  expected: Float32Array,
): number {
  let worst = relativeError(values.subarray(0, 1), expected.subarray(0, 1));
  const whole = Math.sqrt(expected.subarray(1).reduce((sum, v) => sum + v * v, 0));
  let at = 1;
  for (const { values: of } of parameters) {
    const end = at + of.length;
    let [difference, length] = [0, 0];
    for (let i = at; i < end; i++) {
      difference += (values[i]! - expected[i]!) ** 2;
      length += expected[i]! ** 2;
    }
    const error = Math.sqrt(difference) / Math.max(Math.sqrt(length), LEAST_LENGTH * whole);
    worst = Math.max(worst, error);
    at = end;
  }
  return worst;
}

/**
 * What no engine can avoid of a training step: the products of its convolutions and matrices forward,
 * and twice as many backward; of bytes the update alone. Convolutions over heatmaps are left out, which
 * are Gaussians that can be had for less.
 */
export function stepCost(work: ViewWork): Cost {
  const { batch, size } = work;
  const network = networkOf(work);
  const { tape } = trace(() => {
    const views = symbolsOf(drawViews(batch, size).shapes) as unknown as ViewInputs;
    return network(views, { training: true });
  });
  let products = 0;
  for (const { op, inputs, outputs } of tape.calls)
    if (op.name === 'conv2d' || op.name === 'depthwiseConv2d') {
      const taps = inputs[1]!.size / inputs[1]!.shape.at(-1)!;
      products += outputs[0]!.size * taps;
    }
  let parameters = 0;
  for (const { name, shape, size, decays } of network.parameters.variables) {
    parameters += size;
    const rows = name.startsWith('joints.') ? 17 * batch : batch;
    if (decays && shape.length === 2) products += rows * size;
  }
  return { bytes: updateBytes(parameters), flops: 6 * products };
}
