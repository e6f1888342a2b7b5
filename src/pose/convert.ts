import {
  canonicalJointName,
  detectJointSet,
  JOINT_SETS,
  type JointSetName,
  LIMB_JOINTS,
} from './joint_sets.ts';

/** Weights of source joints; they add up to 1, so that the result moves with the person. */
export type Weights = Readonly<Record<string, number>>;

/** How one joint of the target came about. */
export interface Derivation {
  readonly joint: string;
  /**
   * direct: the same point of the body; derived: a weighted sum of others; missing: nothing to make
   * it of (NaN).
   */
  readonly kind: 'direct' | 'derived' | 'missing';
  readonly weights: Weights;
}

/**
 * The names that a recipe may use for several joints: pairs need both sides, "one or both" makes do
 * with the visible one.
 */
const GROUPS: Readonly<Record<string, { both: boolean; joints: readonly string[] }>> = {
  hips: { both: true, joints: ['leftHip', 'rightHip'] },
  shoulders: { both: true, joints: ['leftShoulder', 'rightShoulder'] },
  eyes: { both: false, joints: ['leftEye', 'rightEye'] },
  ears: { both: false, joints: ['leftEar', 'rightEar'] },
};

type Recipes = Readonly<Record<string, readonly Weights[]>>;

/**
 * The trunk of Human3.6M-17 from hips, shoulders and face. Weights of pelvis, spine and thorax:
 * least squares on every fifth of the CMU poses in this skeleton (the nose standing for joint 9),
 * residual 24 mm for the spine (it bends) and 6.5 mm for the thorax; without the nose 25 and 17 mm.
 * COCO's and BlazePose's hips are drawn at the outside of the joint, so that the half-width is
 * about 0.09 to 0.1 m against 0.088 in those poses; no weights can repair that.
 *
 * Head: the median of upright people, in the plane of left-right symmetry relative to the nose (up,
 * forward): head of the CMU poses (69, -81) mm; of BlazePose's metric output ears (28, -107), eyes
 * (40, -15). The first recipe is the only one of ears, eyes and nose that meets both coordinates,
 * so it turns with the head. The next ones keep the height.
 */
const FROM_FACE: Recipes = {
  pelvis: [{ hips: 1 }],
  spine: [
    { hips: 0.51, shoulders: 0.45, nose: 0.04 },
    { hips: 0.5, shoulders: 0.5 },
  ],
  thorax: [
    { shoulders: 0.95, nose: 0.115, hips: -0.065 },
    { shoulders: 1.1, hips: -0.1 },
    { shoulders: 1 },
  ],
  neck: [{ nose: 1 }],
  head: [
    { ears: 0.6, eyes: 1.3, nose: -0.9 },
    { eyes: 1.7, nose: -0.7 },
    { ears: 0.76, nose: 0.24, shoulders: 0.1, hips: -0.1 },
    { nose: 0.41, shoulders: 0.92, hips: -0.33 },
  ],
};

/**
 * MPII's thorax lies between the shoulders, its upper neck at the height of the chin (0.870 of
 * stature), its head top at the vertex (1.0), with hips at 0.530 and shoulders at 0.818 (Drillis
 * and Contini 1966). In the CMU poses thorax, neck and head lie at 1.10, 1.32 and 1.46 times the
 * height of the shoulders above the hips, which gives the weights between those two points. The
 * nose's 130 mm in front of the spine cannot be known from these joints.
 */
const FROM_MPII: Recipes = {
  pelvis: [{ pelvis: 1 }, { hips: 1 }],
  spine: [
    { hips: 0.5, shoulders: 0.5 },
    { pelvis: 0.5, thorax: 0.5 },
  ],
  thorax: [
    { shoulders: 1.1, hips: -0.1 },
    { thorax: 1.1, pelvis: -0.1 },
  ],
  neck: [{ upperNeck: 0.7, headTop: 0.3 }],
  head: [{ upperNeck: 0.38, headTop: 0.62 }],
};

