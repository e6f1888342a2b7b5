/// <reference types="@webgpu/types" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/** The public surface of Kinegrad. */

export { jointsToHuman36m, readJoints } from './data/joints.ts';
// The device
export * from './gpu/faults.ts';
export { type Counts, Gpu, type OpenOptions, openGpu } from './gpu/gpu.ts';

// Programs
export { grad } from './graph/autograd.ts';
// Ops
export * from './graph/ops/elementwise.ts';
export * from './graph/ops/layout.ts';
export { linear, type MatmulOptions, matmul } from './graph/ops/matmul.ts';
export { type BatchNormOptions, batchNorm, layerNorm } from './graph/ops/norm.ts';
export {
  type AdamOptions,
  adam,
  adamW,
  averageOf,
  type OptimiserOptions,
  sgdMomentum,
} from './graph/ops/optimiser.ts';
export { logSumExp, max, mean, min, norm, sum } from './graph/ops/reduce.ts';
export { softmax } from './graph/ops/softmax.ts';
export type { CompileOptions, InputSpec, Program, Snapshot } from './graph/program.ts';
export { compile, evaluate } from './graph/program.ts';
export { readVariables, releaseVariables, type Values, writeVariables } from './graph/store.ts';
export { constant, type Schedule, scalar, type Tensor } from './graph/trace.ts';
export {
  heNormal,
  type Initial,
  ones,
  uniformFan,
  type Variable,
  VariableSet,
  zeros,
} from './graph/variables.ts';

// Models, lifting, training
export { type Architecture, type Lifted, type Lifter, loadLifter } from './lift/lifter.ts';
export {
  batchNormLayer,
  dense,
  type Mode,
  type ModelVariables,
  modelVariables,
  type Network,
} from './models/layers.ts';
export { type MartinezOptions, martinez } from './models/martinez.ts';
export { readWeights, type Weights, type WeightsHeader, writeWeights } from './models/weights.ts';
export type { AdapterKind, AdapterReport, FoundAdapters, Image } from './platform/types.ts';
// Poses and cameras
export {
  type Camera,
  cameraFromFocal35,
  cameraFromFov,
  cameraFromIntrinsics,
  pixelsToRays,
  project,
  raysToPixels,
} from './pose/camera.ts';
export { convertNamedJoints, convertPose } from './pose/convert.ts';
export { type Evaluation, evaluate as evaluatePoses, type Metric } from './pose/metrics.ts';
export {
  BONES,
  JOINTS,
  type Joint,
  type PixelPose,
  type Pose3d,
  type RayPose,
} from './pose/skeleton.ts';
export * from './train/losses.ts';
export * as schedules from './train/schedules.ts';
