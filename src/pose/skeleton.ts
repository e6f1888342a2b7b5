/**
 * The skeleton of the whole project: Human3.6M's 17 joints. Mind the order: the RIGHT leg comes
 * first, but the LEFT arm.
 */
export const JOINTS = [
  'pelvis',
  'rightHip',
  'rightKnee',
  'rightAnkle',
  'leftHip',
  'leftKnee',
  'leftAnkle',
  'spine',
  'thorax',
  'neck',
  'head',
  'leftShoulder',
  'leftElbow',
  'leftWrist',
  'rightShoulder',
  'rightElbow',
  'rightWrist',
] as const;

export type Joint = (typeof JOINTS)[number];

export const JOINT_COUNT = JOINTS.length;

/** Index of each joint by name: `JOINT.leftKnee` is 5. */
export const JOINT = Object.fromEntries(JOINTS.map((name, i) => [name, i])) as {
  readonly [name in Joint]: number;
};

/**
 * Index of each joint's parent in the kinematic tree; -1 for the pelvis. A parent precedes its
 * children.
 */
export const PARENTS: readonly number[] = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15];

/** Joints of the person's own left and right side, pair by pair. */
export const LEFT: readonly number[] = [4, 5, 6, 11, 12, 13];
export const RIGHT: readonly number[] = [1, 2, 3, 14, 15, 16];

/** `MIRROR[i]` is the joint that takes the place of joint i in a mirror image. */
export const MIRROR: readonly number[] = [0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13];

export interface Bone {
  readonly name: string;
  /** Joint nearer to the pelvis. */
  readonly from: number;
  readonly to: number;
  readonly side: 'left' | 'right' | 'middle';
}

const BONE_NAMES = [
  'rightPelvis',
  'rightThigh',
  'rightShank',
  'leftPelvis',
  'leftThigh',
  'leftShank',
  'lowerTrunk',
  'upperTrunk',
  'neck',
  'head',
  'leftClavicle',
  'leftUpperArm',
  'leftForearm',
  'rightClavicle',
  'rightUpperArm',
  'rightForearm',
];

/** The 16 bones, bone i ending in joint i + 1. */
export const BONES: readonly Bone[] = BONE_NAMES.map((name, i) => ({
  name,
  from: PARENTS[i + 1]!,
  to: i + 1,
  side: name.startsWith('left') ? 'left' : name.startsWith('right') ? 'right' : 'middle',
}));

/** Bones of the left side with their partner of the right side. */
export const BONE_PAIRS: readonly (readonly [left: Bone, right: Bone])[] = BONES.filter(
  (bone) => bone.side === 'left',
).map((left) => [left, BONES[MIRROR[left.to]! - 1]!]);

declare const frame: unique symbol;

/**
 * Numbers that know which coordinates they are. A plain array fits any frame; one that was marked
 * fits only its own, so that pixels handed to a function of rays fail to compile.
 *
 * pixel: image coordinates, x right, y down, (0, 0) the top left corner of the image.
 * normalised: the plane at depth 1 in front of the camera, (x/z, y/z), y down.
 * metric: metres, three numbers a joint.
 */
export type Coordinates<Frame extends 'pixel' | 'normalised' | 'metric'> = ArrayLike<number> & {
  readonly [frame]?: Frame;
};
type Owned<Frame> = Float64Array & { readonly [frame]?: Frame };

/** [joints * 2] pixels. */
export type PixelPose = Owned<'pixel'>;
/** [joints * 2] points of the plane at depth 1. */
export type RayPose = Owned<'normalised'>;
/** [joints * 3] metres. */
export type Pose3d = Owned<'metric'>;

/**
 * The mirror image of poses: x changes its sign and left changes places with right.
 * @param poses [n, 17, size], x first, any frame in which x = 0 is the mirror
 * @param size numbers a joint, 2 or 3
 */
export function mirrorPose(poses: ArrayLike<number>, size: 2 | 3): Float64Array {
  const stride = JOINT_COUNT * size;
  if (poses.length % stride !== 0)
    throw new Error(
      `mirrorPose: ${poses.length} numbers are no whole number of poses. Give ${stride} for each`,
    );
  const mirrored = new Float64Array(poses.length);
  for (let start = 0; start < poses.length; start += stride)
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const from = start + MIRROR[joint]! * size;
      const to = start + joint * size;
      mirrored[to] = -poses[from]!;
      for (let axis = 1; axis < size; axis++) mirrored[to + axis] = poses[from + axis]!;
    }
  return mirrored;
}

/** Lengths in metres of the 16 bones of one pose [17 * 3], in the order of BONES. */
export function boneLengths(pose: Coordinates<'metric'>): Float64Array {
  return Float64Array.from(BONES, ({ from, to }) =>
    Math.hypot(
      pose[3 * to]! - pose[3 * from]!,
      pose[3 * to + 1]! - pose[3 * from + 1]!,
      pose[3 * to + 2]! - pose[3 * from + 2]!,
    ),
  );
}
