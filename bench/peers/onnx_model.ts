/** The lifter as an ONNX model, with the nodes that PyTorch's exporter writes. */

import onnxProto from 'onnx-proto';
import { type Hidden, INPUTS, NORM_EPSILON, OUTPUTS, type Weights } from './problem.ts';

const { onnx } = onnxProto;
const { FLOAT } = onnx.TensorProto.DataType;
const { FLOAT: FLOAT_ATTRIBUTE } = onnx.AttributeProto.AttributeType;

/**
 * The bytes of a model file: MatMul, BatchNormalization and Relu for each hidden layer, Add for the
 * skip, Gemm at the end. Input `poses` [batch, 34], output `lifted` [batch, 48].
 */
export function onnxModel(weights: Weights, batch: number): Uint8Array {
  const { width } = weights;
  const node: InstanceType<typeof onnx.NodeProto>[] = [];
  const initializer: InstanceType<typeof onnx.TensorProto>[] = [];

  const constant = (name: string, dims: number[], values: Float32Array) => {
    // Raw data are little-endian, as is every machine that runs this.
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    initializer.push(onnx.TensorProto.create({ name, dims, dataType: FLOAT, rawData }));
    return name;
  };
  const call = (opType: string, output: string, input: string[], attributes = {}) => {
    const attribute = Object.entries<number>(attributes).map(([name, f]) => ({
      name,
      f,
      type: FLOAT_ATTRIBUTE,
    }));
    node.push(onnx.NodeProto.create({ opType, name: output, input, output: [output], attribute }));
    return output;
  };
  const layer = (name: string, x: string, { inputs, weight, norm }: Hidden) => {
    const w = constant(`${name}.weight`, [inputs, width], weight);
    const parameters = (['scale', 'shift', 'mean', 'variance'] as const).map((parameter) =>
      constant(`${name}.${parameter}`, [width], norm[parameter]),
    );
    const product = call('MatMul', `${name}.product`, [x, w]);
    const normed = call('BatchNormalization', `${name}.normed`, [product, ...parameters], {
      epsilon: NORM_EPSILON,
    });
    return call('Relu', `${name}.features`, [normed]);
  };

  const features = weights.blocks.reduce(
    (y, [one, two], i) => {
      const inner = layer(`block${i}.one`, y, one);
      return call('Add', `block${i}`, [layer(`block${i}.two`, inner, two), y]);
    },
    layer('first', 'poses', weights.first),
  );
  const last = constant('last.weight', [width, OUTPUTS], weights.weight);
  call('Gemm', 'lifted', [features, last, constant('last.bias', [OUTPUTS], weights.bias)]);

  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    producerName: 'kinegrad-bench',
    graph: {
      name: 'martinez',
      node,
      initializer,
      input: [valueInfo('poses', [batch, INPUTS])],
      output: [valueInfo('lifted', [batch, OUTPUTS])],
    },
  }).finish();
}

const valueInfo = (name: string, dims: readonly number[]) => ({
  name,
  type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});
