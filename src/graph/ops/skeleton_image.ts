/** Images of skeletons that have a gradient. */

import { type ColumnAttributes, mapColumns } from '../../kernels/pose_columns.ts';
import {
  skeletonImageBackward as backwardKernel,
  skeletonImageFinish as finishKernel,
  skeletonImage as imageKernel,
} from '../../kernels/pose_skeleton.ts';
import { type Operand, view } from '../../kernels/tensor.ts';
import { call, call1, type Op, type OpRule, op, type Tensor } from '../trace.ts';
import { checkJoints, checkSize } from './heatmap.ts';

type Bones = readonly (readonly [from: number, to: number])[];

interface SkeletonCall {
  readonly bones: Bones;
  readonly height: number;
  readonly width: number;
  readonly gamma: number;
  readonly squared: boolean;
}

const image = (t: Operand): Operand => view(t, t.shape.slice(0, 3));
const table = (bones: Bones) => Float32Array.from(bones.flat());

/** [y, the bone nearest to each pixel] of joints. */
const skeletonRule: OpRule<SkeletonCall> = {
  halves: [0],
  shape: ([joints], { height, width }) => [
    [joints![0]!, height, width, 1],
    [joints![0]!, height, width],
  ],
  lower: ({ inputs: [joints], outputs: [y, nearest], run, target, constant }, a) => {
    const columns = mapColumns(target, image(y!));
    const bones = view(constant(table(a.bones)), [a.bones.length, 2]);
    const operands = { joints: joints!, bones, y: image(y!), nearest: nearest! };
    run(imageKernel, operands, attributesOf(a, columns));
  },
};
const skeletonForwardOp = /* @__PURE__ */ op<SkeletonCall>('skeletonImage', skeletonRule);
const skeletonOp = /* @__PURE__ */ op<SkeletonCall>('skeletonImage', skeletonRule, {
  // da = 2 gamma Σ dy y (1 - t) (p - q), db = 2 gamma Σ dy y t (p - q), q = a + t (b - a)
  backward: ([dy], { x: [joints], y: [y, nearest], a }) => [
    call1(skeletonBackwardOp, [joints!, y!, dy!, nearest!], a),
  ],
});

const skeletonBackwardOp = /* @__PURE__ */ op<SkeletonCall>('skeletonImageBackward', {
  shape: ([joints]) => [joints!],
  lower: ({ inputs, outputs: [djoints], run, scratch, target, constant }, a) => {
    const [joints, ...images] = inputs as [Operand, Operand, Operand, Operand];
    const [y, dy, nearest] = images.map(image) as [Operand, Operand, Operand];
    const columns = mapColumns(target, y, 1);
    const bones = view(constant(table(a.bones)), [a.bones.length, 2]);
    const shape = [joints.shape[0]!, columns.parts, a.bones.length, a.width, 4];
    const partial = scratch('bones', shape);
    run(backwardKernel, { joints, bones, y, dy, nearest, partial }, attributesOf(a, columns));
    run(finishKernel, { bones, partial, djoints: djoints! }, undefined);
  },
});

const attributesOf = ({ gamma, squared }: SkeletonCall, columns: ColumnAttributes['columns']) => ({
  gamma,
  squared,
  columns,
  firstImage: 0,
});

export interface SkeletonOptions {
  /** How fast the image fades beside a bone: per squared pixel, or per pixel with `squared` off. */
  gamma: number;
  /** exp(-gamma d²), which is the default, or exp(-gamma d). */
  squared?: boolean;
}

/** A thread of the gradient holds four sums for each bone in memory of its own, of 8 KiB. */
const MOST_BONES = 256;

/**
 * An image of a skeleton: exp(-gamma d²), where d is the distance to the nearest bone (Sosa and Hogg
 * 2023, eq. 2), or exp(-gamma d), which is what the code of Jakab et al. 2020 draws. The gradient
 * flows to the ends of the bone that is nearest to each pixel, of equals to the first. The papers
 * measure in images from -1 to 1: gamma there, divided by (size / 2)² or by size / 2, is gamma here.
 * @param joints [n, j, 2], x and y in pixels of the image: (0, 0) is its top left corner, and the
 * centre of the first pixel is (0.5, 0.5)
 * @param bones pairs of joints, by index; one whose ends agree is a point
 * @param size height and width of the image
 * @returns [n, h, w, 1], between 0 and 1
 */
export const skeletonImage = (
  joints: Tensor,
  bones: Bones,
  size: readonly [height: number, width: number],
  options: SkeletonOptions,
): Tensor => drawn(skeletonOp, joints, bones, size, options);

/** The same without its derivative. */
export const skeletonImageForward: typeof skeletonImage = (joints, bones, size, options) =>
  drawn(skeletonForwardOp, joints, bones, size, options);

function drawn(
  by: Op<SkeletonCall>,
  joints: Tensor,
  bones: Bones,
  size: readonly [height: number, width: number],
  { gamma, squared = true }: SkeletonOptions,
): Tensor {
  const [height, width] = size;
  const [, j] = checkJoints('skeletonImage', joints.shape);
  checkSize('skeletonImage', size);
  if (!(gamma > 0)) throw new Error(`skeletonImage: gamma must be above 0, got ${gamma}`);
  if (bones.length < 1 || bones.length > MOST_BONES)
    throw new Error(`skeletonImage: takes 1 to ${MOST_BONES} bones, got ${bones.length}`);
  const wrong = bones.find((bone) => !bone.every((i) => Number.isInteger(i) && i >= 0 && i < j));
  if (wrong)
    throw new Error(
      `skeletonImage: the bone [${wrong.join(', ')}] must join two of the joints 0 to ${j - 1}`,
    );
  return call(by, [joints], { bones, height, width, gamma, squared })[0]!;
}
