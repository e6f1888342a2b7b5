import type { Camera } from '../../pose/camera.ts';
import type { Vector3 } from '../../pose/linear.ts';
import { JOINTS, type Joint, type PixelPose, type Pose3d } from '../../pose/skeleton.ts';
import { PART, type Part } from '../body/kinematics.ts';
import { meetBox, meetCone, type Row } from './intersect.ts';
import { SCENE_LAYOUT as L } from './layout.ts';

const limb = (...names: string[]) =>
  (['left', 'right'] as const).map((side) => names.map((name) => `${side}${name}` as Part));
const [leftShoulder, rightShoulder] = limb('Clavicle', 'UpperArm');
const [leftElbow, rightElbow] = limb('UpperArm', 'Forearm');
const [leftWrist, rightWrist] = limb('Forearm', 'Hand');
const [leftHip, rightHip] = limb('Thigh');
const [leftKnee, rightKnee] = limb('Thigh', 'Shank');
const [leftAnkle, rightAnkle] = limb('Shank', 'Foot');
const TRUNK: readonly Part[] = ['pelvis', 'abdomen', 'chest'];

/** Flesh that a joint lies in: it does not hide it. */
const OWN: Readonly<Record<Joint, readonly Part[]>> = {
  pelvis: [...TRUNK, 'leftThigh', 'rightThigh'],
  rightHip: [...TRUNK, ...rightHip!],
  rightKnee: rightKnee!,
  rightAnkle: rightAnkle!,
  leftHip: [...TRUNK, ...leftHip!],
  leftKnee: leftKnee!,
  leftAnkle: leftAnkle!,
  spine: TRUNK,
  thorax: [...TRUNK, 'head', 'leftClavicle', 'rightClavicle'],
  neck: ['head', 'chest'],
  head: ['head'],
  leftShoulder: ['chest', ...leftShoulder!],
  leftElbow: leftElbow!,
  leftWrist: leftWrist!,
  rightShoulder: ['chest', ...rightShoulder!],
  rightElbow: rightElbow!,
  rightWrist: rightWrist!,
};

const OWN_PARTS = JOINTS.map((name) => new Set(OWN[name].map((part) => PART[part] + 1)));

/**
 * Which joints show: those in the picture to which a ray from the camera meets no other flesh and no
 * thing.
 * @param row the packed scene
 * @returns [17], 1 or 0
 */
export function visibleJoints(
  row: Row,
  { pose3d, pixels, camera }: { pose3d: Pose3d; pixels: PixelPose; camera: Camera },
): Uint8Array {
  return Uint8Array.from(OWN_PARTS, (own, j) => {
    const [u, v] = pixels.subarray(2 * j, 2 * j + 2);
    if (!(u! >= 0 && v! >= 0 && u! <= camera.width && v! <= camera.height)) return 0;
    return Number(!isHidden(row, [pose3d[3 * j]!, pose3d[3 * j + 1]!, pose3d[3 * j + 2]!], own));
  });
}

/** Whether something other than `own` is on the way from the camera to a point. */
export function isHidden(row: Row, point: Vector3, own: ReadonlySet<number>): boolean {
  const [cones, boxes] = [row[4 * L.COUNTS]!, row[4 * L.COUNTS + 1]!];
  for (let i = 0; i < cones; i++) {
    const quad = L.CONES + L.SHAPE_QUADS * i;
    if (own.has(row[4 * (quad + 4) + 1]!)) continue;
    if (meetCone(row, quad, [0, 0, 0], point) < 1) return true;
  }
  for (let i = 0; i < boxes; i++)
    if (meetBox(row, L.BOXES + L.SHAPE_QUADS * i, [0, 0, 0], point) < 1) return true;
  return false;
}
