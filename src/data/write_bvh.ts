/** Writes poses as a BVH file, for animation programs. */

import {
  add,
  apply,
  cross,
  fromRows,
  type Matrix3,
  multiply,
  normalise,
  scale,
  subtract,
  transpose,
  type Vector3,
} from '../pose/linear.ts';
import { betweenDirections, toEuler } from '../pose/rotation.ts';
import { BONES, boneLengths, JOINT, JOINT_COUNT, JOINTS } from '../pose/skeleton.ts';

/** Directions of the bones at rest: a T-pose that faces +z, the left side towards +x. */
const REST: Readonly<Record<string, Vector3>> = {
  Pelvis: [1, 0, 0],
  Thigh: [0, -1, 0],
  Shank: [0, -1, 0],
  Trunk: [0, 1, 0],
  neck: [0, 1, 0],
  head: [0, 1, 0],
  Clavicle: [1, 0, 0],
  UpperArm: [1, 0, 0],
  Forearm: [1, 0, 0],
};
const DIRECTIONS: readonly Vector3[] = BONES.map(({ name, side }) => {
  const [, [x, y, z]] = Object.entries(REST).find(([part]) => name.endsWith(part))!;
  return [side === 'right' ? -x : x, y, z];
});

/** Centimetres, which animation programs expect. */
const UNIT = 100;
const DEGREES = 180 / Math.PI;

/** A joint of the file: it turns bone `bone`, which starts where the joint is. */
interface Node {
  readonly name: string;
  readonly bone: number | undefined;
  readonly children: readonly Node[];
  /** The bone that leads to it; none for the root, and for one that lies on its parent. */
  readonly along: number | undefined;
}

const bonesFrom = (joint: number) => BONES.flatMap(({ from }, i) => (from === joint ? [i] : []));

/**
 * The tree of the file. A joint where several bones begin cannot turn each of them its own way, so
 * each gets a joint of its own there, such as `neckBase`.
 */
function nodeOf(joint: number, along: number | undefined): Node {
  const bones = bonesFrom(joint);
  const next = (bone: number) => nodeOf(BONES[bone]!.to, bone);
  const name = JOINTS[joint]!;
  if (bones.length === 1) return { name, bone: bones[0], along, children: [next(bones[0]!)] };
  const children = bones.map((bone) => ({
    name: `${BONES[bone]!.name}Base`,
    bone,
    along: undefined,
    children: [next(bone)],
  }));
  return { name, bone: undefined, along, children };
}
const ROOT = /* @__PURE__ */ nodeOf(0, undefined);

/**
 * The text of a BVH file in centimetres, y up, with a T-pose at rest. Bones have their mean lengths
 * over all frames; a single pose comes back exactly.
 * @param poses [n, 17, 3] metres, y up
 * @param fps frames a second
 * @throws Error for no pose, a broken one, or numbers that are not finite
 */
export function writeBvh(poses: ArrayLike<number>, fps = 30): string {
  const size = 3 * JOINT_COUNT;
  const count = poses.length / size;
  if (!(count >= 1) || !Number.isInteger(count))
    throw new Error(
      `writeBvh: ${poses.length} numbers are no poses of ${JOINT_COUNT} x 3; give one or more.`,
    );
  if (!(fps > 0)) throw new Error(`writeBvh: a rate of ${fps} frames a second is not above 0.`);
  const broken = Array.prototype.findIndex.call(poses, (value) => !Number.isFinite(value));
  if (broken >= 0)
    throw new Error(
      `writeBvh: ${JOINTS[Math.floor(broken / 3) % JOINT_COUNT]} of frame ` +
        `${Math.floor(broken / size)} is not finite; leave such frames out.`,
    );
  const frames = Array.from({ length: count }, (_, i) =>
    Array.from({ length: JOINT_COUNT }, (_, j): Vector3 => {
      const at = size * i + 3 * j;
      return [poses[at]!, poses[at + 1]!, poses[at + 2]!];
    }),
  );
  const lengths = new Float64Array(BONES.length);
  for (const frame of frames)
    boneLengths(frame.flat()).forEach((length, i) => (lengths[i]! += length / count));
  const offsets = DIRECTIONS.map((direction, i) => scale(direction, lengths[i]! * UNIT));
  return [
    'HIERARCHY',
    ...hierarchy(ROOT, offsets, ''),
    'MOTION',
    `Frames: ${count}`,
    `Frame Time: ${(1 / fps).toFixed(7)}`,
    ...frames.map((frame) => valuesOf(frame).map(written).join(' ')),
    '',
  ].join('\n');
}

const written = (value: number) => String(Number(value.toFixed(6)));

function hierarchy(node: Node, offsets: readonly Vector3[], indent: string): string[] {
  const offset = node.along === undefined ? [0, 0, 0] : offsets[node.along]!;
  const root = node === ROOT;
  const end = !root && node.children.length === 0;
  const turns = 'Zrotation Xrotation Yrotation';
  const channels = root ? `6 Xposition Yposition Zposition ${turns}` : `3 ${turns}`;
  const inner = `${indent}  `;
  // Readers want something to follow every joint, so the hands, the feet and the head end in a point.
  const rest = end
    ? [`${inner}End Site`, `${inner}{`, `${inner}  OFFSET 0 0 0`, `${inner}}`]
    : node.children.flatMap((child) => hierarchy(child, offsets, inner));
  return [
    `${indent}${root ? 'ROOT' : 'JOINT'} ${node.name}`,
    `${indent}{`,
    `${inner}OFFSET ${offset.map(written).join(' ')}`,
    `${inner}CHANNELS ${channels}`,
    ...rest,
    `${indent}}`,
  ];
}

/** Values of all channels: the root's place and turn, and each joint's turn within its parent. */
function valuesOf(frame: readonly Vector3[]): number[] {
  const values = scale(frame[0]!, UNIT).slice();
  const turn = (node: Node, above: Matrix3 | undefined) => {
    const local = above ? swing(node, above, frame) : facing(frame);
    values.push(...toEuler('zxy', local).map((angle) => angle * DEGREES));
    const own = above ? multiply(above, local) : local;
    for (const child of node.children) turn(child, own);
  };
  turn(ROOT, undefined);
  return values;
}

/** The shortest turn that brings the node's bone from rest to where it is. */
function swing({ bone }: Node, above: Matrix3, frame: readonly Vector3[]): Matrix3 {
  if (bone === undefined) return betweenDirections([0, 1, 0], [0, 1, 0]);
  const { from, to } = BONES[bone]!;
  const along = subtract(frame[to]!, frame[from]!);
  const direction = apply(transpose(above), along);
  const still = Math.hypot(...direction) < 1e-9;
  return betweenDirections(DIRECTIONS[bone]!, still ? DIRECTIONS[bone]! : direction);
}

/** How the person as a whole is turned: from hip to hip is x, and up along the spine is y. */
function facing(frame: readonly Vector3[]): Matrix3 {
  const at = (name: keyof typeof JOINT) => frame[JOINT[name]]!;
  const across = subtract(at('leftHip'), at('rightHip'));
  const up = subtract(at('spine'), at('pelvis'));
  const z = cross(across, up);
  if (Math.hypot(...z) < 1e-9) return betweenDirections([0, 1, 0], add(up, [0, 1e-12, 0]));
  const x = normalise(across);
  const forward = normalise(z);
  return transpose(fromRows(x, cross(forward, x), forward));
}
