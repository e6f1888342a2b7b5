/**
 * Kernels on wgsl_reflect's interpreter, on small cases: it gives what the device gives, and no invocation
 * reads or writes beyond a binding, or touches what another writes. The interpreter knows no barriers
 * between invocations and no subgroups, and with quads and pointers in many forms it stops, gives
 * nonsense or does not end: each case names the kernels that it runs rightly.
 */

import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { planOf } from '../../src/graph/program.ts';
import * as k from '../../src/index.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose } from '../check.ts';
import { runGuarded } from '../guarded.ts';
import { interpret, interpretSource } from '../interpreter.ts';
import { normal } from '../reference.ts';

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

type Tensors = Readonly<Record<string, k.Tensor>>;
type Graph = (t: Tensors) => Readonly<Record<string, k.Tensor>>;

interface Case {
  /** Files of shaders/, without their ending. */
  readonly kernels: readonly string[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly graph: Graph;
  readonly variants?: k.Variants;
}

/** An op and the gradients of some of its inputs. */
const both =
  (op: (t: Tensors) => k.Tensor, ...wrt: string[]): Graph =>
  (t) => {
    const y = op(t);
    const gradients = k.grad(
      k.sum(k.mul(y, t.dy!)),
      wrt.map((name) => t[name]!),
    );
    return { y, ...Object.fromEntries(gradients.map((dx, i) => [`d${wrt[i]}`, dx])) };
  };

const image = [1, 5, 6, 4];
const conv = {
  shapes: { x: image, w: [3, 3, 4, 8], dy: [1, 5, 6, 8] },
  graph: both(({ x, w }) => k.conv2d(x!, w!, { padding: 1 }), 'x', 'w'),
};
const depthwise = {
  shapes: { x: image, w: [3, 3, 1, 4], dy: image },
  graph: both(({ x, w }) => k.depthwiseConv2d(x!, w!, { padding: 1 }), 'x', 'w'),
};

const cases: Readonly<Record<string, Case>> = {
  'a chain': {
    kernels: ['elementwise'],
    shapes: { x: [3, 8], e: [8] },
    graph: ({ x, e }) => ({ y: k.relu(k.add(x!, e!)) }),
  },
  'sums of columns': {
    kernels: ['reduce_strided'],
    shapes: { x: [5, 12] },
    graph: ({ x }) => ({ y: k.sum(x!, 0) }),
  },
  'a transposition': {
    kernels: ['copy'],
    shapes: { x: [3, 5, 4] },
    graph: ({ x }) => ({ y: k.transpose(x!, [2, 0, 1]) }),
  },
  softmax: {
    kernels: ['softmax_short_rows', 'softmax_backward_short_rows'],
    shapes: { x: [3, 12], dy: [3, 12] },
    graph: both(({ x }) => k.softmax(x!), 'x'),
    variants: { rows: 'threads' },
  },
  'layer norm': {
    kernels: ['layer_norm_short_rows', 'layer_norm_backward_short_rows', 'layer_norm_sums'],
    shapes: { x: [3, 12], s: [12], h: [12], dy: [3, 12] },
    graph: both(({ x, s, h }) => k.layerNorm(x!, s!, h!), 'x', 's', 'h'),
    variants: { layerNorm: 'threads' },
  },
  'a product': {
    kernels: ['matmul_1_naive'],
    shapes: { a: [5, 8], b: [8, 12] },
    graph: ({ a, b }) => ({ y: k.matmul(a!, b!) }),
    variants: { matmul: 'naive' },
  },
  'a convolution by Winograd': {
    kernels: ['winograd_taps', 'winograd_input', 'winograd_output'],
    ...conv,
    variants: { conv: 'winograd' },
  },
  'gradients of weights': {
    kernels: ['conv_weights_1_naive'],
    ...conv,
    variants: { convWeights: 'naive' },
  },
  depthwise: {
    kernels: ['depthwise_1_naive', 'depthwise_input_gradient', 'depthwise_weights'],
    shapes: { ...depthwise.shapes, dy: [1, 3, 3, 4] },
    graph: both(({ x, w }) => k.depthwiseConv2d(x!, w!, { padding: 1, stride: 2 }), 'x', 'w'),
    variants: { depthwise: 'naive', depthwiseInput: 'any', depthwiseWeight: 'any' },
  },
  'depthwise by ranges': {
    kernels: ['depthwise_2_ranges'],
    ...depthwise,
    variants: { depthwise: 'ranges' },
  },
  'depthwise by rows': {
    kernels: ['depthwise_3_rows'],
    ...depthwise,
    variants: { depthwise: 'rows' },
  },
  maxima: {
    kernels: ['pool_taps'],
    shapes: { x: image, dy: [1, 3, 3, 4] },
    graph: both(({ x }) => k.maxPool2d(x!, 3, { stride: 2, padding: 1 }), 'x'),
    variants: { pool: 'window' },
  },
  resizing: {
    kernels: ['resize', 'resize_backward'],
    shapes: { x: [1, 3, 4, 4], dy: [1, 5, 6, 4] },
    graph: both(({ x }) => k.resizeBilinear(x!, [5, 6]), 'x'),
  },
  'squeeze and excitation': {
    kernels: ['image_sums', 'image_scale'],
    shapes: { x: [2, 3, 3, 8], w1: [8, 4], b1: [4], w2: [4, 8], b2: [8], dy: [2, 3, 3, 8] },
    graph: both(
      ({ x, w1, b1, w2, b2 }) => k.squeezeExcite(x!, { w1: w1!, b1: b1!, w2: w2!, b2: b2! }),
      'x',
    ),
  },
  attention: {
    kernels: ['attention_stats'],
    shapes: { q: [1, 2, 3, 8], k: [1, 2, 5, 8], v: [1, 2, 5, 8], dy: [1, 2, 3, 8] },
    graph: both(({ q, k: keys, v }) => k.attention(q!, keys!, v!), 'q', 'k', 'v'),
    variants: { attention: 'tile' },
  },
  heatmaps: {
    kernels: ['gaussian_heatmaps'],
    shapes: { joints: [1, 2, 2] },
    graph: ({ joints }) => ({ y: k.gaussianHeatmaps(joints!, [4, 5], { sigma: 1 }) }),
  },
};

test.each(Object.entries(cases))('%s', async (name, { kernels, shapes, graph, variants }) => {
  const plan = planOf(gpu, graph, shapes, variants ? { variants } : {});
  const random = normal(name);
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      Float32Array.from({ length: sizeOf(shape) }, random),
    ]),
  );
  const interpreted = new Set<string>();
  await runGuarded(gpu, plan, inputs, (dispatch, before, after) => {
    const file = dispatch.kernel.file.replace('.wgsl', '');
    if (!kernels.includes(file)) return;
    const { written, faults } = interpret(dispatch, before);
    for (const [name, values] of Object.entries(written)) assertClose(values, after[name]!, 1e-5);
    expect(faults, file).toEqual([]);
    interpreted.add(file);
  });
  expect([...interpreted].sort()).toEqual([...kernels].sort());
});

const SHADER = `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) {`;

test.each([
  ['y[id.x] = 2.0 * x[id.x];', []],
  ['y[id.x] = x[id.x + 1];', ['reads x beyond its end']],
  ['y[id.x + 1] = x[id.x];', ['writes y beyond its end']],
  ['y[id.x / 2] = x[id.x];', ['a race for y']],
  ['let own = x[id.x]; y[id.x] = own; y[id.x] = y[3 - id.x];', ['a race for y']],
])('what goes wrong is seen: %s', (body, faults) => {
  const values = Float32Array.of(1, 2, 3, 4);
  const bound = [
    { name: 'x', binding: 0, values, writes: false },
    { name: 'y', binding: 1, values, writes: true },
  ];
  expect(interpretSource(`${SHADER} ${body} }`, [1, 1, 1], bound).faults).toEqual(faults);
});
