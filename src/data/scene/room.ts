/** Where a person stands: ground, walls, sky and light. */

import { add, length, type Matrix3, normalise, scale, type Vector3 } from '../../pose/linear.ts';
import { aboutY } from '../../pose/rotation.ts';
import type { Random } from '../random.ts';
import { of, plain, vary } from './look.ts';
import { type Colour, hsv, type Material, type MaterialName, srgb } from './shapes.ts';

export interface Room {
  /** World to room: a turn about the vertical, so that walls lie anyhow. */
  readonly rotation: Matrix3;
  /** Corners in the room's frame; the floor is at 0. */
  readonly low: Vector3;
  readonly high: Vector3;
  /** All but the floor is sky. */
  readonly outdoors: boolean;
  readonly light: Light;
  readonly materials: Readonly<Partial<Record<MaterialName, Material>>>;
}

export interface Light {
  /** Unit vector towards it, world frame. */
  readonly direction: Vector3;
  readonly sun: Colour;
  readonly sky: Colour;
  readonly bounce: Colour;
}

/** A sky reaches this far, metres. */
const OUTSIDE = 400;

/** Draws a room, or a place outdoors, about people and a camera (world frame, metres). */
export function sampleRoom(random: Random, camera: Vector3, top: number): Room {
  const outdoors = random.chance(0.35);
  const turn = random.uniform(0, 2 * Math.PI);
  const rotation = aboutY(turn);
  const [x, , z] = rotateY(turn, camera);
  const margin = () => random.uniform(0.5, 3) ** 1.3;
  const clear = 1.5;
  const low: Vector3 = outdoors
    ? [-OUTSIDE, 0, -OUTSIDE]
    : [Math.min(x - 0.3, -clear) - margin(), 0, Math.min(z - 0.3, -clear) - margin()];
  const height = Math.max(top + 0.2, camera[1] + 0.4, random.uniform(2.4, 3.4));
  const high: Vector3 = outdoors
    ? [OUTSIDE, OUTSIDE, OUTSIDE]
    : [Math.max(x + 0.3, clear) + margin(), height, Math.max(z + 0.3, clear) + margin()];
  return {
    rotation,
    low,
    high,
    outdoors,
    light: sampleLight(random, outdoors),
    materials: outdoors ? { floor: ground(random) } : indoors(random),
  };
}

const rotateY = (angle: number, [x, y, z]: Vector3): Vector3 => [
  Math.cos(angle) * x + Math.sin(angle) * z,
  y,
  -Math.sin(angle) * x + Math.cos(angle) * z,
];

function sampleLight(random: Random, outdoors: boolean): Light {
  const azimuth = random.uniform(0, 2 * Math.PI);
  const height = random.uniform(outdoors ? 20 : 35, 75) * (Math.PI / 180);
  const direction = normalise([
    Math.cos(height) * Math.sin(azimuth),
    Math.sin(height),
    Math.cos(height) * Math.cos(azimuth),
  ]);
  // overcast skies and rooms with many lamps cast faint shadows
  const share = random.uniform(0.25, outdoors ? 0.8 : 0.65);
  const warm = random.uniform(-0.05, 0.16);
  const sun = scale([1 + warm, 1, 1 - 1.4 * warm], 1.15 * share);
  const cool = outdoors ? random.uniform(0, 0.18) : random.uniform(-0.06, 0.06);
  const sky = scale([1 - cool, 1, 1 + cool], 0.95 * (1 - share) + 0.12);
  const bounce = scale([1 + 0.5 * warm, 1, 1 - 0.5 * warm], 0.55 * (1 - share) + 0.1);
  return { direction, sun, sky, bounce };
}

function ground(random: Random): Material {
  const kind = random.uniform();
  const noise = (colour: Colour, second: Colour, scale: number): Material => ({
    colour: vary(random, colour, 0.15),
    pattern: 'noise',
    second: vary(random, second, 0.15),
    scale,
  });
  if (kind < 0.35) return noise(srgb(92, 116, 60), srgb(126, 142, 82), random.uniform(0.1, 0.5));
  if (kind < 0.6) return noise(srgb(110, 110, 112), srgb(134, 133, 130), random.uniform(0.05, 0.3));
  if (kind < 0.75) return noise(srgb(196, 174, 136), srgb(216, 196, 160), random.uniform(0.2, 0.8));
  return {
    colour: vary(random, srgb(164, 158, 150), 0.2),
    pattern: of(random, ['tiles', 'bricks'] as const),
    second: srgb(120, 116, 110),
    scale: random.uniform(0.15, 0.5),
  };
}

function indoors(random: Random): Room['materials'] {
  return { floor: floor(random), wall: wall(random), ceiling: plain(srgb(236, 234, 230)) };
}

function floor(random: Random): Material {
  const kind = random.uniform();
  const shade = random.uniform(0.35, 0.9);
  if (kind < 0.4) {
    const colour = hsv(random.uniform(0.05, 0.1), random.uniform(0.25, 0.6), shade);
    return {
      colour,
      pattern: 'boards',
      second: scale(colour, 0.35),
      scale: random.uniform(0.08, 0.2),
    };
  }
  const colour = hsv(random.uniform(), random.uniform(0, 0.2), shade);
  if (kind < 0.55) {
    const second = scale(colour, random.uniform(0.15, 0.75));
    return { colour, pattern: 'checker', second, scale: random.uniform(0.2, 0.6) };
  }
  if (kind < 0.75)
    return {
      colour,
      pattern: 'tiles',
      second: scale(colour, 0.6),
      scale: random.uniform(0.25, 0.7),
    };
  if (kind < 0.9) {
    const carpet = hsv(random.uniform(), random.uniform(0.1, 0.5), random.uniform(0.3, 0.7));
    return {
      colour: carpet,
      pattern: 'noise',
      second: scale(carpet, 1.25),
      scale: random.uniform(0.02, 0.2),
    };
  }
  return plain(colour);
}

function wall(random: Random): Material {
  const kind = random.uniform();
  const colour = hsv(random.uniform(), random.uniform(0, 0.3), random.uniform(0.55, 0.96));
  if (kind < 0.55) return plain(colour);
  if (kind < 0.7)
    return {
      colour,
      pattern: 'stripes',
      second: vary(random, colour, 0.2),
      scale: random.uniform(0.1, 0.5),
    };
  if (kind < 0.82) {
    const brick = hsv(
      random.uniform(0.01, 0.07),
      random.uniform(0.3, 0.6),
      random.uniform(0.45, 0.75),
    );
    return {
      colour: brick,
      pattern: 'bricks',
      second: srgb(196, 188, 178),
      scale: random.uniform(0.07, 0.12),
    };
  }
  if (kind < 0.92)
    return {
      colour,
      pattern: 'noise',
      second: scale(colour, 0.8),
      scale: random.uniform(0.3, 1.5),
    };
  return { colour, pattern: 'tiles', second: scale(colour, 0.7), scale: random.uniform(0.12, 0.3) };
}

/** Two unit vectors across a unit vector and each other. */
export function plane([x, y, z]: Vector3): [Vector3, Vector3] {
  const u = normalise(Math.abs(y) < 0.9 ? [z, 0, -x] : [0, z, -y]);
  const v: Vector3 = [y * u[2] - z * u[1], z * u[0] - x * u[2], x * u[1] - y * u[0]];
  return [u, scale(v, 1 / length(v))];
}

/** A point on the way from one to another. */
export const between = (a: Vector3, b: Vector3, share: number): Vector3 =>
  add(scale(a, 1 - share), scale(b, share));
