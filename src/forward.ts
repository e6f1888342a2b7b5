/**
 * `kinegrad/forward`: the ops whose gradients have kernels of their own, without them, for pages
 * that only run a model. They are called as those of `kinegrad`, and `grad` refuses them.
 */

export { attentionForward as attention } from './graph/ops/attention.ts';
export { conv2dForward as conv2d } from './graph/ops/conv.ts';
export { convTranspose2dForward as convTranspose2d } from './graph/ops/conv_transpose.ts';
export { depthwiseConv2dForward as depthwiseConv2d } from './graph/ops/depthwise.ts';
export { gaussianHeatmapsForward as gaussianHeatmaps } from './graph/ops/heatmap.ts';
export {
  addLayerNormForward as addLayerNorm,
  layerNormForward as layerNorm,
} from './graph/ops/layer_norm.ts';
export { avgPool2dForward as avgPool2d, maxPool2dForward as maxPool2d } from './graph/ops/pool.ts';
export {
  resizeBilinearForward as resizeBilinear,
  resizeNearestForward as resizeNearest,
} from './graph/ops/resize.ts';
export { skeletonImageForward as skeletonImage } from './graph/ops/skeleton_image.ts';
export {
  softArgmax2dForward as softArgmax2d,
  softArgmax3dForward as softArgmax3d,
} from './graph/ops/soft_argmax.ts';
export { softmaxForward as softmax } from './graph/ops/softmax.ts';
export { squeezeExciteForward as squeezeExcite } from './graph/ops/squeeze_excite.ts';
