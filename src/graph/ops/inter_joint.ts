/** Differences of the distances between joints: what the inter-joint loss adds up. */

import {
  interJointBackward as backwardKernel,
  interJoint as forwardKernel,
  type InterJointAttributes,
} from '../../kernels/pose_inter_joint.ts';
import { call, call1, op, type Tensor } from '../trace.ts';

const interJointOp = /* @__PURE__ */ op<InterJointAttributes>('interJoint', {
  shape: ([y]) => [y!.slice(0, 2)],
  lower: ({ inputs: [y, target], outputs: [sums], run }, a) =>
    run(forwardKernel, { y: y!, t: target!, sums: sums! }, a),
  // dyᵢ = Σⱼ s dsumₖ (yᵢ - yⱼ) / |yᵢ - yⱼ|, with s the sign of the difference, and k the later of both
  backward: ([dsums], { x: [y, target], a }) =>
    call(interJointBackwardOp, [y!, target!, dsums!], a),
});

/** [dy, dtarget] */
const interJointBackwardOp = /* @__PURE__ */ op<InterJointAttributes>('interJointBackward', {
  shape: ([y, target]) => [y!, target!],
  lower: ({ inputs: [y, target, dsums], outputs: [dy, dtarget], run }, a) => {
    const operands = { y: y!, t: target!, dsums: dsums!, dy: dy!, dt: dtarget! };
    run(backwardKernel, operands, a);
  },
});

/**
 * For each joint i the sum over the joints j < i before it of | |yᵢ - yⱼ| - |tᵢ - tⱼ| |: from y and
 * target [batch, joints, axes], [batch, joints].
 */
export const interJointDifferences = (
  y: Tensor,
  target: Tensor,
  attributes: InterJointAttributes,
): Tensor => call1(interJointOp, [y, target], attributes);
