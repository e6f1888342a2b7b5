/** What a scene is made of. */

import type { Vector3 } from '../../pose/linear.ts';
import type { PATTERN } from './layout.ts';

/** Red, green and blue, linear, 1 the most that a surface reflects. */
export type Colour = Vector3;

export interface Material {
  readonly colour: Colour;
  readonly pattern: keyof typeof PATTERN;
  readonly second: Colour;
  /** Metres of a cell or a stripe of the pattern. */
  readonly scale: number;
}

/**
 * The hull of two balls, world frame, metres. Flattened, it is pressed together along an axis about
 * the plane through its first point, by a factor above 1; its points stay where they are.
 */
export interface RoundCone {
  readonly a: Vector3;
  readonly b: Vector3;
  readonly ra: number;
  readonly rb: number;
  readonly flat?: { readonly axis: Vector3; readonly by: number };
  /** Index of `PARTS` plus one; 0 for what is no person. */
  readonly part: number;
  readonly material: number;
  /** Where patterns run along, and their coordinate at the world's origin. */
  readonly along?: Vector3;
  readonly phase?: number;
}

/** A box, world frame, metres. */
export interface Box {
  readonly centre: Vector3;
  /** Unit axes of the first two sizes; the third is across. */
  readonly u: Vector3;
  readonly v: Vector3;
  readonly half: Vector3;
  readonly material: number;
}

/** Materials of every scene by name, in the order of the row. */
export const MATERIAL = {
  floor: 0,
  wall: 1,
  ceiling: 2,
  skin: 3,
  hair: 4,
  top: 5,
  bottom: 6,
  shoes: 7,
  eyes: 8,
  iris: 9,
  lips: 10,
  thing: 11,
  other: 12,
  wood: 13,
  hat: 14,
  socks: 15,
} as const;

export type MaterialName = keyof typeof MATERIAL;

/** A colour from sRGB as people write it, 0 to 255. */
export const srgb = (r: number, g: number, b: number): Colour => [
  linear(r / 255),
  linear(g / 255),
  linear(b / 255),
];

/** A colour from hue in turns, saturation and value. */
export function hsv(hue: number, saturation: number, value: number): Colour {
  const channel = (shift: number) => {
    const k = (shift + 6 * hue) % 6;
    return linear(value * (1 - saturation * Math.max(0, Math.min(1, k, 4 - k))));
  };
  return [channel(5), channel(3), channel(1)];
}

/** sRGB's transfer function backwards (IEC 61966-2-1). */
const linear = (value: number) =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
