/** Gaussian heatmaps of joints. */

import { mapColumns } from '../../kernels/pose_columns.ts';
import {
  gaussianHeatmapsBackward as backwardKernel,
  gaussianHeatmapsFinish as finishKernel,
  gaussianHeatmaps as heatmapsKernel,
} from '../../kernels/pose_heatmap.ts';
import { type Operand, type Shape, view } from '../../kernels/tensor.ts';
import { call, call1, constant, type Op, type OpRule, op, show, type Tensor } from '../trace.ts';

interface HeatmapCall {
  readonly sigma: number;
  readonly height: number;
  readonly width: number;
}

/** Maps [n, h, w, j] with a line of w j values for each row. */
const lines = (maps: Operand): Operand => {
  const [n, h, w, j] = maps.shape as [number, number, number, number];
  return view(maps, [n, h, w * j]);
};

/** y from joints and amplitude. */
const heatmapsRule: OpRule<HeatmapCall> = {
  halves: [0],
  shape: ([joints], { height, width }) => [[joints![0]!, height, width, joints![1]!]],
  lower: ({ inputs: [joints, amplitude], outputs, run, target }, { sigma }) => {
    const y = lines(outputs[0]!);
    const columns = mapColumns(target, y);
    const attributes = { sigma, channels: joints!.shape[1]!, columns, firstImage: 0 };
    run(heatmapsKernel, { joints: joints!, amplitude: amplitude!, y }, attributes);
  },
};
const heatmapsForwardOp = /* @__PURE__ */ op<HeatmapCall>('gaussianHeatmaps', heatmapsRule);
const heatmapsOp = /* @__PURE__ */ op<HeatmapCall>('gaussianHeatmaps', heatmapsRule, {
  // du = a / sigma² Σ dy g (c + 1/2 - u), dv likewise, da = Σ dy g
  backward: ([dy], { x: [joints, amplitude], a }) =>
    call(heatmapsBackwardOp, [dy!, joints!, amplitude!], a),
});

/** [djoints, damplitude] */
const heatmapsBackwardOp = /* @__PURE__ */ op<HeatmapCall>('gaussianHeatmapsBackward', {
  shape: ([, joints, amplitude]) => [joints!, amplitude!],
  lower: ({ inputs, outputs, run, scratch, target }, { sigma, width }) => {
    const [maps, joints, amplitude] = inputs as [Operand, Operand, Operand];
    const [djoints, damplitude] = outputs as [Operand, Operand];
    const dy = lines(maps);
    const columns = mapColumns(target, dy);
    const [n, channels] = joints.shape as [number, number];
    const partial = scratch('columns', [n, columns.parts, 2, width, channels]);
    const attributes = { sigma, channels, columns, firstImage: 0 };
    run(backwardKernel, { dy, joints, partial }, attributes);
    run(finishKernel, { joints, amplitude, partial, djoints, damplitude }, { sigma });
  },
});

export interface HeatmapOptions {
  /** Standard deviation of the Gaussians, in pixels of the map. */
  sigma: number;
  /** Height of each peak, such as a joint's visibility or confidence: [n, j]. The default is 1. */
  amplitude?: Tensor;
}

/**
 * A Gaussian for each joint, exp(-d² / 2 sigma²) at distance d from it, not normalised: its peak is
 * the amplitude. Images are NHWC, so that maps can be joined to colours by `concat` along the last
 * axis. Calda et al. draw 17 of them with sigma 10 beside colours and depth, or with sigma 2 on maps
 * of 64 x 64.
 * @param joints [n, j, 2], x and y in pixels of the map: (0, 0) is its top left corner, and the
 * centre of the first pixel is (0.5, 0.5). A joint may lie outside
 * @param size height and width of the maps
 * @returns [n, h, w, j]; the gradient reaches joints and amplitude
 */
export const gaussianHeatmaps = (
  joints: Tensor,
  size: readonly [height: number, width: number],
  options: HeatmapOptions,
): Tensor => heatmaps(heatmapsOp, joints, size, options);

/** The same without its derivative. */
export const gaussianHeatmapsForward: typeof gaussianHeatmaps = (joints, size, options) =>
  heatmaps(heatmapsForwardOp, joints, size, options);

function heatmaps(
  by: Op<HeatmapCall>,
  joints: Tensor,
  size: readonly [height: number, width: number],
  { sigma, amplitude }: HeatmapOptions,
): Tensor {
  const [height, width] = size;
  const [n, j] = checkJoints('gaussianHeatmaps', joints.shape);
  checkSize('gaussianHeatmaps', size);
  if (!(sigma > 0)) throw new Error(`gaussianHeatmaps: sigma must be above 0 pixels, got ${sigma}`);
  if (amplitude && amplitude.shape.join() !== `${n},${j}`)
    throw new Error(
      `gaussianHeatmaps: joints ${show(joints.shape)} need an amplitude [${n}, ${j}], got ${show(amplitude.shape)}. Reshape it`,
    );
  const peaks = amplitude ?? constant(new Float32Array(n * j).fill(1), [n, j]);
  return call1(by, [joints, peaks], { sigma, height, width });
}

/** n and j of joints in a plane. */
export function checkJoints(name: string, shape: Shape): readonly [number, number] {
  if (shape.length !== 3 || shape[2] !== 2)
    throw new Error(`${name}: joints must be [n, j, 2], got ${show(shape)}. Reshape or slice them`);
  return [shape[0]!, shape[1]!];
}

export function checkSize(name: string, size: readonly number[]): void {
  if (size.length !== 2 || !size.every((n) => Number.isInteger(n) && n > 0))
    throw new Error(
      `${name}: the size must be [height, width] in whole pixels above 0, got [${size.join(', ')}]`,
    );
}
