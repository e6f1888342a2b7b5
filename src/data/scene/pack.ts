/** Scenes as rows of numbers for the renderer; see `layout.ts` for the places. */

import type { Camera } from '../../pose/camera.ts';
import {
  apply,
  dot,
  IDENTITY,
  multiply,
  subtract,
  transpose,
  type Vector3,
} from '../../pose/linear.ts';
import { JOINT } from '../../pose/skeleton.ts';
import { mapped } from './intersect.ts';
import {
  MOST_BOXES,
  MOST_CONES,
  MOST_MATERIALS,
  PATTERN,
  SCENE_LAYOUT,
  SCENE_SIZE,
} from './layout.ts';
import { plane } from './room.ts';
import type { Scene } from './scene.ts';
import type { Box, RoundCone } from './shapes.ts';

/**
 * What of the scene is in the picture: a rotation about the camera's place, and the sides of the
 * picture on the plane at depth 1 of the turned camera. It knows no pixels: pictures of any size
 * show the same.
 */
export interface Frame {
  /** Row-major, camera -> view. */
  readonly rotation: ArrayLike<number>;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** All that a camera without distortion sees. */
export function frameOfCamera({ width, height, fx, fy, cx, cy, distortion }: Camera): Frame {
  if (distortion)
    throw new Error('frameOfCamera: pictures have no lens distortion; leave it out of the camera.');
  const rotation = IDENTITY;
  return { rotation, left: -cx / fx, top: -cy / fy, width: width / fx, height: height / fy };
}

/**
 * A square view: a pinhole camera at the same place, its axis in the middle of the picture.
 * @param view the rotation, row-major, camera -> view, and the focal length in pixels
 * @param size pixels along a side
 */
export function frameOfView(
  { rotation, focal }: { readonly rotation: ArrayLike<number>; readonly focal: number },
  size: number,
): Frame {
  const width = size / focal;
  return { rotation, left: -width / 2, top: -width / 2, width, height: width };
}

/** What is packed: all of a scene but what no picture shows. */
export type Seen = Pick<
  Scene,
  | 'camera'
  | 'extrinsics'
  | 'pose3d'
  | 'cones'
  | 'boxes'
  | 'materials'
  | 'room'
  | 'sensor'
  | 'depth'
  | 'index'
>;

/**
 * Rows for `renderPeople`.
 * @param frames what each picture shows; by default all that the scene's camera sees
 * @returns [n, SCENE_SIZE]
 */
export function packScenes(scenes: readonly Seen[], frames?: readonly Frame[]): Float32Array {
  if (frames && frames.length !== scenes.length)
    throw new Error(
      `packScenes: ${scenes.length} scenes need as many frames, got ${frames.length}.`,
    );
  const rows = new Float32Array(scenes.length * SCENE_SIZE);
  scenes.forEach((scene, i) => {
    const row = rows.subarray(i * SCENE_SIZE, (i + 1) * SCENE_SIZE);
    pack(row, scene, frames?.[i] ?? frameOfCamera(scene.camera));
  });
  return rows;
}

function pack(row: Float32Array, scene: Seen, frame: Frame): void {
  const { cones, boxes, materials, index, sensor, depth } = scene;
  for (const [what, count, most] of [
    ['round cones', cones.length, MOST_CONES],
    ['boxes', boxes.length, MOST_BOXES],
    ['materials', materials.length, MOST_MATERIALS],
  ] as const)
    if (count > most)
      throw new Error(`packScenes: scene ${index} has ${count} ${what}; a row holds ${most}.`);
  const L = SCENE_LAYOUT;
  const put: Put = (quad, x, y, z, w = 0) => {
    row[4 * quad] = x;
    row[4 * quad + 1] = y;
    row[4 * quad + 2] = z;
    row[4 * quad + 3] = w;
  };
  put(L.WINDOW, frame.left, frame.top, frame.width, frame.height);
  for (let i = 0; i < 3; i++)
    put(L.VIEW + i, frame.rotation[3 * i]!, frame.rotation[3 * i + 1]!, frame.rotation[3 * i + 2]!);
  packRoom(put, scene);
  put(L.DEPTH, sensor.keys[0], sensor.keys[1], depth.scale, depth.reach);
  depth.waves.forEach((wave, i) => put(L.WAVES + i, ...wave));
  materials.forEach(({ colour, pattern, second, scale }, i) => {
    put(L.MATERIALS + 2 * i, ...colour, PATTERN[pattern]);
    put(L.MATERIALS + 2 * i + 1, ...second, scale);
  });
  put(L.COUNTS, cones.length, boxes.length, 0, 0);
  const { rotation } = scene.extrinsics;
  const at = (p: Vector3) => apply(rotation, subtract(p, scene.extrinsics.position));
  cones.forEach((cone, i) => packCone(put, cone, L.CONES + L.SHAPE_QUADS * i));
  boxes.forEach((box, i) => packBox(put, box, L.BOXES + L.SHAPE_QUADS * i));
  packLight(put, scene, at);

  /**
   * ROUND_CONE. Flattening is the linear map v + k n (n . v): a flattened cone is where the mapped
   * points lie in the round one.
   * 0: a, mapped; radius at a. 1: b - a, mapped; radius at b. 2: n; k. 3: direction of patterns, and
   * their coordinate at the camera. 4: material, part.
   */
  function packCone(put: Put, cone: RoundCone, quad: number): void {
    const n = cone.flat ? apply(rotation, cone.flat.axis) : NOWHERE;
    const k = cone.flat ? cone.flat.by - 1 : 0;
    const a = mapped(at(cone.a), n, k);
    const ba = mapped(apply(rotation, subtract(cone.b, cone.a)), n, k);
    const along = cone.along ?? UP;
    const turned = apply(rotation, along);
    const start = (cone.phase ?? 0) + dot(along, scene.extrinsics.position);
    put(quad, a[0], a[1], a[2], cone.ra);
    put(quad + 1, ba[0], ba[1], ba[2], cone.rb);
    put(quad + 2, n[0], n[1], n[2], k);
    put(quad + 3, turned[0], turned[1], turned[2], start);
    put(quad + 4, cone.material, cone.part, 0);
  }

  /** 0: centre, half size along u. 1: u, half size along v. 2: v, half size across. 4: material. */
  function packBox(put: Put, box: Box, quad: number): void {
    put(quad, ...at(box.centre), box.half[0]);
    put(quad + 1, ...apply(rotation, box.u), box.half[1]);
    put(quad + 2, ...apply(rotation, box.v), box.half[2]);
    put(quad + 4, box.material, 0, 0, 0);
  }
}

/** Writes four numbers; plain arguments, since a person has hundreds of them. */
type Put = (quad: number, x: number, y: number, z: number, w?: number) => void;

const NOWHERE: Vector3 = [0, 0, 0];
const UP: Vector3 = [0, 1, 0];

function packRoom(put: Put, { room, extrinsics }: Seen): void {
  const L = SCENE_LAYOUT;
  const toRoom = multiply(room.rotation, transpose(extrinsics.rotation));
  const camera = apply(room.rotation, extrinsics.position);
  for (let i = 0; i < 3; i++)
    put(L.ROOM + i, toRoom[3 * i]!, toRoom[3 * i + 1]!, toRoom[3 * i + 2]!, camera[i]!);
  put(L.LOW, ...room.low, 0);
  put(L.HIGH, ...room.high, Number(room.outdoors));
}

/** How far light wraps around skin: it is let through a little. */
const WRAP = 0.25;

/** Joints that darken floor and walls near them, and the radii of the flesh about them, metres. */
const BALLS: readonly (readonly [joint: number, radius: number])[] = [
  [JOINT.leftAnkle, 0.09],
  [JOINT.rightAnkle, 0.09],
  [JOINT.leftKnee, 0.09],
  [JOINT.rightKnee, 0.09],
  [JOINT.pelvis, 0.19],
  [JOINT.thorax, 0.2],
  [JOINT.leftWrist, 0.06],
  [JOINT.rightWrist, 0.06],
];

function packLight(put: Put, scene: Seen, at: (p: Vector3) => Vector3): void {
  const L = SCENE_LAYOUT;
  const { rotation } = scene.extrinsics;
  const { direction, sun, sky, bounce } = scene.room.light;
  put(L.LIGHT, ...apply(rotation, direction), WRAP);
  put(L.SUN, ...sun, 0);
  put(L.SKY, ...sky, 0);
  put(L.BOUNCE, ...bounce, 0);
  BALLS.forEach(([joint, radius], i) => {
    const p = scene.pose3d.subarray(3 * joint, 3 * joint + 3);
    put(L.BALLS + i, p[0]!, p[1]!, p[2]!, radius);
  });
  // the grid of the light covers the shadows of all things
  const axes = plane(direction).map((u) => apply(rotation, u)) as [Vector3, Vector3];
  const low = [Infinity, Infinity];
  let side = 0;
  for (const axis of [0, 1] as const) {
    let high = -Infinity;
    const cover = (p: Vector3, radius: number) => {
      const x = dot(axes[axis], at(p));
      low[axis] = Math.min(low[axis]!, x - radius);
      high = Math.max(high, x + radius);
    };
    for (const { a, b, ra, rb } of scene.cones) {
      cover(a, ra);
      cover(b, rb);
    }
    for (const { centre, half } of scene.boxes) cover(centre, Math.hypot(...half));
    side = Math.max(side, high - low[axis]!);
  }
  put(L.LIGHT_X, ...axes[0], low[0]!);
  put(L.LIGHT_Y, ...axes[1], low[1]!);
  const { exposure, shot, read } = scene.sensor;
  put(L.SENSOR, L.LIGHT_CELLS / Math.max(0.1, side), exposure, shot, read);
}
