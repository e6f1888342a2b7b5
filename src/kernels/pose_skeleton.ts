/** Images of skeletons, and the gradient of the joints. */

import skeletonWgsl from '../../shaders/skeleton_image.wgsl';
import backwardWgsl from '../../shaders/skeleton_image_backward.wgsl';
import finishWgsl from '../../shaders/skeleton_image_finish.wgsl';
import { kernel, kernelWith } from './kernel.ts';
import { type ColumnAttributes, joiningThreads, mapColumnsSpec } from './pose_columns.ts';
import { type Operand, sizeOf } from './tensor.ts';

export interface SkeletonAttributes extends ColumnAttributes {
  readonly gamma: number;
  /** exp(-gamma d²); else exp(-gamma d). */
  readonly squared: boolean;
}

type Drawn = Readonly<Record<'joints' | 'bones' | 'y', Operand>>;
const more = ({ gamma }: SkeletonAttributes, { joints, bones }: Drawn) => ({
  joints: joints.shape[1]!,
  bones: bones.shape[0]!,
  gamma,
});
const overrides = ({ columns, squared }: SkeletonAttributes) => ({
  WIDTH: columns.width,
  SQUARED: Number(squared),
});

/**
 * y and the index of the nearest bone, both [images, rows, width], from joints [images, joints, 2]
 * and bones [bones, 2].
 */
export const skeletonImage = /* @__PURE__ */ kernelWith<
  'joints' | 'bones',
  'y' | 'nearest',
  SkeletonAttributes
>(
  skeletonWgsl,
  /* @__PURE__ */ mapColumnsSpec(({ y }: Drawn) => y, more),
  {
    reads: ['joints', 'bones'],
    writes: ['y', 'nearest'],
    overrides: (_, a) => overrides(a),
    cost: ({ y, bones }) => ({
      bytes: 8 * sizeOf(y.shape),
      flops: (10 + 13 * bones.shape[0]!) * sizeOf(y.shape),
    }),
    cut: () => ['y', 'nearest'],
  },
);

/** partial [images, parts, bones, width, 4]: gradients of both ends of each bone. */
export const skeletonImageBackward = /* @__PURE__ */ kernelWith<
  'joints' | 'bones' | 'y' | 'dy' | 'nearest',
  'partial',
  SkeletonAttributes
>(
  backwardWgsl,
  // A pixel adds to the sums of its bone, so a thread takes one at a time.
  /* @__PURE__ */ mapColumnsSpec(({ y }: Drawn) => y, more, 1),
  {
    reads: ['joints', 'bones', 'y', 'dy', 'nearest'],
    writes: ['partial'],
    overrides: (_, a) => overrides(a),
    constants: ({ bones }) => ({ BONES: bones.shape[0]! }),
    cost: ({ y }) => ({ bytes: 12 * sizeOf(y.shape), flops: 30 * sizeOf(y.shape) }),
    cut: () => ['y', 'dy', 'nearest'],
  },
);

/** djoints [images, joints, 2] from partial [images, parts, bones, width, 4]. */
export const skeletonImageFinish = /* @__PURE__ */ kernel<'bones' | 'partial', 'djoints'>(
  finishWgsl,
  {
    reads: ['bones', 'partial'],
    writes: ['djoints'],
    overrides: (_t, _a, target) => ({ WIDTH: joiningThreads(target) }),
    params: ({ partial, djoints }) => ({
      images: djoints.shape[0]!,
      joints: djoints.shape[1]!,
      parts: partial.shape[1]!,
      bones: partial.shape[2]!,
      columns: partial.shape[3]!,
    }),
    groups: ({ djoints }) => djoints.shape[0]! * djoints.shape[1]!,
    cost: ({ partial }) => ({ bytes: 4 * sizeOf(partial.shape), flops: 2 * sizeOf(partial.shape) }),
  },
);
