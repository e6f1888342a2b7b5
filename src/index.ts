/// <reference types="@webgpu/types" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/** The public surface of Kinegrad. */

// Files: in a page, of its private file system or its IndexedDB
export { decodeImage, listFiles, readFile, removeFile, writeFileAtomic } from '#platform';
// Data
export { clipFromAmc, parseAmc } from './data/amc.ts';
export { parseAsf } from './data/asf.ts';
export { type Batch, type BatchPlan, drawBatch, type PoseSource } from './data/batches.ts';
export { readBenchmark } from './data/benchmark.ts';
export { sampleCamera } from './data/body/camera.ts';
export { sampleDetection } from './data/body/detection.ts';
export { type BodyFault, bodyFaults } from './data/body/limits.ts';
export { type SampledPose, samplePose } from './data/body/sample.ts';
export { bodySource, bodyView } from './data/body/source.ts';
export { clipFromBvh, parseBvh } from './data/bvh.ts';
export { packDepth, resizeDepth, unpackDepth } from './data/depth.ts';
export { type Human36mImage, readHuman36mAnnotations } from './data/human36m/annotations.ts';
export {
  type Human36mCameras,
  type PlacedCamera,
  readHuman36mCameras,
} from './data/human36m/cameras.ts';
export { HUMAN36M_SPLITS, type Human36mSplit, splitNamed } from './data/human36m/joints.ts';
export {
  human36mMotion,
  human36mViews,
  readHuman36mPixels,
  readHuman36mPoses,
} from './data/human36m/npz.ts';
export { type ImageJoints, jointsOf, jointsToHuman36m, readJoints } from './data/joints.ts';
export { type Motion, motionFromFiles, readMotion } from './data/motion.ts';
export { SCENE_SIZE } from './data/scene/layout.ts';
export { type Frame, frameOfCamera, frameOfView, packScenes } from './data/scene/pack.ts';
export { castScene, type Rendered } from './data/scene/ray_cast.ts';
export {
  DEPTH_ERROR,
  type DepthError,
  SCENE_SPLITS,
  type Scene,
  type SceneKey,
  type SceneOptions,
  type SplitName,
  sceneOf,
} from './data/scene/scene.ts';
export { type JointSequence, readSequence } from './data/sequence.ts';
export {
  type ImageSample,
  openShards,
  type ShardDataset,
  type ShardIo,
  type ShardSamples,
} from './data/shards/dataset.ts';
export { type TakeFilter, trainableSamples } from './data/shards/selection.ts';
export { type PackedSample, writeShard } from './data/shards/shard.ts';
export {
  type ShardStream,
  type StreamOptions,
  type StreamState,
  shardStream,
} from './data/shards/stream.ts';
export { motionSource, subjectSplit } from './data/splits.ts';
export { writeBvh } from './data/write_bvh.ts';
export { readSafetensors, writeSafetensors } from './formats/safetensors.ts';
export { SafetensorsError } from './formats/safetensors_header.ts';
// The device
export { DeviceLostEvent, type GpuEvents } from './gpu/events.ts';
export * from './gpu/faults.ts';
export { type Counts, Gpu, type OpenOptions, openGpu } from './gpu/gpu.ts';
export { compose, type Editions, type ShaderFile } from './gpu/shader.ts';
export type { Tuning } from './gpu/tuning.ts';
// Programs
export { grad } from './graph/autograd.ts';
export { checkpoint } from './graph/checkpoint.ts';
export { f16, halved } from './graph/halves.ts';
export { type AttentionOptions, attention } from './graph/ops/attention.ts';
export { type BatchNormOptions, batchNorm } from './graph/ops/batch_norm.ts';
// Ops
export { type ConvOptions, conv2d } from './graph/ops/conv.ts';
export { type ConvTransposeOptions, convTranspose2d } from './graph/ops/conv_transpose.ts';
export { depthwiseConv2d } from './graph/ops/depthwise.ts';
export {
  abs,
  add,
  div,
  dropout,
  equal,
  exp,
  gelu,
  greater,
  hardSwish,
  leakyRelu,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  relu,
  select,
  sigmoid,
  sign,
  silu,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
  type Value,
} from './graph/ops/elementwise.ts';
export { gaussianHeatmaps, type HeatmapOptions } from './graph/ops/heatmap.ts';
export { addLayerNorm, layerNorm } from './graph/ops/layer_norm.ts';
export * from './graph/ops/layout.ts';
export { linear, type MatmulOptions, matmul } from './graph/ops/matmul.ts';
export {
  type AdamOptions,
  adam,
  adamW,
  averageOf,
  type LossScale,
  lossScaleOf,
  type OptimiserOptions,
  sgdMomentum,
} from './graph/ops/optimiser.ts';
export { type AvgPoolOptions, avgPool2d, maxPool2d } from './graph/ops/pool.ts';
export { logSumExp, max, mean, min, norm, sum } from './graph/ops/reduce.ts';
export { type RenderedPeople, type RenderOptions, renderPeople } from './graph/ops/render.ts';
export { type ResizeOptions, resizeBilinear, resizeNearest } from './graph/ops/resize.ts';
export { type SkeletonOptions, skeletonImage } from './graph/ops/skeleton_image.ts';
export { type SoftArgmaxOptions, softArgmax2d, softArgmax3d } from './graph/ops/soft_argmax.ts';
export { softmax } from './graph/ops/softmax.ts';
export {
  globalMean2d,
  type SqueezeOptions,
  type SqueezeWeights,
  squeezeExcite,
} from './graph/ops/squeeze_excite.ts';
export type { HalfStorage, Plan, PlannedDispatch } from './graph/plan.ts';
export { describeMemory, memoryOf, type PlanMemory } from './graph/plan_memory.ts';
export { openProfiler, type Profiler, profile } from './graph/profile.ts';
export type { CompileOptions, InputSpec, Program, Snapshot } from './graph/program.ts';
export { compile, evaluate, planOf } from './graph/program.ts';
export {
  describeRecomputation,
  type Recomputation,
  recomputationOf,
} from './graph/recomputation.ts';
export { readVariables, releaseVariables, type Values, writeVariables } from './graph/store.ts';
export type { DispatchSpan, HostSpan, Part, PartName, Span, Timeline } from './graph/timeline.ts';
export { constant, type Schedule, scalar, type Tensor } from './graph/trace.ts';
export {
  glorotUniform,
  heNormal,
  type Initial,
  normal,
  ones,
  uniformFan,
  type Variable,
  VariableSet,
  zeros,
} from './graph/variables.ts';
export type { Variants } from './kernels/tuning.ts';
export type { Padding, Pair, WindowOptions } from './kernels/window.ts';
// Models, lifting, training
export { type Lifter, liftStep } from './lift/lifter.ts';
export {
  type Architecture,
  type LoadOptions,
  type LoadProgress,
  loadLifter,
  type WeightsSource,
} from './lift/load.ts';
export type { Lifted } from './lift/placed.ts';
export {
  type LiftedPhoto,
  loadViewLifter,
  type ViewLifter,
} from './lift/view_lifter.ts';
export { type CnnOptions, cnn } from './models/cnn.ts';
export {
  batchNormLayer,
  dense,
  type Mode,
  type ModelVariables,
  modelVariables,
  type Network,
} from './models/layers.ts';
export { type MartinezOptions, martinez } from './models/martinez.ts';
export { type TimmOptions, type TimmWeights, timmWeights } from './models/timm.ts';
export type {
  Insides,
  RootPlace,
  TwoStageNetwork,
  ViewArchitecture,
  ViewInputs,
} from './models/two_stage.ts';
export { attentionMaps, type VitNetwork, type VitOptions, vit } from './models/vit.ts';
export { readWeights, type Weights, type WeightsHeader, writeWeights } from './models/weights.ts';
export { parseTuning, type TuningDatabase, type TuningEntry } from './platform/tuning.ts';
export type { AdapterKind, AdapterReport, FoundAdapters, Image } from './platform/types.ts';
// Poses and cameras
export {
  backProject,
  type Camera,
  cameraFromFocal35,
  cameraFromFov,
  cameraFromIntrinsics,
  cameraToWorld,
  fieldOfView,
  lookAt,
  pixelsToRays,
  project,
  raysToPixels,
  worldToCamera,
} from './pose/camera.ts';
export {
  CHOICE_COUNT,
  type Choices,
  choicesOf,
  type DepthCandidates,
  depthCandidates,
  ontoRays,
} from './pose/candidates.ts';
export { convertNamedJoints, convertPose } from './pose/convert.ts';
export { type Moment, measureLag } from './pose/lag.ts';
export {
  type Evaluation,
  evaluate as evaluatePoses,
  FOURTEEN_JOINTS,
  type Metric,
} from './pose/metrics.ts';
export { type OneEuro, type OneEuroOptions, oneEuro } from './pose/one_euro.ts';
export { procrustes } from './pose/procrustes.ts';
export { placeRoot } from './pose/root.ts';
export * as rotation from './pose/rotation.ts';
export {
  BONES,
  boneLengths,
  JOINTS,
  type Joint,
  mirrorPose,
  type PixelPose,
  type Pose3d,
  type RayPose,
} from './pose/skeleton.ts';
export { type View, viewOf } from './pose/view.ts';
export { type DepthMap, type Photo, type ViewPicture, viewPicture } from './pose/view_picture.ts';
export { readCheckpoint, writeCheckpoint } from './train/checkpoint.ts';
export { configOf, DEFAULT_CONFIG, type LifterConfig } from './train/config.ts';
export { trainingSteps } from './train/loop.ts';
export * from './train/losses.ts';
export { isViewConfig, type RunConfig, runConfigOf } from './train/run_config.ts';
export * as schedules from './train/schedules.ts';
export { shardViews } from './train/shard_views.ts';
export { forecastTraining, type TrainingForecast, trainingStep } from './train/step.ts';
export { trainedWeights } from './train/trained_weights.ts';
export {
  type LifterTraining,
  openTraining,
  type StepReport,
  type Training,
  type TrainingData,
  type Validation,
} from './train/training.ts';
export { type ViewConfig, viewConfigOf } from './train/view_config.ts';
export {
  type RenderedOptions,
  renderedViews,
  type ViewBatch,
  type ViewSource,
} from './train/view_data.ts';
export { type Guess, type ViewErrors, viewErrors } from './train/view_errors.ts';
export { forecastViews } from './train/view_step.ts';
export {
  openViewTraining,
  outOfViews,
  type ViewTraining,
  type ViewTrainingData,
} from './train/view_training.ts';
