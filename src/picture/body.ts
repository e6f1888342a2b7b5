import { add, cross, dot, normalise, scale, subtract, type Vector3 } from '../pose/linear.ts';
import { JOINT, type Joint } from '../pose/skeleton.ts';

/** A ball of the body: metres, camera frame. */
export interface Ball {
  readonly centre: Vector3;
  readonly radius: number;
}

/** Cloth or skin of a part. */
export type Fabric = 'skin' | 'shirt' | 'trousers' | 'shoes' | 'hair';

/** The smallest convex body about some balls; two of them make a tapered capsule. */
export interface Part {
  readonly fabric: Fabric;
  readonly balls: readonly Ball[];
  /** Along the part; shading goes across it. */
  readonly axis: Vector3;
  /** Metres by which the part counts as nearer than its middle, to lie on what it is sewn to. */
  readonly lift: number;
}

export interface Body {
  readonly parts: readonly Part[];
  /** Where the face looks, and the middle and radius of the head. */
  readonly head: { readonly ball: Ball; readonly face: Vector3; readonly crown: Vector3 };
  /** Height of the floor: the lowest point of the shoes along `up`. */
  readonly floor: number;
}

const FOOT = 0.09; // metres below the ankle's joint

/**
 * Tapered limbs, trunk, head, hands and shoes about the 17 joints of a person of ordinary size;
 * widths grow with the length of trunk and legs.
 * @param pose [17 * 3] metres, camera frame, finite
 * @param up unit vector away from the floor
 */
export function bodyParts(pose: ArrayLike<number>, up: Vector3): Body {
  const at = (name: Joint): Vector3 => {
    const i = 3 * JOINT[name];
    return [pose[i]!, pose[i + 1]!, pose[i + 2]!];
  };
  const size = sizeOf(at);
  const ball = (centre: Vector3, radius: number): Ball => ({ centre, radius: radius * size });
  const part = (fabric: Fabric, balls: readonly Ball[], axis: Vector3, lift = 0): Part => ({
    fabric,
    balls,
    axis,
    lift,
  });
  const limb = (fabric: Fabric, a: Vector3, b: Vector3, ra: number, rb: number, lift = 0) =>
    part(fabric, [ball(a, ra), ball(b, rb)], subtract(b, a), lift);

  const spine = direction(at('pelvis'), at('thorax'), up);
  const across = direction(at('rightHip'), at('leftHip'), [1, 0, 0]);
  const forward = unit(cross(across, spine), [0, 0, -1]);
  const low = (['leftAnkle', 'rightAnkle'] as const).map((name) => dot(at(name), up));
  const all = Array.from({ length: 17 }, (_, i) =>
    dot([pose[3 * i]!, pose[3 * i + 1]!, pose[3 * i + 2]!], up),
  );
  const floor = Math.min(...low.map((height) => height - FOOT * size), ...all.map((h) => h - 0.05));

  const sides = (['left', 'right'] as const).flatMap((side) => {
    const [hip, knee, ankle] = [at(`${side}Hip`), at(`${side}Knee`), at(`${side}Ankle`)];
    const [shoulder, elbow, wrist] = [
      at(`${side}Shoulder`),
      at(`${side}Elbow`),
      at(`${side}Wrist`),
    ];
    const sleeve = between(shoulder, elbow, 0.72);
    const hand = add(wrist, scale(direction(elbow, wrist, up), 0.1 * size));
    const [heel, toe] = foot(knee, ankle, forward, up, floor, size);
    return [
      limb('trousers', hip, knee, 0.088, 0.058, -0.06),
      limb('trousers', knee, between(knee, ankle, 0.93), 0.058, 0.043, 0),
      limb('shoes', heel, toe, 0.042, 0.033, 0.03),
      limb('skin', shoulder, elbow, 0.046, 0.037, 0.03),
      limb('shirt', shoulder, sleeve, 0.058, 0.05, 0.05),
      limb('skin', elbow, wrist, 0.037, 0.027, 0.045),
      limb('skin', wrist, hand, 0.03, 0.026, 0.05),
    ];
  });
  const hem = between(at('pelvis'), at('spine'), 0.3);
  const beside = scale(across, 0.055 * size);
  const hips = [
    ball(at('leftHip'), 0.08),
    ball(at('rightHip'), 0.08),
    ball(at('pelvis'), 0.095),
    ball(hem, 0.1),
  ];
  const trunk = [
    ball(at('leftShoulder'), 0.05),
    ball(at('rightShoulder'), 0.05),
    ball(between(at('thorax'), at('neck'), 0.2), 0.06),
    ball(between(at('spine'), at('thorax'), 0.6), 0.115),
    ball(at('spine'), 0.108),
    ball(add(hem, beside), 0.082),
    ball(subtract(hem, beside), 0.082),
  ];
  const { middle, crown, face } = headOf(at('thorax'), at('neck'), at('head'), forward, size);
  const inHead = (upwards: number, ahead: number) =>
    add(middle, add(scale(crown, upwards * size), scale(face, ahead * size)));
  const parts: Part[] = [
    ...sides,
    part('trousers', hips, spine, -0.08),
    part('shirt', trunk, spine, 0),
    limb('skin', at('thorax'), middle, 0.058, 0.05, -0.01),
    part(
      'skin',
      [ball(inHead(0.03, 0.012), 0.085), ball(inHead(-0.062, 0.032), 0.058)],
      crown,
      0.06,
    ),
    part(
      'hair',
      [ball(inHead(0.045, -0.014), 0.086), ball(inHead(-0.02, -0.034), 0.077)],
      crown,
      0.06,
    ),
  ];
  return { parts, head: { ball: ball(middle, 0.095), face, crown }, floor };
}

