import type { Matrix3 } from '../pose/linear.ts';
import type { Random } from './random.ts';

/**
 * Where a person's pelvis stands before a camera, and how the camera is turned. Angles in radians,
 * lengths in metres.
 */
export interface View {
  /** Direction from which the person is seen, about the vertical. */
  readonly yaw: number;
  /** How far the camera looks down; below zero it looks up. */
  readonly elevation: number;
  /** Turn about the optical axis, clockwise as seen from behind the camera. */
  readonly roll: number;
  /** The pelvis in the camera frame: right, down, depth. */
  readonly pelvis: readonly [number, number, number];
}

/** Ways to draw a view: as the benchmark's were, wider, or either one with equal chance. */
export const CAMERAS = {
  benchmark: benchmarkView,
  wide: wideView,
  mixed: (random: Random) => (random.chance(0.5) ? benchmarkView(random) : wideView(random)),
} as const satisfies Record<string, (random: Random) => View>;

export type CameraPreset = keyof typeof CAMERAS;

const DEGREE = Math.PI / 180;

/**
 * A view as those of the CMU benchmark: yaw uniform, elevation normal (10, 5) degrees, no roll, the
 * pelvis at a depth of 3.5 to 6 m and up to 0.8 m right and 0.3 m down of the axis, either way.
 */
function benchmarkView(random: Random): View {
  return {
    yaw: random.uniform(0, 2 * Math.PI),
    elevation: random.normal(10, 5) * DEGREE,
    roll: 0,
    pelvis: [random.uniform(-0.8, 0.8), random.uniform(-0.3, 0.3), random.uniform(3.5, 6)],
  };
}

/** Height in metres that fills the picture as far as `wideView` says. */
const HEIGHT = 1.7;

/**
 * A view as people photograph each other: half the field of view across the person's height between
 * 10 and 35 degrees, the person (1.7 m) filling 30 to 95 % of it from at least 1.8 m away, anywhere
 * in the picture, seen from an elevation of normal (8, 12) degrees between -30 and 60, with a roll
 * of normal (0, 3) degrees.
 */
function wideView(random: Random): View {
  const edge = Math.tan(random.uniform(10, 35) * DEGREE);
  const filled = random.uniform(0.3, 0.95);
  const depth = Math.max(1.8, HEIGHT / (2 * edge * filled));
  const free = edge * (1 - HEIGHT / (2 * edge * depth));
  const elevation = Math.min(60, Math.max(-30, random.normal(8, 12)));
  return {
    yaw: random.uniform(0, 2 * Math.PI),
    elevation: elevation * DEGREE,
    roll: random.normal(0, 3) * DEGREE,
    // a picture is up to 4:3 wide, and a person half as broad as high
    pelvis: [
      depth * random.uniform(-1, 1) * (free + edge / 3),
      depth * random.uniform(-1, 1) * free,
      depth,
    ],
  };
}

/**
 * The rotation of the world (y up) into the camera frame (x right, y down, z forward). Its rows are
 * right, down and forward; forward = (-cos e sin yaw, -sin e, -cos e cos yaw), so that yaw 0 sees a
 * person who faces +z from the front.
 */
export function viewRotation({ yaw, elevation, roll }: View): Matrix3 {
  const [sy, cy] = [Math.sin(yaw), Math.cos(yaw)];
  const [se, ce] = [Math.sin(elevation), Math.cos(elevation)];
  const [sr, cr] = [Math.sin(roll), Math.cos(roll)];
  const [dx, dy, dz] = [se * sy, -ce, se * cy];
  // without roll the right is (cos yaw, 0, -sin yaw)
  return [
    cr * cy + sr * dx,
    sr * dy,
    -cr * sy + sr * dz,
    -sr * cy + cr * dx,
    cr * dy,
    sr * sy + cr * dz,
    -ce * sy,
    -se,
    -ce * cy,
  ];
}
