/** The families that have variants, each with an op that runs it at a given shape. */

import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import { add } from '../../src/graph/ops/elementwise.ts';
import { gaussianHeatmaps } from '../../src/graph/ops/heatmap.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { softmax } from '../../src/graph/ops/softmax.ts';
import { ones, VariableSet, zeros } from '../../src/graph/variables.ts';
import { attentionTunable } from '../../src/kernels/attention.ts';
import { batchNormTunable } from '../../src/kernels/batch_norm.ts';
import { convTunable } from '../../src/kernels/conv.ts';
import { convWeightsTunable } from '../../src/kernels/conv_weights.ts';
import { depthwiseTunable } from '../../src/kernels/depthwise.ts';
import {
  depthwiseInputTunable,
  depthwiseWeightTunable,
} from '../../src/kernels/depthwise_gradients.ts';
import { layerNormTunable } from '../../src/kernels/layer_norm.ts';
import { matmulTunable } from '../../src/kernels/matmul.ts';
import { poolTunable } from '../../src/kernels/pool.ts';
import { mapColumnsTunable } from '../../src/kernels/pose_columns.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import { rowsTunable } from '../../src/kernels/thread_rows.ts';
import type { AnyTunable } from '../../src/kernels/tuning.ts';
import { walkTunable } from '../../src/kernels/walk.ts';
import { type Pair, windowOf } from '../../src/kernels/window.ts';
import { backwardProblem, forwardProblem } from '../attention.bench.ts';
import { normalised } from '../batch_norm.bench.ts';
import { convProblem, convSizes } from '../conv.bench.ts';
import { weightsProblem } from '../conv_weights.bench.ts';
import { depthwiseProblem } from '../depthwise.bench.ts';
import { errorOf, type Problem, uniform } from '../family.ts';
import { layerNormProblem } from '../layer_norm.bench.ts';
import { productError } from '../matmul.bench.ts';
import { poolProblem } from '../pool.bench.ts';
import type { Pass } from '../rows.ts';

export interface Tuned {
  readonly tunable: AnyTunable;
  /** The problem at a shape of the family, as choices have it. Its output is y. */
  readonly problem: (shape: Shape) => Problem;
}

function matmulProblem([batch, m, k, n, ta, tb]: Shape): Problem {
  const matrices = (rows: number, columns: number, key: number) =>
    uniform(batch === 1 ? [rows, columns] : [batch!, rows, columns], key);
  const [transposeA, transposeB] = [ta === 1, tb === 1];
  const a = transposeA ? matrices(k!, m!, 1) : matrices(m!, k!, 1);
  const b = transposeB ? matrices(n!, k!, 2) : matrices(k!, n!, 2);
  return {
    inputs: { a, b },
    build: ({ a, b }) => ({ y: matmul(a!, b!, { transposeA, transposeB }) }),
    error({ y }) {
      const part = (values: Float32Array, i: number) =>
        values.subarray((i * values.length) / batch!, ((i + 1) * values.length) / batch!);
      const errors = Array.from({ length: batch! }, (_, i) =>
        productError([m!, k!, n!], part(a.values, i), part(b.values, i), part(y!, i), {
          transposeA,
          transposeB,
        }),
      );
      return Math.max(...errors);
    },
  };
}

/** A convolution whose zeros keep the size of the image, or the gradient of its input. */
function convolution(shape: Shape): Problem {
  const [cout, kh, kw, stride, dilation, groups, gradient] = shape.slice(4);
  const sizes = convSizes(shape.slice(0, 4), cout!, [kh!, kw!], stride!, dilation!, groups!);
  return convProblem(sizes, gradient === 1);
}

/** A line of quads: y = a + b. */
function walkProblem([count]: Shape): Problem {
  const [a, b] = [uniform([4 * count!], 1), uniform([4 * count!], 2)];
  return {
    inputs: { a, b },
    build: ({ a, b }) => ({ y: add(a!, b!) }),
    error: ({ y }) => errorOf(y!, (i) => a.values[i]! + b.values[i]!),
  };
}

function rowsProblem(shape: Shape): Problem {
  const x = uniform(shape, 1, -4, 4);
  const columns = shape[1]!;
  return {
    inputs: { x },
    build: ({ x }) => ({ y: softmax(x!) }),
    error({ y }) {
      const sums = new Float64Array(shape[0]!);
      x.values.forEach((v, i) => (sums[Math.floor(i / columns)]! += Math.exp(v)));
      return errorOf(y!, (i) => Math.exp(x.values[i]!) / sums[Math.floor(i / columns)]!);
    },
  };
}

