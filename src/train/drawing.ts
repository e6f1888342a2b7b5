/** Batches as a lifter reads them, drawn slice by slice: a page stays alive meanwhile. */

import { type Batch, type BatchPlan, drawPart } from '../data/batches.ts';
import { encode, encodeTargets, INPUT_SIZE, OUTPUT_SIZE } from '../models/representation.ts';
import { pacer } from '../platform/pace.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';

/** People that are drawn in one go, within a few milliseconds at most. */
const PART = 32;

/** The batch of a step, as `drawBatch` draws it. */
export async function draw(plan: BatchPlan, step: number): Promise<Batch> {
  const pose2d = new Float32Array(plan.size * JOINT_COUNT * 2);
  const pose3d = new Float32Array(plan.size * JOINT_COUNT * 3);
  await eachPart(plan, step, (part, first) => {
    pose2d.set(part.pose2d, first * JOINT_COUNT * 2);
    pose3d.set(part.pose3d, first * JOINT_COUNT * 3);
  });
  return { pose2d, pose3d };
}

/** The same, encoded: [size, INPUT_SIZE] and [size, OUTPUT_SIZE]. */
export async function drawEncoded(plan: BatchPlan, step: number) {
  const inputs = new Float32Array(plan.size * INPUT_SIZE);
  const targets = new Float32Array(plan.size * OUTPUT_SIZE);
  await eachPart(plan, step, ({ pose2d, pose3d }, first) => {
    const encoded = encode(pose2d);
    inputs.set(encoded.inputs, first * INPUT_SIZE);
    targets.set(encodeTargets(pose3d, encoded.rotations), first * OUTPUT_SIZE);
  });
  return { inputs, targets };
}

async function eachPart(
  plan: BatchPlan,
  step: number,
  take: (part: Batch, first: number) => void,
): Promise<void> {
  const pause = pacer();
  for (let first = 0; first < plan.size; first += PART) {
    take(drawPart(plan, step, first, Math.min(PART, plan.size - first)), first);
    await pause();
  }
}
