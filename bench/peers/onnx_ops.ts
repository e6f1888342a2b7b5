/** The ops of ONNX in chains: images are NCHW. */

import type { Steps } from './engine.ts';
import { channelsFirst, channelsOutermost, type Ordered } from './layouts.ts';
import { Graph } from './onnx_model.ts';
import { pick } from './ops/parts.ts';
import { type Window, windowOf } from './ops/windows.ts';
import { NORM_EPSILON } from './problem.ts';
import { type OpJob, opName, type Values } from './work.ts';

export function onnxSteps(graph: Graph): Steps<string> {
  const windowed = ({ k, stride, dilation, padding }: Window) => ({
    kernel_shape: [k, k],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    pads: [padding, padding, padding, padding],
  });
  const conv = (x: string, w: string, window: Window, group: number) =>
    graph.call('Conv', [x, w], { ...windowed(window), group: { int: group } });
  const add = (a: string, b: string) => graph.call('Add', [a, b]);

  return {
    'matmul forward': (y, { w }, i) => graph.call('MatMul', [y, pick(w!, i)]),
    'softmax forward': (y) => graph.call('Softmax', [y]),
    'layerNorm forward': (y, { scale, shift }) =>
      graph.call('LayerNormalization', [y, scale![0]!, shift![0]!], { epsilon: NORM_EPSILON }),
    'conv forward': (y, { x, w }, i, work) => {
      const window = windowOf(work);
      if (!x) return conv(y, pick(w!, i), window, 1);
      return add(y, conv(pick(x, i), pick(w!, i), window, 1));
    },
    'depthwise forward': (y, { w }, i, work) => {
      const window = windowOf(work);
      return conv(y, pick(w!, i), window, window.cin);
    },
    'pool forward': (y, { x }, i, work) =>
      add(y, graph.call('MaxPool', [pick(x!, i)], windowed(windowOf(work)))),
    // Its batch norm in training does not run on WebGPU. That of a batch whose images lie one after
    // another, [1, c, pixels of all], is what it calls instance norm.
    'batchNorm forward': (y, { scale, shift }) =>
      graph.call('InstanceNormalization', [y, scale![0]!, shift![0]!], { epsilon: NORM_EPSILON }),
    // Its MultiHeadAttention gave wrong values on lavapipe: off by a fifth of the largest.
    'attention forward': (y, { k, v }, i, { shape }) => {
      const turned = graph.call('Transpose', [pick(k!, i)], { perm: [0, 1, 3, 2] });
      const factor = graph.constant(Float32Array.of(shape[3]! ** -0.5), []);
      const scores = graph.call('Mul', [graph.call('MatMul', [y, turned]), factor]);
      return graph.call('MatMul', [graph.call('Softmax', [scores]), pick(v!, i)]);
    },
  };
}

/** A chain of calls: a model, what it is given, and the way back for its results. */
export interface OnnxChain {
  model(length: number): Uint8Array;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly inOrder: Ordered['inOrder'];
}

/**
 * What is no parameter of a network is an input: products of constants would be folded on the CPU.
 */
const PARAMETERS = ['w', 'scale', 'shift'];

/** Undefined where ONNX Runtime lacks the op. */
export function onnxChain(given: OpJob): OnnxChain | undefined {
  if (!onnxSteps(new Graph())[opName(given.work)]) return undefined;
  const { job, inOrder } = ordered(given);
  const { work, start, fixed } = job;
  const inputs: Record<string, Values> = { x: shaped(work, start) };
  for (const [name, list] of Object.entries(fixed))
    if (!PARAMETERS.includes(name))
      for (const [i, each] of list.entries()) inputs[`${name}${i}`] = shaped(work, each);
  return {
    inputs,
    inOrder,
    model(length) {
      const graph = new Graph();
      const step = onnxSteps(graph)[opName(work)]!;
      const tensors = Object.fromEntries(
        Object.entries(fixed).map(([name, list]) => [
          name,
          list.map(({ shape, values }, i) =>
            PARAMETERS.includes(name) ? graph.constant(values, shape) : `${name}${i}`,
          ),
        ]),
      );
      let y = 'x';
      for (let i = 0; i < length; i++) y = step(y, tensors, i, work);
      const shapes = Object.entries(inputs).map(([name, { shape }]) => [name, shape]);
      return graph.model(Object.fromEntries(shapes), y);
    },
  };
}

/** Heads of attention are before tokens, as MatMul has them. */
function ordered(job: OpJob): Ordered {
  const { family } = job.work;
  if (family === 'attention') return { job, inOrder: (y) => y };
  return family === 'batchNorm' ? channelsOutermost(job) : channelsFirst(job);
}

/** As the op counts the axes: [1, c, pixels] of batch norm's [c, n, h, w]. */
function shaped({ family }: OpJob['work'], { shape, values }: Values): Values {
  const [c, ...others] = shape;
  if (family !== 'batchNorm') return { shape, values };
  return { shape: [1, c!, others.reduce((a, b) => a * b, 1)], values };
}