/**
 * The middle of the head, its axis and where it looks. The joint `head` is the crown; `neck` stands
 * between chin and nose, so that it tells where the face is turned.
 */
function headOf(thorax: Vector3, neck: Vector3, head: Vector3, forward: Vector3, size: number) {
  const crown = direction(thorax, head, [0, -1, 0]);
  const across = (v: Vector3) => subtract(v, scale(crown, dot(v, crown)));
  const nose = across(subtract(neck, thorax));
  const face = unit(add(nose, scale(across(forward), 0.04 * size)), forward);
  const middle = add(add(head, scale(crown, -0.105 * size)), scale(face, 0.015 * size));
  return { middle, crown, face };
}

/** Heel and toe of a foot that stands square to the shank, but never below the floor. */
function foot(
  knee: Vector3,
  ankle: Vector3,
  forward: Vector3,
  up: Vector3,
  floor: number,
  size: number,
): [heel: Vector3, toe: Vector3] {
  const shank = direction(knee, ankle, scale(up, -1));
  const ahead = unit(subtract(forward, scale(shank, dot(forward, shank))), forward);
  const sole = add(ankle, scale(shank, 0.045 * size));
  const raise = (point: Vector3, radius: number) =>
    add(point, scale(up, Math.max(0, floor + radius * size - dot(point, up))));
  return [
    raise(add(sole, scale(ahead, -0.03 * size)), 0.042),
    raise(add(sole, scale(ahead, 0.15 * size)), 0.033),
  ];
}

/** 1 for a person whose trunk and legs together are 1.36 m long. */
function sizeOf(at: (name: Joint) => Vector3): number {
  const path: readonly Joint[] = ['thorax', 'spine', 'pelvis'];
  const leg = (side: 'left' | 'right'): Joint[] => [`${side}Hip`, `${side}Knee`, `${side}Ankle`];
  const along = (names: readonly Joint[]) =>
    names.slice(1).reduce((sum, name, i) => {
      const d = subtract(at(name), at(names[i]!));
      return sum + Math.hypot(...d);
    }, 0);
  const length = along(path) + (along(leg('left')) + along(leg('right'))) / 2;
  return length > 0 ? length / 1.36 : 1;
}

export function between(a: Vector3, b: Vector3, t: number): Vector3 {
  return add(scale(a, 1 - t), scale(b, t));
}

const direction = (a: Vector3, b: Vector3, otherwise: Vector3) => unit(subtract(b, a), otherwise);

/** A vector's direction, or another where it has none. */
function unit(v: Vector3, otherwise: Vector3): Vector3 {
  return Math.hypot(...v) > 1e-9 ? normalise(v) : otherwise;
}
