/** What the engines are asked to do, and what is sent to them for it. */

import type { ViewProblem } from './cnn_problem.ts';
import type { Training, Weights } from './problem.ts';

export type Pass = 'forward' | 'input gradient' | 'weight gradient';

/** What the numbers of a shape mean. Windows are square, k x k, and padded by dilation (k - 1) / 2. */
export const DIMS = {
  matmul: 'm,k,n',
  softmax: 'rows,columns',
  layerNorm: 'rows,columns',
  batchNorm: 'n,h,w,c',
  conv: 'n,h,w,cin,cout,k,stride,dilation',
  depthwise: 'n,h,w,c,k,stride,dilation',
  /** Of maxima of 3 x 3, stride 2. */
  pool: 'n,h,w,c',
  attention: 'batch,heads,tokens,size',
} as const;

/** One op, alone. */
export interface OpWork {
  readonly kind: 'op';
  readonly family: keyof typeof DIMS;
  readonly pass: Pass;
  /** As {@link DIMS} says. */
  readonly shape: readonly number[];
}

/** A step of training, or an inference, of a whole model. */
export interface ModelWork {
  readonly kind: 'model';
  readonly model: 'martinez';
  readonly pass: 'training' | 'inference';
  readonly batch: number;
  readonly width: number;
}

/** A step of training of the convolutional lifter, which looks at views. */
export interface ViewWork {
  readonly kind: 'views';
  readonly model: 'cnn';
  readonly pass: 'training';
  readonly batch: number;
  /** Pixels along each side of a view. */
  readonly size: number;
  /** Channels, in percent of those of the full network. */
  readonly width: number;
}

export type Work = OpWork | ModelWork | ViewWork;

/** Such as `matmul forward`: the name of an op's entry in the tables of problems and engines. */
export type OpName = `${OpWork['family']} ${Pass}`;

export const opName = ({ family, pass }: OpWork): OpName => `${family} ${pass}`;

/** The work in a few words, for messages. */
export const describeWork = (work: Work): string =>
  work.kind === 'op'
    ? `${opName(work)} [${work.shape.join(', ')}]`
    : work.kind === 'views'
      ? `${work.model} ${work.pass}, batch ${work.batch}, ${work.size} pixels, width ${work.width} %`
      : `${work.model} ${work.pass}, batch ${work.batch}, width ${work.width}`;

/** Row-major values of a shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What stays on the device while a chain of ops runs: lists of tensors by name. */
export type Fixed<T> = Readonly<Record<string, readonly T[]>>;

/** All that an engine needs for a work; travels to its process. */
export type Job = OpJob | TrainingJob | InferenceJob | ViewJob;

/** A chain of calls: y <- op(y, fixed), from `start`. */
export interface OpJob {
  readonly kind: 'op';
  readonly work: OpWork;
  readonly start: Values;
  readonly fixed: Fixed<Values>;
}

export interface TrainingJob {
  readonly kind: 'training';
  readonly training: Training;
  readonly weights: Weights;
  /** The batch, which is the same in every step. */
  readonly poses: Float32Array;
  readonly targets: Float32Array;
}

export interface InferenceJob {
  readonly kind: 'inference';
  readonly batch: number;
  readonly weights: Weights;
  readonly poses: Float32Array;
}

export interface ViewJob extends ViewProblem {
  readonly kind: 'views';
  /** Whether the output is the loss and all gradients at these weights, without any update. */
  readonly judged: boolean;
}
