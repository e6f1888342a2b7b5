import { procrustes } from './procrustes.ts';
import { JOINT, JOINT_COUNT, JOINTS, type Joint } from './skeleton.ts';

/** A number with everything that is needed to compare it with somebody else's. */
export interface Metric {
  readonly name: string;
  readonly value: number;
  readonly unit: 'mm' | '%';
  /** What was done to the prediction before comparing. */
  readonly alignment: string;
  readonly averaging: string;
  /** The joints that were averaged. */
  readonly joints: readonly Joint[];
  readonly perJoint: Readonly<Partial<Record<Joint, number>>>;
  /** Mean of each action's frames, and the mean of those means; only where actions were given. */
  readonly perAction?: Readonly<Record<string, number>>;
  readonly meanOverActions?: number;
}

export interface Evaluation {
  readonly frames: number;
  readonly mpjpe: Metric;
  readonly paMpjpe: Metric;
  readonly nMpjpe: Metric;
  readonly pck: Metric;
  readonly auc: Metric;
}

/** MPI-INF-3DHP: correct means strictly nearer than this. */
export const PCK_THRESHOLD_MM = 150;
/** 0:5:150 mm. Nothing is strictly nearer than 0, so that the AUC is at most 30/31. */
export const AUC_THRESHOLDS_MM: readonly number[] = Array.from({ length: 31 }, (_, i) => 5 * i);

/** The 14 joints of MPI-INF-3DHP's protocol and of HMR's: without pelvis, spine and neck/nose. */
export const FOURTEEN_JOINTS: readonly Joint[] = JOINTS.filter(
  (joint) => joint !== 'pelvis' && joint !== 'spine' && joint !== 'neck',
);

const ROOT = 'pelvis at the origin';
const SIMILARITY =
  'similarity Procrustes per frame (rotation without reflection, scale, translation)';
const SCALED = 'pelvis at the origin, scale per frame by least squares';

/**
 * The errors of predicted poses, in the definitions of the field:
 *
 * - MPJPE: mean Euclidean distance of the joints, pelvis on pelvis (Ionescu et al. 2014,
 *   protocol 1)
 * - PA-MPJPE: the same after a similarity Procrustes alignment in every frame, without reflection
 *   (protocol 2)
 * - N-MPJPE: the same, pelvis on pelvis, after the scale <target, predicted> / <predicted,
 *   predicted> (Rhodin et al. 2018)
 * - PCK: percentage of joints strictly nearer than 150 mm, pelvis on pelvis (Mehta et al. 2017)
 * - AUC: mean PCK over the thresholds 0, 5, ... 150 mm
 *
 * In every frame the sum of squared distances after Procrustes must not exceed that before it; an
 * evaluation in which it does is broken and throws.
 * @param predicted [frames, 17, 3], metres, Human3.6M-17 order; need not be relative to the pelvis
 * @param target [frames, 17, 3], likewise
 * @param options.joints joints to average (and to align by), all 17 by default, the pelvis with its
 * error of zero among them
 * @param options.actions the name of each frame's action
 */
export function evaluate(
  predicted: ArrayLike<number>,
  target: ArrayLike<number>,
  options: { joints?: readonly Joint[]; actions?: readonly string[] } = {},
): Evaluation {
  const { joints = JOINTS, actions } = options;
  const frames = countFrames(predicted, target, joints, actions);
  const errors = {
    root: new Float64Array(frames * joints.length),
    similarity: new Float64Array(frames * joints.length),
    scaled: new Float64Array(frames * joints.length),
  };
  for (let frame = 0; frame < frames; frame++) {
    const x = rootRelative(predicted, frame, joints);
    const y = rootRelative(target, frame, joints);
    const { aligned } = procrustes(x, y);
    const before = sumOfSquares(x, y);
    const after = sumOfSquares(aligned, y);
    if (!(after <= before * (1 + 1e-9) + 1e-15))
      throw new Error(
        `evaluate: in frame ${frame} Procrustes alignment raised the sum of squared distances ` +
          `from ${before} to ${after} m2; an optimal alignment cannot, so the alignment is broken.`,
      );
    const at = frame * joints.length;
    errors.root.set(distancesMm(x, y), at);
    errors.similarity.set(distancesMm(aligned, y), at);
    errors.scaled.set(distancesMm(scaleToFit(x, y), y), at);
  }
  const metric = (
    name: string,
    unit: Metric['unit'],
    alignment: string,
    values: Float64Array,
    score: (mm: number) => number,
  ): Metric => ({
    name,
    unit,
    alignment,
    averaging: 'mean over joints and frames',
    joints,
    ...averages(values.map(score), joints, actions),
  });
  const same = (mm: number) => mm;
  return {
    frames,
    mpjpe: metric('MPJPE', 'mm', ROOT, errors.root, same),
    paMpjpe: metric('PA-MPJPE', 'mm', SIMILARITY, errors.similarity, same),
    nMpjpe: metric('N-MPJPE', 'mm', SCALED, errors.scaled, same),
    pck: metric(`PCK@${PCK_THRESHOLD_MM}mm`, '%', ROOT, errors.root, (mm) =>
      mm < PCK_THRESHOLD_MM ? 100 : 0,
    ),
    auc: metric('AUC@0:5:150mm', '%', ROOT, errors.root, areaUnderCurve),
  };
}

