/** TensorFlow.js with its WebGPU backend, on Dawn in Node. */

// In Node only this package brings the derivatives of the ops.
import '@tensorflow/tfjs-layers';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { findAdapters } from '../../src/platform/node/adapters.ts';
import type { Chain, Engine, Lifter, OpenEngine, Trainer } from './engine.ts';
import {
  type Hidden,
  INPUTS,
  NORM_EPSILON,
  OUTPUTS,
  type Training,
  type Weights,
} from './problem.ts';
import { refuseDilation, tfjsSteps } from './tfjs_ops.ts';
import { type OpJob, opName } from './work.ts';

export const engine: Engine = {
  title: `TensorFlow.js ${tf.version_core} WebGPU`,

  async open(): Promise<OpenEngine> {
    const { adapter } = await findAdapters();
    if (!adapter) throw new Error('TensorFlow.js: there is no adapter.');
    const device = await openDevice(adapter);
    // The backend refuses to start without this global, though it then only uses its device.
    Object.defineProperty(globalThis, 'navigator', { value: { gpu: {} }, configurable: true });
    tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info));
    await tf.setBackend('webgpu');
    return {
      adapter: `${adapter.info.device} ${adapter.info.description}`.trim(),
      op,
      lifter,
      trainer,
    };
  },
};

/** A device with the features and limits that the backend asks for in a page. */
function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const features = ['timestamp-query', 'bgra8unorm-storage'] as const;
  const limits = [
    'maxComputeWorkgroupStorageSize',
    'maxComputeWorkgroupsPerDimension',
    'maxStorageBufferBindingSize',
    'maxBufferSize',
    'maxComputeWorkgroupSizeX',
    'maxComputeInvocationsPerWorkgroup',
  ] as const;
  return adapter.requestDevice({
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]])),
  });
}

async function op({ work, start, fixed }: OpJob): Promise<Chain | undefined> {
  const step = tfjsSteps[opName(work)];
  if (!step) return undefined;
  refuseDilation(work);
  const shapeOf = ({ shape }: { shape: readonly number[] }) => [...shape];
  const tensors = Object.fromEntries(
    Object.entries(fixed).map(([name, given]) => [
      name,
      given.map((each) => tf.tensor(each.values, shapeOf(each))),
    ]),
  );
  return {
    async run(length) {
      const last = tf.tidy(() => {
        let y = tf.tensor(start.values, shapeOf(start));
        for (let i = 0; i < length; i++) y = step(y, tensors, i, work);
        return y;
      });
      const values = await last.data();
      last.dispose();
      return values as Float32Array;
    },
    close: () => tf.dispose(tensors),
  };
}

interface Network {
  apply(x: tf.Tensor2D, training?: Training): tf.Tensor2D;
  /** The variables that decay. */
  readonly matrices: readonly tf.Variable[];
  readonly variables: readonly tf.Variable[];
}

function network(weights: Weights): Network {
  const { width } = weights;
  const variables: tf.Variable[] = [];
  const matrices: tf.Variable[] = [];
  const vector = (values: Float32Array, trainable = true) => {
    const variable = tf.variable(tf.tensor1d(values), trainable);
    variables.push(variable);
    return variable as tf.Variable<tf.Rank.R1>;
  };
  const matrix = (values: Float32Array, shape: [number, number]) => {
    const variable = tf.variable(tf.tensor2d(values, shape));
    variables.push(variable);
    matrices.push(variable);
    return variable as tf.Variable<tf.Rank.R2>;
  };

  const layer = ({ inputs, weight, norm }: Hidden) => {
    const w = matrix(weight, [inputs, width]);
    const scale = vector(norm.scale);
    const shift = vector(norm.shift);
    const mean = vector(norm.mean, false);
    const variance = vector(norm.variance, false);
    return (x: tf.Tensor2D, training?: Training): tf.Tensor2D => {
      const y = tf.matMul<tf.Tensor2D>(x, w);
      if (!training) {
        return tf.relu(tf.batchNorm2d(y, mean, variance, shift, scale, NORM_EPSILON));
      }
      const batch = tf.moments(y, 0) as Record<'mean' | 'variance', tf.Tensor1D>;
      follow(mean, batch.mean, training.momentum);
      follow(variance, batch.variance, training.momentum);
      const normed = tf.batchNorm2d(y, batch.mean, batch.variance, shift, scale, NORM_EPSILON);
      return tf.dropout(tf.relu(normed), training.dropout) as tf.Tensor2D;
    };
  };

  const first = layer(weights.first);
  const blocks = weights.blocks.map(([one, two]) => [layer(one), layer(two)] as const);
  const last = matrix(weights.weight, [width, OUTPUTS]);
  const bias = vector(weights.bias);
  const apply = (x: tf.Tensor2D, training?: Training): tf.Tensor2D => {
    const features = blocks.reduce(
      (y, [one, two]) => tf.add(y, two(one(y, training), training)),
      first(x, training),
    );
    return tf.add(tf.matMul(features, last), bias);
  };
  return { apply, matrices, variables };
}

/** Moves a running statistic towards that of the batch. */
function follow(running: tf.Variable, batch: tf.Tensor, momentum: number) {
  tf.tidy(() => running.assign(tf.add(tf.mul(running, 1 - momentum), tf.mul(batch, momentum))));
}

async function lifter(weights: Weights, batch: number): Promise<Lifter> {
  const { apply, variables } = network(weights);
  return {
    async run(poses) {
      const lifted = tf.tidy(() => apply(tf.tensor2d(poses, [batch, INPUTS])));
      const values = await lifted.data();
      lifted.dispose();
      return values as Float32Array;
    },
    close: () => tf.dispose([...variables]),
  };
}

async function trainer(weights: Weights, training: Training): Promise<Trainer> {
  const { batch, rate, decay, beta1, beta2, epsilon } = training;
  const { apply, matrices, variables } = network(weights);
  const optimiser = tf.train.adam(rate, beta1, beta2, epsilon);
  let last: tf.Scalar | undefined;

  const step = (poses: Float32Array, targets: Float32Array) => {
    const loss = tf.tidy(() => {
      const x = tf.tensor2d(poses, [batch, INPUTS]);
      const target = tf.tensor2d(targets, [batch, OUTPUTS]);
      const { value, grads } = tf.variableGrads(
        () => tf.mean(tf.squaredDifference(apply(x, training), target)) as tf.Scalar,
      );
      for (const weight of matrices) weight.assign(tf.mul(weight, 1 - rate * decay));
      optimiser.applyGradients(grads as Parameters<typeof optimiser.applyGradients>[0]);
      return value;
    });
    last?.dispose();
    last = loss;
  };
  return {
    notes: [
      'it has no AdamW: its Adam after w <- (1 - rate decay) w, which is the same update',
      'its dropout draws its random numbers on the CPU and uploads them',
    ],
    step,
    async loss() {
      if (!last) throw new Error('TensorFlow.js: there is no loss before the first step.');
      return (await last.data())[0]!;
    },
    close() {
      last?.dispose();
      optimiser.dispose();
      tf.dispose([...variables]);
    },
  };
}