/**
 * 3DHP's neck, head and head top play the parts of Human3.6M's thorax, neck/nose and head (as the
 * benchmarks map them).
 */
const FROM_3DHP: Recipes = {
  pelvis: [{ pelvis: 1 }],
  spine: [{ spine: 1 }],
  thorax: [{ neck: 1 }],
  neck: [{ head: 1 }],
  head: [{ headTop: 1 }],
};

const TO_3DHP: Recipes = {
  pelvis: [{ pelvis: 1 }],
  spine: [{ spine: 1 }],
  neck: [{ thorax: 1 }],
  head: [{ neck: 1 }],
  headTop: [{ head: 1 }],
};

/** Eyes and ears cannot be told from Human3.6M's joints; the rest is the inverse of the above. */
const FROM_H36M: Partial<Record<JointSetName, Recipes>> = {
  coco17: { nose: [{ neck: 1 }] },
  blazepose33: { nose: [{ neck: 1 }] },
  mpii16: {
    pelvis: [{ pelvis: 1 }],
    thorax: [{ shoulders: 1 }],
    upperNeck: [{ thorax: 0.75, head: 0.25 }],
    headTop: [{ head: 1.37, shoulders: -0.37 }],
  },
  mpi3dhp17: TO_3DHP,
  mpi3dhp28: TO_3DHP,
};

const TO_H36M: Partial<Record<JointSetName, Recipes>> = {
  coco17: FROM_FACE,
  blazepose33: FROM_FACE,
  mpii16: FROM_MPII,
  mpi3dhp17: FROM_3DHP,
  mpi3dhp28: FROM_3DHP,
};

/** Pairs of skeletons in which a name means the same point, whatever the name. */
const SAME_NAMES: readonly (readonly [JointSetName, JointSetName])[] = [
  ['coco17', 'blazepose33'],
  ['mpi3dhp17', 'mpi3dhp28'],
];

/**
 * How each joint of one skeleton follows from another's, in the target's order.
 * @param present the source joints that are known; all of them by default
 */
export function derivations(
  from: JointSetName,
  to: JointSetName,
  present: readonly string[] = JOINT_SETS[from],
): Derivation[] {
  const known = new Set(present);
  return JOINT_SETS[to].map((joint) => {
    const weights = derive(from, to, joint, known);
    if (!weights) return { joint, kind: 'missing', weights: {} };
    const kind = Object.keys(weights).length === 1 ? 'direct' : 'derived';
    return { joint, kind, weights };
  });
}

function derive(
  from: JointSetName,
  to: JointSetName,
  joint: string,
  known: ReadonlySet<string>,
): Weights | undefined {
  const sameMeaning =
    from === to ||
    LIMB_JOINTS.has(joint) ||
    SAME_NAMES.some((pair) => pair.includes(from) && pair.includes(to));
  if (sameMeaning) return known.has(joint) ? { [joint]: 1 } : undefined;
  if (to === 'h36m17') return firstPossible(TO_H36M[from]?.[joint], known);
  if (from === 'h36m17') return firstPossible(FROM_H36M[to]?.[joint], known);
  // two other skeletons meet in Human3.6M-17: substitute its recipes into the target's
  const middle = new Map(
    JOINT_SETS.h36m17.flatMap((name) => {
      const weights = derive(from, 'h36m17', name, known);
      return weights ? [[name as string, weights] as const] : [];
    }),
  );
  const last = firstPossible(FROM_H36M[to]?.[joint], new Set(middle.keys()));
  return last && combine(last, (name) => middle.get(name)!);
}

