/** Cameras and 3D poses that belong to images, as JSON has them. */

import {
  type Camera,
  cameraFromFocal35,
  cameraFromFov,
  cameraFromIntrinsics,
  type Distortion,
} from '../pose/camera.ts';
import { convertNamedJoints, convertPose } from '../pose/convert.ts';
import { JOINT_SETS, type JointSetName } from '../pose/joint_sets.ts';
import { JOINT, JOINT_COUNT, JOINTS } from '../pose/skeleton.ts';
import { fromHuman36m32, RAW_JOINTS } from './human36m/joints.ts';
import type { Size } from './orientation.ts';
import type { JointOrder } from './people.ts';

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const KEYS = ['fx', 'K', 'f', 'focal_length', 'fov', 'f35'] as const;

/** Whether a JSON value describes a camera, rather than several by name. */
export const isCamera = (value: unknown): value is Json =>
  isRecord(value) && KEYS.some((key) => key in value);

/**
 * A camera from JSON, in one of the forms in which they go round: `{ fx, fy?, cx?, cy?, distortion? }`,
 * `{ K: [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] }`, `{ f: [fx, fy], c: [cx, cy] }`, VideoPose3D's
 * `{ focal_length, center, radial_distortion, tangential_distortion, res_w, res_h }`, `{ fov }` in
 * degrees across, or `{ f35 }` in millimetres.
 * @param size of the image, where the camera does not state its own as `width` and `height`
 * @throws Error in one sentence for anything else
 */
export function cameraOf(value: unknown, size: Size): Camera {
  if (!isCamera(value))
    throw new Error(`camera: expected an object with one of ${KEYS.join(', ')}.`);
  const width = number(value.width ?? value.res_w ?? size.width, 'width');
  const height = number(value.height ?? value.res_h ?? size.height, 'height');
  if (value.fov !== undefined) return cameraFromFov(width, height, number(value.fov, 'fov'));
  if (value.f35 !== undefined) return cameraFromFocal35(width, height, number(value.f35, 'f35'));
  const [fx, fy, cx, cy] = intrinsics(value);
  const distortion = distortionOf(value);
  return cameraFromIntrinsics({
    width,
    height,
    fx: number(fx, 'fx'),
    fy: number(fy ?? fx, 'fy'),
    cx: number(cx ?? width / 2, 'cx'),
    cy: number(cy ?? height / 2, 'cy'),
    ...(distortion && { distortion }),
  });
}

function intrinsics(value: Json): unknown[] {
  if (value.K !== undefined) {
    const [[fx, , cx] = [], [, fy, cy] = []] = value.K as number[][];
    return [fx, fy, cx, cy];
  }
  const list = (key: unknown): unknown[] => (Array.isArray(key) ? key : [key]);
  const [f, c] = [value.f ?? value.focal_length, value.c ?? value.center];
  return f === undefined
    ? [value.fx, value.fy, value.cx, value.cy]
    : [list(f)[0], list(f)[1], ...(c === undefined ? [] : list(c))];
}

function distortionOf(value: Json): Distortion | undefined {
  const { radial_distortion: radial, tangential_distortion: tangential, distortion } = value;
  if (Array.isArray(radial)) {
    const [p1, p2] = Array.isArray(tangential) ? tangential : [0, 0];
    return checked({ k1: radial[0], k2: radial[1], k3: radial[2] ?? 0, p1, p2 });
  }
  return isRecord(distortion)
    ? checked({ k1: 0, k2: 0, k3: 0, p1: 0, p2: 0, ...distortion })
    : undefined;
}

function checked(lens: Readonly<Record<string, unknown>>): Distortion {
  const [k1, k2, k3, p1, p2] = ['k1', 'k2', 'k3', 'p1', 'p2'].map((k) => number(lens[k], k));
  return { k1: k1!, k2: k2!, k3: k3!, p1: p1!, p2: p2! };
}

function number(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Error(`camera: ${name} is ${JSON.stringify(value)}; it must be a number.`);
}

/** No joint of a person is farther than this from the pelvis, in metres. */
const REACH = 2;

/**
 * A 3D pose [17, 3] in metres from JSON: joints by name, or an array of a skeleton, or Human3.6M's 32
 * joints, any of these under `joints`.
 * @param unit metres that one of the file's units has
 * @returns NaN for joints that cannot be made; the pelvis always can
 * @throws Error in one sentence for anything else, and for what is no person's pose
 */
export function poseOf(value: unknown, unit: number, order: JointOrder): Float64Array {
  const own = isRecord(value) && 'joints' in value ? value : { joints: value, skeleton: undefined };
  const skeleton = own.skeleton as JointSetName | undefined;
  if (skeleton !== undefined && !(skeleton in JOINT_SETS))
    throw new Error(
      `pose: the skeleton '${skeleton}' is unknown; known are ${Object.keys(JOINT_SETS).join(', ')}.`,
    );
  const pose = points(own.joints, skeleton, order).map((v) => v * unit);
  const root = [0, 1, 2].map((axis) => pose[3 * JOINT.pelvis + axis]!);
  if (!root.every(Number.isFinite))
    throw new Error('pose: the pelvis cannot be made of its joints.');
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const distance = Math.hypot(...root.map((at, axis) => pose[3 * joint + axis]! - at));
    if (distance > REACH)
      throw new Error(
        `pose: ${JOINTS[joint]} is ${distance.toPrecision(3)} m from the pelvis; no joint is farther than ${REACH} m. Does --pose-unit say what the file holds?`,
      );
  }
  return pose;
}

function points(
  joints: unknown,
  skeleton: JointSetName | undefined,
  order: JointOrder,
): Float64Array {
  if (isRecord(joints)) {
    const known = Object.entries(joints).filter(([, point]) => point !== null);
    const named = Object.fromEntries(
      known.map(([name, point]) => [name, triple(point, name)] as const),
    );
    return convertNamedJoints(named, 'h36m17', skeleton).points;
  }
  if (!Array.isArray(joints))
    throw new Error('pose: expected joints by name, or an array of them.');
  const flat = joints.flatMap((point, i) => triple(point, `joint ${i}`));
  if (joints.length === RAW_JOINTS) return fromHuman36m32(flat);
  const set = skeleton ?? (order === 'names' ? 'h36m17' : order);
  if (joints.length !== JOINT_SETS[set].length)
    throw new Error(
      `pose: ${joints.length} joints are no ${set}, which has ${JOINT_SETS[set].length}. State the skeleton in the file.`,
    );
  return convertPose(set, 'h36m17', flat, 3).points;
}

function triple(point: unknown, name: string): number[] {
  if (point === null) return [Number.NaN, Number.NaN, Number.NaN];
  if (Array.isArray(point) && point.length >= 3 && point.every((v) => typeof v === 'number'))
    return point.slice(0, 3);
  throw new Error(`pose: ${name} must be [x, y, z], or null.`);
}
