/** Things about a person: what stands in front of them, what they sit on, furniture. */

import { add, dot, length, scale, subtract, type Vector3 } from '../../pose/linear.ts';
import { JOINT } from '../../pose/skeleton.ts';
import type { Random } from '../random.ts';
import { MOST_BOXES } from './layout.ts';
import { of, plain } from './look.ts';
import { between, type Room } from './room.ts';
import {
  type Box,
  hsv,
  MATERIAL,
  type Material,
  type MaterialName,
  type RoundCone,
} from './shapes.ts';

export interface Things {
  readonly boxes: readonly Box[];
  readonly cones: readonly RoundCone[];
  readonly materials: Readonly<Partial<Record<MaterialName, Material>>>;
}

interface About {
  /** [17 * 3], world frame. */
  readonly joints: ArrayLike<number>;
  readonly camera: Vector3;
  readonly room: Room;
  /** Cones that there is still room for. */
  readonly freeCones: number;
}

/** Closest that a thing comes to a joint or to the camera across the floor, metres. */
const CLEAR = 0.32;

/**
 * Draws things.
 * @param occluders how many stand between camera and person
 * @param seated whether the person sits on something
 */
export function sampleThings(
  random: Random,
  { joints, camera, room, freeCones }: About,
  { occluders, seated }: { readonly occluders: number; readonly seated: boolean },
): Things {
  const boxes: Box[] = [];
  const cones: RoundCone[] = [];
  const pelvis = joint(joints, JOINT.pelvis);
  if (seated) boxes.push(seat(random, joints));
  for (let i = 0; i < occluders; i++) {
    for (let attempt = 0; attempt < 8; attempt++) {
      const thing = occluder(random, joints, camera);
      if (thing.boxes.length + boxes.length > MOST_BOXES) continue;
      if (thing.cones.length + cones.length > freeCones) continue;
      if (![...thing.boxes.map(foot), ...thing.cones.map(post)].every(isClear)) continue;
      boxes.push(...thing.boxes);
      cones.push(...thing.cones);
      break;
    }
  }
  const furniture = random.int(room.outdoors ? 3 : 4);
  for (let i = 0; i < furniture && boxes.length < MOST_BOXES; i++) {
    const box = behind(random, pelvis, camera, room);
    if (isClear(foot(box))) boxes.push(box);
  }
  return { boxes, cones, materials: materials(random) };

  /** A round footprint that touches neither person nor camera. */
  function isClear({ at, radius }: { at: Vector3; radius: number }): boolean {
    const far = (p: Vector3) => Math.hypot(p[0] - at[0], p[2] - at[2]) - radius;
    if (far(camera) < CLEAR) return false;
    for (let j = 0; j < joints.length / 3; j++) if (far(joint(joints, j)) < CLEAR) return false;
    return true;
  }
}

const joint = (joints: ArrayLike<number>, j: number): Vector3 => [
  joints[3 * j]!,
  joints[3 * j + 1]!,
  joints[3 * j + 2]!,
];

const foot = ({ centre, half, v }: Box) => ({
  at: centre,
  radius: Math.abs(v[1]) > 0.5 ? Math.hypot(half[0], half[2]) : Math.hypot(half[0], half[1]),
});
const post = ({ a, ra }: RoundCone) => ({ at: a, radius: ra });

/** A box that stands upright. */
function upright(centre: Vector3, yaw: number, half: Vector3, material: number): Box {
  return { centre, u: [Math.cos(yaw), 0, -Math.sin(yaw)], v: [0, 1, 0], half, material };
}

const THINGS = [MATERIAL.thing, MATERIAL.other, MATERIAL.wood] as const;

/** What a person sits on: a block from the floor up to under the thighs. */
function seat(random: Random, joints: ArrayLike<number>): Box {
  const pelvis = joint(joints, JOINT.pelvis);
  const hips = subtract(joint(joints, JOINT.leftHip), joint(joints, JOINT.rightHip));
  const yaw = Math.atan2(-hips[2], hips[0]);
  const top = Math.max(0.06, pelvis[1] - 0.125);
  const ahead: Vector3 = [Math.sin(yaw), 0, Math.cos(yaw)];
  const deep = random.uniform(0.17, 0.21);
  const centre = add([pelvis[0], top / 2, pelvis[2]], scale(ahead, 0.05));
  return upright(centre, yaw, [random.uniform(0.2, 0.4), top / 2, deep], of(random, THINGS));
}