function firstPossible(
  recipes: readonly Weights[] | undefined,
  known: ReadonlySet<string>,
): Weights | undefined {
  for (const recipe of recipes ?? []) {
    const parts = new Map<string, Weights>();
    for (const name of Object.keys(recipe)) {
      const joints = GROUPS[name]?.joints ?? [name];
      const there = joints.filter((joint) => known.has(joint));
      if (there.length < (GROUPS[name]?.both === false ? 1 : joints.length)) break;
      parts.set(name, Object.fromEntries(there.map((joint) => [joint, 1 / there.length])));
    }
    if (parts.size === Object.keys(recipe).length)
      return combine(recipe, (name) => parts.get(name)!);
  }
  return undefined;
}

function combine(weights: Weights, expand: (name: string) => Weights): Weights {
  const sum: Record<string, number> = {};
  for (const [name, weight] of Object.entries(weights))
    for (const [joint, share] of Object.entries(expand(name)))
      sum[joint] = (sum[joint] ?? 0) + weight * share;
  return sum;
}

export interface Converted {
  /** [joints of the target, size], NaN where a joint is missing. */
  readonly points: Float64Array;
  readonly joints: readonly Derivation[];
  /** Names of the target's joints that could not be made. */
  readonly missing: readonly string[];
}

/**
 * One person's joints from one skeleton to another, in 2D or 3D, in any coordinates: every rule is
 * an affine sum.
 * @param points [joints of `from`, size]; a joint with a coordinate that is NaN counts as unknown
 * @param size numbers a joint, 2 or 3
 */
export function convertPose(
  from: JointSetName,
  to: JointSetName,
  points: ArrayLike<number>,
  size: 2 | 3,
): Converted {
  const names: readonly string[] = JOINT_SETS[from];
  if (points.length !== names.length * size)
    throw new Error(
      `convertPose: ${from} in ${size}D has ${names.length * size} numbers, not ${points.length}.`,
    );
  const row = (i: number) => Array.from({ length: size }, (_, axis) => points[i * size + axis]!);
  const joints = derivations(
    from,
    to,
    names.filter((_, i) => row(i).every(Number.isFinite)),
  );
  const converted = new Float64Array(joints.length * size).fill(NaN);
  joints.forEach(({ kind, weights }, i) => {
    if (kind === 'missing') return;
    converted.fill(0, i * size, (i + 1) * size);
    for (const [name, weight] of Object.entries(weights))
      row(names.indexOf(name)).forEach((value, axis) => {
        converted[i * size + axis]! += weight * value;
      });
  });
  const missing = joints.filter(({ kind }) => kind === 'missing').map(({ joint }) => joint);
  return { points: converted, joints, missing };
}

/**
 * Joints given by name, `{ left_hip: [424, 203], ... }`, to another skeleton. Spelling is free
 * (left_hip, leftHip, "Left Hip").
 * @param from the skeleton that the names belong to; by default the smallest that has them all
 */
export function convertNamedJoints(
  joints: Readonly<Record<string, readonly number[]>>,
  to: JointSetName = 'h36m17',
  from?: JointSetName,
): Converted & { readonly from: JointSetName } {
  const byName = new Map(
    Object.entries(joints).map(([name, point]) => [canonicalJointName(name), point]),
  );
  const source = from ?? detectJointSet([...byName.keys()]);
  const sizes = new Set([...byName.values()].map((point) => point.length));
  const [size] = sizes;
  if (sizes.size !== 1 || (size !== 2 && size !== 3))
    throw new Error(
      'joints: every joint needs two coordinates, or every joint three; found ' +
        `${[...sizes].join(', ') || 'no joints'}.`,
    );
  const names: readonly string[] = JOINT_SETS[source];
  const stray = [...byName.keys()].find((name) => !names.includes(name));
  if (stray)
    throw new Error(`joints: ${source} has no joint "${stray}"; it has ${names.join(', ')}.`);
  const unknown: readonly number[] = new Array(size).fill(NaN);
  const points = names.flatMap((name) => byName.get(name) ?? unknown);
  return { ...convertPose(source, to, points, size), from: source };
}
