/** Models in the format of ONNX: chains of an op, and the lifter. */

import onnxProto from 'onnx-proto';
import type { Steps } from './engine.ts';
import { type Hidden, INPUTS, NORM_EPSILON, OUTPUTS, type Weights } from './problem.ts';
import { type OpJob, opName } from './work.ts';

const { onnx } = onnxProto;
const { FLOAT } = onnx.TensorProto.DataType;
const { FLOAT: FLOAT_ATTRIBUTE } = onnx.AttributeProto.AttributeType;

/** A graph in the making: calls append nodes, and tensors are named. */
class Graph {
  readonly #nodes: InstanceType<typeof onnx.NodeProto>[] = [];
  readonly #constants: InstanceType<typeof onnx.TensorProto>[] = [];

  constant(values: Float32Array, dims: readonly number[]): string {
    const name = `constant${this.#constants.length}`;
    // Raw data are little-endian, as is every machine that runs this.
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#constants.push(
      onnx.TensorProto.create({ name, dims: [...dims], dataType: FLOAT, rawData }),
    );
    return name;
  }

  /** Appends a node with attributes that are floats, and gives its output. */
  call(opType: string, input: string[], attributes: Readonly<Record<string, number>> = {}): string {
    const name = `${opType}${this.#nodes.length}`;
    const attribute = Object.entries(attributes).map(([name, f]) => ({
      name,
      f,
      type: FLOAT_ATTRIBUTE,
    }));
    this.#nodes.push(onnx.NodeProto.create({ opType, name, input, output: [name], attribute }));
    return name;
  }

  /** The bytes of a model file with one input, which is named `x`, and one output. */
  model(shape: readonly number[], output: string): Uint8Array {
    const elemType = FLOAT;
    const dim = shape.map((dimValue) => ({ dimValue }));
    return onnx.ModelProto.encode({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 17 }],
      producerName: 'kinegrad-bench',
      graph: {
        name: 'work',
        node: this.#nodes,
        initializer: this.#constants,
        input: [{ name: 'x', type: { tensorType: { elemType, shape: { dim } } } }],
        output: [{ name: output, type: { tensorType: { elemType } } }],
      },
    }).finish();
  }
}

const steps = (graph: Graph): Steps<string> => ({
  'matmul forward': (y, { w }, i) => graph.call('MatMul', [y, w![i % w!.length]!]),
  'softmax forward': (y) => graph.call('Softmax', [y]),
  'layerNorm forward': (y, { scale, shift }) =>
    graph.call('LayerNormalization', [y, scale![0]!, shift![0]!], { epsilon: NORM_EPSILON }),
});

/** A chain of calls from an input to an output; undefined where ONNX Runtime lacks the op. */
export function onnxChain({ work, start, fixed }: OpJob, length: number): Uint8Array | undefined {
  const graph = new Graph();
  const step = steps(graph)[opName(work)];
  if (!step) return undefined;
  const constants = Object.fromEntries(
    Object.entries(fixed).map(([name, given]) => [
      name,
      given.map(({ shape, values }) => graph.constant(values, shape)),
    ]),
  );
  let y = 'x';
  for (let i = 0; i < length; i++) y = step(y, constants, i, work);
  return graph.model(start.shape, y);
}

/**
 * The lifter, from [batch, INPUTS] to [batch, OUTPUTS], with the nodes that PyTorch's exporter
 * writes: MatMul, BatchNormalization and Relu for each hidden layer, Add for the skip, Gemm at the
 * end.
 */
export function onnxLifter(weights: Weights, batch: number): Uint8Array {
  const { width } = weights;
  const graph = new Graph();
  const layer = (x: string, { inputs, weight, norm }: Hidden) => {
    const product = graph.call('MatMul', [x, graph.constant(weight, [inputs, width])]);
    const parameters = (['scale', 'shift', 'mean', 'variance'] as const).map((parameter) =>
      graph.constant(norm[parameter], [width]),
    );
    const normed = graph.call('BatchNormalization', [product, ...parameters], {
      epsilon: NORM_EPSILON,
    });
    return graph.call('Relu', [normed]);
  };
  const features = weights.blocks.reduce(
    (y, [one, two]) => graph.call('Add', [layer(layer(y, one), two), y]),
    layer('x', weights.first),
  );
  const last = graph.constant(weights.weight, [width, OUTPUTS]);
  const bias = graph.constant(weights.bias, [OUTPUTS]);
  return graph.model([batch, INPUTS], graph.call('Gemm', [features, last, bias]));
}
