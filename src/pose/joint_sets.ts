import { JOINTS } from './skeleton.ts';

const ARM_AND_LEG = ['Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle'] as const;

/** Twelve joints that mean the same in every skeleton here. */
export const LIMB_JOINTS: ReadonlySet<string> = new Set(
  ARM_AND_LEG.flatMap((part) => [`left${part}`, `right${part}`]),
);

/** Joints by name, in the order of each skeleton's arrays. Left and right are the person's own. */
export const JOINT_SETS = {
  h36m17: JOINTS,
  coco17: ['nose', ...pairs('Eye', 'Ear', 'Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')],
  mpii16: [
    'rightAnkle',
    'rightKnee',
    'rightHip',
    'leftHip',
    'leftKnee',
    'leftAnkle',
    'pelvis',
    'thorax',
    'upperNeck',
    'headTop',
    'rightWrist',
    'rightElbow',
    'rightShoulder',
    'leftShoulder',
    'leftElbow',
    'leftWrist',
  ],
  blazepose33: [
    'nose',
    'leftEyeInner',
    'leftEye',
    'leftEyeOuter',
    'rightEyeInner',
    'rightEye',
    'rightEyeOuter',
    ...pairs('Ear', 'Mouth', 'Shoulder', 'Elbow', 'Wrist', 'Pinky', 'Index', 'Thumb'),
    ...pairs('Hip', 'Knee', 'Ankle', 'Heel', 'FootIndex'),
  ],
  // MPI-INF-3DHP: the test set's 17 joints, and the 28 of its training annotation
  mpi3dhp17: [
    'headTop',
    'neck',
    ...['rightShoulder', 'rightElbow', 'rightWrist', 'leftShoulder', 'leftElbow', 'leftWrist'],
    ...['rightHip', 'rightKnee', 'rightAnkle', 'leftHip', 'leftKnee', 'leftAnkle'],
    'pelvis',
    'spine',
    'head',
  ],
  mpi3dhp28: [
    ...['spine3', 'spine4', 'spine2', 'spine', 'pelvis', 'neck', 'head', 'headTop'],
    ...['leftClavicle', 'leftShoulder', 'leftElbow', 'leftWrist', 'leftHand'],
    ...['rightClavicle', 'rightShoulder', 'rightElbow', 'rightWrist', 'rightHand'],
    ...['leftHip', 'leftKnee', 'leftAnkle', 'leftFoot', 'leftToe'],
    ...['rightHip', 'rightKnee', 'rightAnkle', 'rightFoot', 'rightToe'],
  ],
} as const satisfies Record<string, readonly string[]>;

export type JointSetName = keyof typeof JOINT_SETS;

function pairs(...parts: string[]): string[] {
  return parts.flatMap((part) => [`left${part}`, `right${part}`]);
}

/**
 * A joint's name as it is spelt here: 'left_eye (inner)', 'Left Eye Inner' and 'LEFT_EYE_INNER' are
 * all 'leftEyeInner'.
 */
export function canonicalJointName(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  // MediaPipe says "mouth (left)"
  const side = words.findIndex((word) => word === 'left' || word === 'right');
  if (side > 0) words.unshift(...words.splice(side, 1));
  return words.map((word, i) => (i === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join('');
}

/**
 * The joint set that a list of canonical names belongs to: the smallest that has them all. Throws
 * when none has, naming the joint that does not fit.
 */
export function detectJointSet(names: readonly string[]): JointSetName {
  const sets = Object.keys(JOINT_SETS) as JointSetName[];
  const missing = (set: JointSetName) =>
    names.filter((name) => !(JOINT_SETS[set] as readonly string[]).includes(name));
  const fitting = sets.filter((set) => missing(set).length === 0);
  if (fitting.length > 0)
    return fitting.reduce((a, b) => (JOINT_SETS[b].length < JOINT_SETS[a].length ? b : a));
  const best = sets.reduce((a, b) => (missing(b).length < missing(a).length ? b : a));
  throw new Error(
    `joints: no known skeleton has all of these joints; ${best} comes closest and lacks ` +
      `${missing(best).join(', ')}. Known skeletons: ${sets.join(', ')}.`,
  );
}