function batchNormProblem(shape: Shape): Problem {
  const [rows, channels] = shape as [number, number];
  const [x, scale, shift] = [uniform(shape, 1), uniform([channels], 2), uniform([channels], 3)];
  const running = new VariableSet('statistics');
  const mean = running.add('mean', [channels], zeros);
  const variance = running.add('variance', [channels], ones);
  return {
    inputs: { x, scale, shift },
    build: ({ x, scale, shift }) => ({
      y: batchNorm(x!, { scale: scale!, shift: shift!, mean, variance }, { training: true }),
    }),
    error({ y }) {
      const { normal } = normalised(x.values, rows, channels);
      const at = (i: number) => i % channels;
      return errorOf(y!, (i) => normal[i]! * scale.values[at(i)]! + shift.values[at(i)]!);
    },
  };
}

function convWeightsProblem(shape: Shape): Problem {
  const [h, w, , cout, kh, kw, stride, dilation, groups] = shape.slice(1) as ConvSizes;
  const window = windowOf('conv', [h, w], [kh, kw], { padding: 'same', stride, dilation });
  return weightsProblem(shape.slice(0, 4), cout, window, groups);
}
type ConvSizes = [number, number, number, number, number, number, number, number, number];
/** Heatmaps of four joints, whose rows have a quad for each pixel. */
function mapColumnsProblem([images, rows, columns]: Shape): Problem {
  const joints = uniform([images!, 4, 2], 1, 0, Math.min(rows!, columns!));
  return {
    inputs: { joints },
    build: ({ joints }) => ({ y: gaussianHeatmaps(joints!, [rows!, columns!], { sigma: 3 }) }),
    error({ y }) {
      const from = (i: number, axis: number) =>
        joints.values[2 * (4 * Math.floor(i / (4 * rows! * columns!)) + (i % 4)) + axis]!;
      return errorOf(y!, (i) => {
        const pixel = Math.floor(i / 4) % (rows! * columns!);
        const dx = (pixel % columns!) + 0.5 - from(i, 0);
        const dy = Math.floor(pixel / columns!) + 0.5 - from(i, 1);
        return Math.exp(-(dx * dx + dy * dy) / 18);
      });
    },
  };
}
const attentionProblem = ([batch, heads, tokens, keys, size, masked, backward]: Shape): Problem => {
  const sizes = [batch!, heads!, tokens!, size!] as const;
  return (backward ? backwardProblem : forwardProblem)(sizes, keys!, masked === 1);
};
/** A depthwise convolution, or one of its gradients, as y. */
const depthwiseOf =
  (pass: Pass) =>
  ([n, h, w, c, kh, kw, ...steps]: Shape): Problem => {
    const [stride, dilation] = [steps.slice(0, 2), steps.slice(2)] as unknown as [Pair, Pair];
    const options = { stride, dilation, padding: 'same' } as const;
    const window = windowOf('depthwise', [h!, w!], [kh!, kw!], options);
    const { inputs, build, error } = depthwiseProblem([n!, h!, w!, c!], window, pass);
    const name = { forward: 'y', 'input gradient': 'dx', 'weight gradient': 'dw' }[
      pass as 'forward'
    ];
    return {
      inputs,
      build: (t) => ({ y: build(t)[name]! }),
      error: ({ y }) => error({ [name]: y! }),
    };
  };

function pooling([n, h, w, c, kh, kw, ...steps]: Shape): Problem {
  const [stride, dilation] = [steps.slice(0, 2), steps.slice(2, 4)] as unknown as [Pair, Pair];
  const options = { stride, dilation, padding: 'same' } as const;
  const window = windowOf('pool', [h!, w!], [kh!, kw!], options);
  return poolProblem([n!, h!, w!, c!], window, true, steps[4] === 1);
}

export const tunedFamilies: readonly Tuned[] = [
  { tunable: attentionTunable, problem: attentionProblem },
  { tunable: matmulTunable, problem: matmulProblem },
  { tunable: convTunable, problem: convolution },
  { tunable: batchNormTunable, problem: batchNormProblem },
  { tunable: convWeightsTunable, problem: convWeightsProblem },
  { tunable: mapColumnsTunable, problem: mapColumnsProblem },
  { tunable: depthwiseTunable, problem: depthwiseOf('forward') },
  { tunable: depthwiseInputTunable, problem: depthwiseOf('input gradient') },
  { tunable: depthwiseWeightTunable, problem: depthwiseOf('weight gradient') },
  { tunable: poolTunable, problem: pooling },
  { tunable: rowsTunable, problem: rowsProblem },
  { tunable: layerNormTunable, problem: (shape) => layerNormProblem(shape, 'forward') },
  { tunable: walkTunable, problem: walkProblem },
];