/** Something in front of one of the joints. */
function occluder(random: Random, joints: ArrayLike<number>, camera: Vector3) {
  const target = joint(joints, random.int(joints.length / 3));
  const spot = between(camera, target, random.uniform(0.45, 0.85));
  const yaw = random.uniform(0, 2 * Math.PI);
  const material = of(random, THINGS);
  const [x, y, z] = spot;
  const kind = random.uniform();
  if (kind < 0.3) {
    // a post, a lamp or the trunk of a tree
    const r = random.uniform(0.025, 0.12);
    const a: Vector3 = [x, 0, z];
    const cone: RoundCone = {
      a,
      b: [x, 3, z],
      ra: r,
      rb: r * random.uniform(0.6, 1),
      part: 0,
      material,
    };
    return { boxes: [], cones: [cone] };
  }
  const top = Math.max(0.15, y + random.uniform(-0.05, 0.15));
  if (kind < 0.7) {
    const half: Vector3 = [random.uniform(0.1, 0.45), top / 2, random.uniform(0.08, 0.3)];
    return { boxes: [upright([x, top / 2, z], yaw, half, material)], cones: [] };
  }
  if (kind < 0.85 && top > 0.35)
    return { boxes: table(random, x, z, Math.min(top, 1.05), yaw), cones: [] };
  // a sign on a thin stand
  const half: Vector3 = [random.uniform(0.12, 0.3), random.uniform(0.08, 0.22), 0.015];
  const towards = Math.atan2(camera[0] - x, camera[2] - z) + random.uniform(-0.5, 0.5);
  const stand: Vector3 = [0.02, Math.max(0.05, y) / 2, 0.02];
  return {
    boxes: [
      upright([x, Math.max(half[1], y), z], towards, half, material),
      upright([x, stand[1], z], towards, stand, MATERIAL.other),
    ],
    cones: [],
  };
}

function table(random: Random, x: number, z: number, top: number, yaw: number): Box[] {
  const [w, d] = [random.uniform(0.3, 0.6), random.uniform(0.22, 0.4)];
  const at = (u: number, y: number, v: number): Vector3 => [
    x + Math.cos(yaw) * u + Math.sin(yaw) * v,
    y,
    z - Math.sin(yaw) * u + Math.cos(yaw) * v,
  ];
  const leg = (u: number, v: number) =>
    upright(at(u, top / 2, v), yaw, [0.022, top / 2, 0.022], MATERIAL.wood);
  return [
    upright(at(0, top, 0), yaw, [w, 0.018, d], MATERIAL.wood),
    ...[-1, 1].flatMap((u) => [-1, 1].map((v) => leg(u * (w - 0.04), v * (d - 0.04)))),
  ];
}

/** A cupboard, a shelf, a chest beyond the person; outdoors a wall or a house. */
function behind(random: Random, pelvis: Vector3, camera: Vector3, room: Room): Box {
  const way = subtract(pelvis, camera);
  const flat: Vector3 = scale([way[0], 0, way[2]], 1 / Math.max(0.1, Math.hypot(way[0], way[2])));
  const side: Vector3 = [flat[2], 0, -flat[0]];
  const far = room.outdoors ? random.uniform(2, 18) : random.uniform(0.8, 3);
  const aside = random.uniform(-0.6, 0.6) * (far + length(way));
  const at = add(pelvis, add(scale(flat, far), scale(side, aside)));
  const size = room.outdoors && far > 6 ? 3 : 1;
  const half: Vector3 = [
    size * random.uniform(0.2, 0.8),
    size * random.uniform(0.2, 0.95),
    size * random.uniform(0.15, 0.4),
  ];
  // along the walls
  const yaw = -Math.atan2(
    dot([0, 0, 1], [room.rotation[0], room.rotation[1], room.rotation[2]]),
    room.rotation[0],
  );
  return upright([at[0], half[1], at[2]], yaw, half, of(random, THINGS));
}

function materials(random: Random): Things['materials'] {
  const any = () =>
    plain(hsv(random.uniform(), random.uniform(0.05, 0.8), random.uniform(0.15, 0.95)));
  const wood = hsv(random.uniform(0.05, 0.1), random.uniform(0.3, 0.6), random.uniform(0.3, 0.8));
  return {
    thing: any(),
    other: random.chance(0.4)
      ? { ...any(), pattern: 'tiles', scale: random.uniform(0.1, 0.4) }
      : any(),
    wood: {
      colour: wood,
      pattern: 'boards',
      second: scale(wood, 0.5),
      scale: random.uniform(0.06, 0.15),
    },
  };
}
