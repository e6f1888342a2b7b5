/** Sums of differences of the distances between joints, and their gradients. */

import forwardWgsl from '../../shaders/inter_joint.wgsl';
import backwardWgsl from '../../shaders/inter_joint_backward.wgsl';
import { type KernelSpec, kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';

export interface InterJointAttributes {
  /** How distances are measured. */
  readonly norm: 'l1' | 'l2';
  /** Whether differences keep their sign. */
  readonly signed: boolean;
}

const width = ({ kind }: Target) => (kind === 'hardware' ? 64 : 8);

type Poses = Readonly<Record<'y', Operand>>;
const perJoint = {
  overrides: (_: Poses, { norm, signed }: InterJointAttributes, target: Target) => ({
    WIDTH: width(target),
    EUCLIDEAN: Number(norm === 'l2'),
    SIGNED: Number(signed),
  }),
  params: ({ y }: Poses) => ({ poses: y.shape[0]!, joints: y.shape[1]!, axes: y.shape[2]! }),
  groups: ({ y }: Poses, _: InterJointAttributes, target: Target) =>
    Math.ceil((y.shape[0]! * y.shape[1]!) / width(target)),
} satisfies Partial<KernelSpec<'y', never, InterJointAttributes>>;

/** sums [poses, joints] over the joints before each, from y and t [poses, joints, axes]. */
export const interJoint = /* @__PURE__ */ kernel<'y' | 't', 'sums', InterJointAttributes>(
  forwardWgsl,
  {
    reads: ['y', 't'],
    writes: ['sums'],
    ...perJoint,
    cost: ({ y, sums }) => ({
      bytes: 8 * sizeOf(y.shape) + 4 * sizeOf(sums.shape),
      flops: 3 * sizeOf(y.shape) * y.shape[1]!,
    }),
    cut: () => ['y', 't', 'sums'],
  },
);

/** dy and dt [poses, joints, axes] from dsums [poses, joints]. */
export const interJointBackward = /* @__PURE__ */ kernel<
  'y' | 't' | 'dsums',
  'dy' | 'dt',
  InterJointAttributes
>(backwardWgsl, {
  reads: ['y', 't', 'dsums'],
  writes: ['dy', 'dt'],
  ...perJoint,
  cost: ({ y, dsums }) => ({
    bytes: 16 * sizeOf(y.shape) + 4 * sizeOf(dsums.shape),
    flops: 10 * sizeOf(y.shape) * y.shape[1]!,
  }),
  cut: () => ['y', 't', 'dsums', 'dy', 'dt'],
});
