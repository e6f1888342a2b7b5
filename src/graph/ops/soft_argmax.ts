/** Soft-argmax: where a heatmap is high, in a way that has a gradient. */

import { mapColumns } from '../../kernels/pose_columns.ts';
import {
  softArgmaxBackward as backwardKernel,
  softArgmaxColumns as columnsKernel,
  softArgmaxFinish as finishKernel,
} from '../../kernels/pose_soft_argmax.ts';
import { type Operand, view } from '../../kernels/tensor.ts';
import { call, call1, type Op, type OpRule, op, show, type Tensor } from '../trace.ts';

interface SoftArgmaxCall {
  readonly beta: number;
  readonly joints: number;
  /** Channels of each joint, and whether their order is a coordinate. */
  readonly depth: number;
  readonly axes: 2 | 3;
}

const lines = (maps: Operand): Operand => {
  const [n, h, w, channels] = maps.shape as [number, number, number, number];
  return view(maps, [n, h, w * channels]);
};

/** [y, stats] of x. */
const softArgmaxRule: OpRule<SoftArgmaxCall> = {
  shape: ([x], { joints, axes }) => [
    [x![0]!, joints, axes],
    [x![0]!, joints, 2],
  ],
  lower: ({ inputs: [maps], outputs: [y, stats], run, scratch, target }, { beta, depth }) => {
    const [n, , w, channels] = maps!.shape as [number, number, number, number];
    const x = lines(maps!);
    const columns = mapColumns(target, x);
    const partial = scratch('columns', [n, columns.parts, 3, w, channels]);
    run(columnsKernel, { x, partial }, { beta, depth, columns, firstImage: 0 });
    run(finishKernel, { partial, y: y!, stats: stats! }, { depth });
  },
};
const softArgmaxForwardOp = /* @__PURE__ */ op<SoftArgmaxCall>('softArgmax', softArgmaxRule);
const softArgmaxOp = /* @__PURE__ */ op<SoftArgmaxCall>('softArgmax', softArgmaxRule, {
  // dx = beta p (dy · (place - y)), p the softmax over all cells
  backward: ([dy], { x: [x], y: [y, stats], a }) => [
    call1(softArgmaxBackwardOp, [x!, y!, dy!, stats!], a),
  ],
});

const softArgmaxBackwardOp = /* @__PURE__ */ op<SoftArgmaxCall>('softArgmaxBackward', {
  halves: [0],
  shape: ([x]) => [x!],
  lower: ({ inputs, outputs, run, target }, { beta, depth }) => {
    const [maps, y, dy, stats] = inputs as [Operand, Operand, Operand, Operand];
    const x = lines(maps);
    const attributes = { beta, depth, columns: mapColumns(target, x), firstImage: 0 };
    run(backwardKernel, { x, y, dy, stats, dx: lines(outputs[0]!) }, attributes);
  },
});

export interface SoftArgmaxOptions {
  /** Factor of the heatmaps before the softmax: the larger, the nearer to the maximum. Default 1. */
  beta?: number;
}

/**
 * The expected place of each joint under the softmax of `beta` times its heatmap over all cells
 * (integral regression, Sun et al. 2018).
 * @param heatmaps [n, h, w, j]
 * @returns [n, j, 2]: x and y in pixels of the map, as `gaussianHeatmaps` takes them: the centre of the
 * first pixel is (0.5, 0.5). Code that counts cells from 0 gives 0.5 less
 */
export const softArgmax2d = (heatmaps: Tensor, options: SoftArgmaxOptions = {}): Tensor =>
  placesInMaps(softArgmaxOp, heatmaps, options);

/** The same without its derivative. */
export const softArgmax2dForward: typeof softArgmax2d = (heatmaps, options = {}) =>
  placesInMaps(softArgmaxForwardOp, heatmaps, options);

function placesInMaps(
  by: Op<SoftArgmaxCall>,
  heatmaps: Tensor,
  { beta = 1 }: SoftArgmaxOptions,
): Tensor {
  const { shape } = heatmaps;
  if (shape.length !== 4)
    throw new Error(
      `softArgmax2d: heatmaps must be [n, h, w, j], got ${show(shape)}. Reshape them`,
    );
  checkBeta('softArgmax2d', beta);
  return call(by, [heatmaps], { beta, joints: shape[3]!, depth: 1, axes: 2 })[0]!;
}

/**
 * The same with depth: the channels of a joint are its slices, from the nearest on, so that channel
 * k depth + d is slice d of joint k. A 1x1 convolution to joints * depth channels gives that, as in
 * integral regression (64 x 64 x 64 cells for each joint).
 * @param volumes [n, h, w, j depth]
 * @returns [n, j, 3]: x, y and the place along depth, in cells; the centre of the first one is 0.5
 */
export const softArgmax3d = (
  volumes: Tensor,
  options: SoftArgmaxOptions & { depth: number },
): Tensor => placesInVolumes(softArgmaxOp, volumes, options);

/** The same without its derivative. */
export const softArgmax3dForward: typeof softArgmax3d = (volumes, options) =>
  placesInVolumes(softArgmaxForwardOp, volumes, options);

function placesInVolumes(
  by: Op<SoftArgmaxCall>,
  volumes: Tensor,
  { depth, beta = 1 }: SoftArgmaxOptions & { depth: number },
): Tensor {
  const { shape } = volumes;
  if (shape.length !== 4 || !Number.isInteger(depth) || depth < 1 || shape[3]! % depth !== 0)
    throw new Error(
      `softArgmax3d: volumes must be [n, h, w, j depth] with depth a whole number above 0, got ${show(shape)} and depth ${depth}`,
    );
  checkBeta('softArgmax3d', beta);
  return call(by, [volumes], { beta, joints: shape[3]! / depth, depth, axes: 3 })[0]!;
}

function checkBeta(name: string, beta: number): void {
  if (!(beta > 0 && beta < Infinity))
    throw new Error(`${name}: beta must be a number above 0, got ${beta}`);
}
