/** The flesh and clothes of a body: round cones in the frames of its parts. */

import {
  add,
  apply,
  dot,
  length,
  type Matrix3,
  scale,
  subtract,
  type Vector3,
} from '../../pose/linear.ts';
import { type Body, PART, type Part } from '../body/kinematics.ts';
import { headCones } from './head.ts';
import { armCones, legCones } from './limbs.ts';
import type { Look } from './look.ts';
import { MATERIAL, type MaterialName, type RoundCone } from './shapes.ts';
import { trunkCones } from './trunk.ts';

/** A place in a part's frame (left, up, forward), metres. */
type Local = readonly [x: number, y: number, z: number];

/** What a round cone may have beside its two balls. */
interface More {
  /** The axis along which it is flattened, in the frame of its part, and by what factor. */
  readonly flat?: readonly [axis: 'x' | 'y' | 'z', by: number];
  /** The part whose frame its second point is in. */
  readonly to?: Part;
  /** Metres added to the coordinate of patterns, which is 0 at the part's joint. */
  readonly phase?: number;
}

/** Appends a round cone between places of parts. */
export type Put = (
  part: Part,
  material: MaterialName,
  from: Local,
  ra: number,
  to: Local,
  rb: number,
  more?: More,
) => void;

/** Presses the round ends of a garment flat, so that it has an edge. */
export const EDGE = { flat: ['y', 3] } as const;

const AXES = { x: 0, y: 1, z: 2 } as const;

/** The person as round cones, world frame. Lengths and thickness follow stature and build. */
export function figureCones(body: Body, look: Look): RoundCone[] {
  const cones: RoundCone[] = [];
  const put: Put = (part, material, from, ra, to, rb, { flat, to: end = part, phase = 0 } = {}) => {
    const along = axis(body, part, 1);
    const origin = place(body, part, [0, 0, 0]);
    cones.push({
      ...apart(place(body, part, from), ra, place(body, end, to), rb),
      ...(flat && { flat: { axis: axis(body, part, AXES[flat[0]]), by: flat[1] } }),
      part: PART[part] + 1,
      material: MATERIAL[material],
      along,
      phase: phase - dot(along, origin),
    });
  };
  trunkCones(put, body, look);
  headCones(put, body.build, look);
  for (const side of ['left', 'right'] as const) {
    armCones(put, body, look, side);
    legCones(put, body, look, side);
  }
  return cones;
}

/** Two balls of which none is in the other: what a round cone needs to have an axis. */
function apart(a: Vector3, ra: number, b: Vector3, rb: number) {
  const way = subtract(b, a);
  const far = length(way);
  const least = Math.abs(ra - rb) + 1e-3;
  if (far >= least) return { a, b, ra, rb };
  const direction: Vector3 = far > 1e-9 ? scale(way, 1 / far) : [0, 1, 0];
  return { a, b: add(a, scale(direction, least)), ra, rb };
}

/** A place of a part in the world. */
export function place({ rotations, origins }: Body, part: Part, local: Local): Vector3 {
  const r = rotations.subarray(9 * PART[part], 9 * PART[part] + 9) as unknown as Matrix3;
  const o = origins.subarray(3 * PART[part], 3 * PART[part] + 3);
  return add([o[0]!, o[1]!, o[2]!], apply(r, local));
}

/** Axis 0, 1 or 2 (left, up, forward) of a part in the world. */
export function axis({ rotations }: Body, part: Part, which: 0 | 1 | 2): Vector3 {
  const at = 9 * PART[part] + which;
  return [rotations[at]!, rotations[at + 3]!, rotations[at + 6]!];
}
