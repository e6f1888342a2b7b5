import { JOINT_SETS, type JointSetName } from '../../pose/joint_sets.ts';
import type { Pose3d } from '../../pose/skeleton.ts';
import type { Build } from './build.ts';
import { type Body, PART, type Part } from './kinematics.ts';

/**
 * A point of a part: left, up and forward in the part's frame, as multiples of one of the person's
 * measures.
 */
type Landmark = readonly [part: number, x: number, y: number, z: number, unit: keyof Build];

/**
 * Height of the ankle above the sole, in lengths of the foot: .039 of .152 of stature (Drillis and
 * Contini 1966).
 */
const ANKLE = 0.039 / 0.152;

/**
 * Points of the middle. Nose and head lie as they do in the CMU poses relative to the point about
 * which they turn; eyes and ears are placed from there by the medians of BlazePose's metric output.
 */
const MIDDLE: Readonly<Record<string, Landmark>> = {
  pelvis: [PART.pelvis, 0, 0, 0, 'height'],
  spine2: [PART.abdomen, 0, 0.6, 0, 'lowerTrunk'],
  spine: [PART.chest, 0, 0, 0, 'height'],
  spine3: [PART.chest, 0, 0.3, 0, 'upperTrunk'],
  spine4: [PART.chest, 0, 0.7, 0, 'upperTrunk'],
  throat: [PART.chest, 0, 0.83, 0, 'upperTrunk'],
  thorax: [PART.chest, 0, 1, 0, 'upperTrunk'],
  upperNeck: [PART.head, 0, 0.012, 0.005, 'headUnit'],
  nose: [PART.head, 0, 0.036, 0.0595, 'headUnit'],
  head: [PART.head, 0, 0.071, 0, 'headUnit'],
  vertex: [PART.head, 0, 0.116, 0.002, 'headUnit'],
};

/** Points of each side, x outward. The palm faces the thigh, the thumb points forward. */
const SIDE = [
  ['EyeInner', 'head', 0.011, 0.06, 0.052, 'headUnit'],
  ['Eye', 'head', 0.019, 0.06, 0.05, 'headUnit'],
  ['EyeOuter', 'head', 0.027, 0.06, 0.046, 'headUnit'],
  ['Ear', 'head', 0.043, 0.052, -0.005, 'headUnit'],
  ['Mouth', 'head', 0.014, 0.012, 0.049, 'headUnit'],
  ['Clavicle', 'Clavicle', 0, 0, 0, 'height'],
  ['Shoulder', 'UpperArm', 0, 0, 0, 'height'],
  ['Elbow', 'Forearm', 0, 0, 0, 'height'],
  ['Wrist', 'Hand', 0, 0, 0, 'height'],
  ['Hand', 'Hand', 0, -0.5, 0, 'hand'],
  ['Index', 'Hand', 0, -0.75, 0.16, 'hand'],
  ['Pinky', 'Hand', 0, -0.7, -0.2, 'hand'],
  ['Thumb', 'Hand', -0.1, -0.45, 0.3, 'hand'],
  ['Hip', 'Thigh', 0, 0, 0, 'height'],
  ['Knee', 'Shank', 0, 0, 0, 'height'],
  ['Ankle', 'Foot', 0, 0, 0, 'height'],
  ['Heel', 'Foot', 0, -0.8 * ANKLE, -0.22, 'foot'],
  ['Foot', 'Foot', 0.02, -0.7 * ANKLE, 0.5, 'foot'],
  ['FootIndex', 'Foot', 0.02, -0.85 * ANKLE, 0.7, 'foot'],
  ['Toe', 'Foot', 0.02, -0.9 * ANKLE, 0.75, 'foot'],
] as const satisfies readonly (readonly [string, string, number, number, number, keyof Build])[];

const LANDMARKS: Readonly<Record<string, Landmark>> = {
  ...MIDDLE,
  ...Object.fromEntries(
    SIDE.flatMap(([name, part, x, y, z, unit]) =>
      (['left', 'right'] as const).map((side): [string, Landmark] => {
        const index = part === 'head' ? PART.head : PART[`${side}${part}` as Part];
        return [side + name, [index, side === 'left' ? x : -x, y, z, unit]];
      }),
    ),
  ),
};

/** Joints whose name means another landmark than the one of that name. */
const ALIASES: Partial<Record<JointSetName, Record<string, string>>> = {
  h36m17: { neck: 'nose' },
  mpii16: { thorax: 'throat', headTop: 'vertex' },
  mpi3dhp17: { neck: 'thorax', head: 'nose', headTop: 'head' },
  mpi3dhp28: { neck: 'thorax', head: 'nose', headTop: 'head' },
};

const BY_SET = new Map<JointSetName, readonly Landmark[]>(
  (Object.keys(JOINT_SETS) as JointSetName[]).map((set) => [
    set,
    JOINT_SETS[set].map((name) => LANDMARKS[ALIASES[set]?.[name] ?? name]!),
  ]),
);

/**
 * Corners of the soles in the middle of heel and toes: what bears the weight of someone who stands.
 */
const SOLES: readonly Landmark[] = [PART.leftFoot, PART.rightFoot].flatMap((part) => [
  [part, 0, -ANKLE, -0.25, 'foot'] as const,
  [part, 0, -ANKLE, 0.75, 'foot'] as const,
]);

/** Joints of a body in any known skeleton, [joints * 3], metres, world frame. */
export function bodyJoints(body: Body, set: JointSetName = 'h36m17', into?: Float64Array): Pose3d {
  return place(body, BY_SET.get(set)!, into);
}

/** Heels and toes on the floor, [4 * 3], metres, the left foot first. */
export function soles(body: Body): Float64Array {
  return place(body, SOLES);
}

function place(
  { build, rotations, origins }: Body,
  landmarks: readonly Landmark[],
  points: Float64Array = new Float64Array(3 * landmarks.length),
): Float64Array {
  for (let i = 0; i < landmarks.length; i++) {
    const landmark = landmarks[i]!;
    const part = landmark[0];
    const size = build[landmark[4]];
    const x = size * landmark[1];
    const y = size * landmark[2];
    const z = size * landmark[3];
    for (let row = 0; row < 3; row++) {
      const r = 9 * part + 3 * row;
      points[3 * i + row] =
        origins[3 * part + row]! +
        rotations[r]! * x +
        rotations[r + 1]! * y +
        rotations[r + 2]! * z;
    }
  }
  return points;
}
