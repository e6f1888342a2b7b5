/** Depth maps: metres along the camera's axis, 0 where nothing is known. */

import { deflate, inflate } from '../formats/deflate.ts';
import type { DepthMap } from '../pose/view_picture.ts';

/** Millimetres that 16 bits hold: what is farther away is kept as being there. */
const FARTHEST = 65535;

/**
 * Makes of every value that is no distance (NaN, infinite, zero or below) an unknown one.
 * @param unit metres that one of the map's units has
 */
export function toMetres(values: ArrayLike<number>, unit: number): Float32Array {
  return Float32Array.from(values, (value) => {
    const metres = value * unit;
    return metres > 0 && metres < Number.POSITIVE_INFINITY ? metres : 0;
  });
}

/**
 * A depth map in another size. Depths are never averaged: between a person and the wall behind there
 * is nothing. Each pixel takes what lies under its centre, or, where that is unknown, the known
 * depth nearest to its centre among those that it covers.
 */
export function resizeDepth(map: DepthMap, width: number, height: number): DepthMap {
  const metres = new Float32Array(width * height);
  const [sx, sy] = [map.width / width, map.height / height];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [cx, cy] = [(x + 0.5) * sx, (y + 0.5) * sy];
      const under = map.metres[Math.floor(cy) * map.width + Math.floor(cx)]!;
      metres[y * width + x] = under || nearestKnown(map, cx, cy, sx / 2, sy / 2);
    }
  return { width, height, metres };
}

function nearestKnown(map: DepthMap, cx: number, cy: number, rx: number, ry: number): number {
  let found = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let y = Math.floor(cy - ry); y < Math.ceil(cy + ry); y++)
    for (let x = Math.floor(cx - rx); x < Math.ceil(cx + rx); x++) {
      const depth = map.metres[y * map.width + x];
      const distance = (x + 0.5 - cx) ** 2 + (y + 0.5 - cy) ** 2;
      if (!depth || distance >= least) continue;
      found = depth;
      least = distance;
    }
  return found;
}

/**
 * Packs a depth map: whole millimetres in 16 bits, each the difference to its left neighbour, low
 * bytes and high bytes apart, deflated. 65.535 m stands for all that is farther away.
 */
export function packDepth({ width, height, metres }: DepthMap): Promise<Uint8Array<ArrayBuffer>> {
  const count = width * height;
  const planes = new Uint8Array(2 * count);
  for (let at = 0; at < count; at++) {
    const left = at % width === 0 ? 0 : millimetres(metres[at - 1]!);
    const difference = millimetres(metres[at]!) - left;
    planes[at] = difference;
    planes[count + at] = difference >> 8;
  }
  return deflate(planes, 'deflate');
}

/** @throws Error where the bytes are damaged or are another map's */
export async function unpackDepth(
  packed: Uint8Array,
  width: number,
  height: number,
): Promise<DepthMap> {
  const count = width * height;
  const planes = await inflate(packed, 'deflate', 2 * count);
  const metres = new Float32Array(count);
  let last = 0;
  for (let at = 0; at < count; at++) {
    if (at % width === 0) last = 0;
    last = (last + planes[at]! + (planes[count + at]! << 8)) & 0xffff;
    metres[at] = last / 1000;
  }
  return { width, height, metres };
}

const millimetres = (metres: number) =>
  metres > 0 ? Math.max(1, Math.min(FARTHEST, Math.round(1000 * metres))) : 0;
