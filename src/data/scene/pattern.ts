/** Patterns of surfaces: `shaders/lib/pattern.wgsl` in f64. */

import { PATTERN } from './layout.ts';

/** pcg4d of `shaders/lib/random.wgsl`, in place. */
export function pcg4d(v: Uint32Array): Uint32Array {
  for (let i = 0; i < 4; i++) v[i] = Math.imul(v[i]!, 1664525) + 1013904223;
  turn();
  for (let i = 0; i < 4; i++) v[i] = v[i]! ^ (v[i]! >>> 16);
  turn();
  return v;
  function turn() {
    v[0]! += Math.imul(v[1]!, v[3]!);
    v[1]! += Math.imul(v[2]!, v[0]!);
    v[2]! += Math.imul(v[0]!, v[1]!);
    v[3]! += Math.imul(v[1]!, v[2]!);
  }
}

const fract = (x: number) => x - Math.floor(x);
const clamp = (x: number) => Math.min(1, Math.max(0, x));

/** A uniform number of a cell of the plane. */
function cell(x: number, y: number): number {
  let h = Math.imul(x | 0, 0x9e3779b1) ^ Math.imul(y | 0, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 8) * 2 ** -24;
}

/** 1 in odd cells of the line, 0 in even ones, the edges blurred over `blur`. */
export function square(x: number, blur: number): number {
  const s = fract(x / 2 + 0.25);
  return clamp(0.5 + (2 * Math.abs(s - 0.5) - 0.5) / blur);
}

/** Smooth noise between 0 and 1. */
function noise(x: number, y: number): number {
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  const ease = (f: number) => f * f * (3 - 2 * f);
  const [u, v] = [ease(x - ix), ease(y - iy)];
  const low = cell(ix, iy) * (1 - u) + cell(ix + 1, iy) * u;
  const high = cell(ix, iy + 1) * (1 - u) + cell(ix + 1, iy + 1) * u;
  return low * (1 - v) + high * v;
}

/**
 * Share of the second colour.
 * @param kind a value of `PATTERN`
 * @param x place on the surface in cells of the pattern
 * @param blur how many cells a pixel covers
 */
export function pattern(kind: number, x: number, y: number, blur: number): number {
  const soft = Math.max(blur, 1e-3);
  switch (kind) {
    case PATTERN.checker: {
      const [u, v] = [square(x, soft), square(y, soft)];
      return u + v - 2 * u * v;
    }
    case PATTERN.stripes:
      return square(x, soft);
    case PATTERN.step:
      return clamp(0.5 - x / soft);
    case PATTERN.noise:
      return (0.6 * noise(x, y) + 0.4 * noise(2.7 * x, 2.7 * y) - 0.5) / (1 + soft) + 0.5;
    case PATTERN.tiles:
      return masonry(x, y, 1, 0, 0.02, 0.12, soft);
    case PATTERN.bricks:
      return masonry(x, y, 2.6, 0.5, 0.06, 0.35, soft);
    case PATTERN.boards:
      return masonry(x, y, 9, 0.37, 0.02, 0.4, soft);
    default:
      return 0;
  }
}

/** Blocks in rows with gaps: each has its own tone, gaps are of the second colour. */
function masonry(
  x: number,
  y: number,
  long: number,
  shift: number,
  gap: number,
  tones: number,
  blur: number,
): number {
  const row = Math.floor(y);
  const along = x / long + shift * row;
  const column = Math.floor(along);
  const edge = Math.min(
    Math.min(fract(y), 1 - fract(y)),
    Math.min(fract(along), 1 - fract(along)) * long,
  );
  const line = clamp(0.5 + (gap - edge) / blur) * Math.min(1, (4 * gap) / blur);
  const tone = (tones * cell(column, row)) / (1 + blur);
  return tone + (1 - tone) * line;
}