/** Percentage of the 31 thresholds that an error in mm is strictly below. */
function areaUnderCurve(mm: number): number {
  const passed = AUC_THRESHOLDS_MM.filter((threshold) => mm < threshold).length;
  return (100 * passed) / AUC_THRESHOLDS_MM.length;
}

function countFrames(
  predicted: ArrayLike<number>,
  target: ArrayLike<number>,
  joints: readonly Joint[],
  actions: readonly string[] | undefined,
): number {
  const frames = target.length / (3 * JOINT_COUNT);
  if (predicted.length !== target.length || !Number.isInteger(frames) || frames === 0)
    throw new Error(
      `evaluate: ${predicted.length} predicted and ${target.length} true numbers; ` +
        'both must be [frames, 17, 3] with at least one frame.',
    );
  if (joints.length === 0) throw new Error('evaluate: no joints to average.');
  if (actions && actions.length !== frames)
    throw new Error(`evaluate: ${actions.length} actions for ${frames} frames; give one a frame.`);
  for (const [name, poses] of Object.entries({ predicted, target }))
    for (let i = 0; i < poses.length; i++)
      if (!Number.isFinite(poses[i]!))
        throw new Error(
          `evaluate: the ${name} pose of frame ${Math.floor(i / 51)} has ${poses[i]} at joint ` +
            `${JOINTS[Math.floor(i / 3) % JOINT_COUNT]}; leave such frames out.`,
        );
  return frames;
}

/** The named joints of one frame relative to its pelvis, [joints * 3]. */
function rootRelative(
  poses: ArrayLike<number>,
  frame: number,
  joints: readonly Joint[],
): Float64Array {
  const start = frame * JOINT_COUNT * 3;
  const relative = new Float64Array(joints.length * 3);
  joints.forEach((joint, i) => {
    for (let axis = 0; axis < 3; axis++)
      relative[3 * i + axis] =
        poses[start + 3 * JOINT[joint] + axis]! - poses[start + 3 * JOINT.pelvis + axis]!;
  });
  return relative;
}

function scaleToFit(x: Float64Array, y: Float64Array): Float64Array {
  let xy = 0;
  let xx = 0;
  for (let i = 0; i < x.length; i++) {
    xy += x[i]! * y[i]!;
    xx += x[i]! * x[i]!;
  }
  const scale = xx > 0 ? xy / xx : 1;
  return x.map((value) => value * scale);
}

function sumOfSquares(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i]! - y[i]!) ** 2;
  return sum;
}

function distancesMm(x: Float64Array, y: Float64Array): Float64Array {
  const distances = new Float64Array(x.length / 3);
  for (let i = 0; i < distances.length; i++)
    distances[i] =
      1000 *
      Math.hypot(
        x[3 * i]! - y[3 * i]!,
        x[3 * i + 1]! - y[3 * i + 1]!,
        x[3 * i + 2]! - y[3 * i + 2]!,
      );
  return distances;
}

/** Means of [frames, joints] over everything, by joint and by action. */
function averages(
  values: Float64Array,
  joints: readonly Joint[],
  actions: readonly string[] | undefined,
) {
  const frames = values.length / joints.length;
  const perFrame = Array.from({ length: frames }, (_, frame) =>
    mean(values.subarray(frame * joints.length, (frame + 1) * joints.length)),
  );
  const perJoint = Object.fromEntries(
    joints.map((joint, j) => [joint, mean(values.filter((_, i) => i % joints.length === j))]),
  );
  const total = { value: mean(perFrame), perJoint };
  if (!actions) return total;
  const byAction = new Map<string, number[]>();
  actions.forEach((action, frame) => {
    const list = byAction.get(action) ?? [];
    list.push(perFrame[frame]!);
    byAction.set(action, list);
  });
  const perAction = Object.fromEntries([...byAction].map(([name, list]) => [name, mean(list)]));
  return { ...total, perAction, meanOverActions: mean(Object.values(perAction)) };
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
