/** Models in the format of ONNX, and the lifter as one. */

import onnxProto from 'onnx-proto';
import { type Hidden, INPUTS, NORM_EPSILON, OUTPUTS, type Weights } from './problem.ts';

const { onnx } = onnxProto;
const { FLOAT } = onnx.TensorProto.DataType;
const { FLOAT: FLOAT_ATTRIBUTE, INT, INTS } = onnx.AttributeProto.AttributeType;

/** Numbers are floats; integers say so. */
export type Attributes = Readonly<Record<string, number | readonly number[] | { int: number }>>;

/** A graph in the making: calls append nodes, and tensors are named. */
export class Graph {
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

  /** Appends a node, and gives its output; lists in attributes are of integers. */
  call(opType: string, input: string[], attributes: Attributes = {}, domain = ''): string {
    const name = `${opType}${this.#nodes.length}`;
    const attribute = Object.entries(attributes).map(([name, value]) =>
      typeof value === 'number'
        ? { name, f: value, type: FLOAT_ATTRIBUTE }
        : 'int' in value
          ? { name, i: value.int, type: INT }
          : { name, ints: [...value], type: INTS },
    );
    const node = { opType, name, input, output: [name], attribute, domain };
    this.#nodes.push(onnx.NodeProto.create(node));
    return name;
  }

  /** The bytes of a model file with inputs of these shapes by name, and one output. */
  model(inputs: Readonly<Record<string, readonly number[]>>, output: string): Uint8Array {
    const elemType = FLOAT;
    const input = Object.entries(inputs).map(([name, shape]) => {
      const dim = shape.map((dimValue) => ({ dimValue }));
      return { name, type: { tensorType: { elemType, shape: { dim } } } };
    });
    return onnx.ModelProto.encode({
      irVersion: 8,
      opsetImport: [
        { domain: '', version: 17 },
        { domain: 'com.microsoft', version: 1 },
      ],
      producerName: 'kinegrad-bench',
      graph: {
        name: 'work',
        node: this.#nodes,
        initializer: this.#constants,
        input,
        output: [{ name: output, type: { tensorType: { elemType } } }],
      },
    }).finish();
  }
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
  return graph.model({ x: [batch, INPUTS] }, graph.call('Gemm', [features, last, bias]));
}
