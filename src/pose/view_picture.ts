/** What a view shows of a photo and of its depth map. */

import { type Camera, raysToPixels } from './camera.ts';
import { apply, type Matrix3, transpose } from './linear.ts';
import type { RayPose } from './skeleton.ts';
import type { View } from './view.ts';

/** A photo, the camera that took it, and how far what it shows is away. */
export interface Photo {
  /** Of as many pixels as the picture. */
  readonly camera: Camera;
  /** 4 bytes a pixel, row-major, not premultiplied. */
  readonly rgba: Uint8Array;
  readonly depth?: DepthMap | undefined;
}

/** Distances along the camera's axis over the whole picture, in any number of pixels. */
export interface DepthMap {
  readonly width: number;
  readonly height: number;
  /** [height, width] metres, 0 where unknown. */
  readonly metres: Float32Array;
}

export interface ViewPicture {
  /** [size, size, 3] from 0 to 1, as displayed; grey beyond the photo. */
  readonly image: Float32Array;
  /** [size, size] metres along the view's axis, 0 where unknown. */
  readonly depth: Float32Array;
}

/** Beyond the photo: the middle of what networks read. */
const GREY = 0.5;
/** Samples along a side of a pixel, at most: photos far larger than their views are shrunk before. */
const FINEST = 8;

/**
 * Looks at a photo through a view: as many samples for each pixel as the photo has pixels there, so
 * that nothing flickers, each between its four neighbours. Depth is that of the nearest pixel, since
 * between a person and a wall there is nothing; it becomes depth along the view's axis.
 */
export function viewPicture({ camera, rgba, depth }: Photo, view: View): ViewPicture {
  const { width, height } = camera;
  if (rgba.length !== 4 * width * height)
    throw new Error(
      `viewPicture: ${rgba.length} bytes are no picture of ${width} x ${height} pixels with four each.`,
    );
  const { size, focal, rotation } = view;
  const back = transpose(rotation);
  const side = Math.min(FINEST, Math.max(1, Math.round(Math.max(camera.fx, camera.fy) / focal)));
  const image = new Float32Array(3 * size * size);
  const depths = new Float32Array(size * size);
  const sum = [0, 0, 0];
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const at = row * size + column;
      sum.fill(0);
      for (let k = 0; k < side * side; k++) {
        const x = column + ((k % side) + 0.5) / side;
        const y = row + (Math.floor(k / side) + 0.5) / side;
        addColour(sum, camera, rgba, pixelOf(camera, back, view, x, y));
      }
      for (let c = 0; c < 3; c++) image[3 * at + c] = sum[c]! / (side * side);
      if (depth)
        depths[at] = depthAt(depth, camera, pixelOf(camera, back, view, column + 0.5, row + 0.5));
    }
  return { image, depth: depths };

  /** Metres along the view's axis: the view's ray has depth 1 there, and `ahead` along the camera's. */
  function depthAt(map: DepthMap, { width, height }: Camera, seen: Seen | undefined): number {
    if (!seen) return 0;
    const i = Math.floor((seen.u / width) * map.width);
    const j = Math.floor((seen.v / height) * map.height);
    const inside = i >= 0 && i < map.width && j >= 0 && j < map.height;
    return inside ? map.metres[j * map.width + i]! / seen.ahead : 0;
  }
}

/** Where the camera sees what a view shows at a point; nowhere, where that is behind it. */
interface Seen {
  readonly u: number;
  readonly v: number;
  /** Depth along the camera's axis of what lies at depth 1 along the view's. */
  readonly ahead: number;
}

function pixelOf(
  camera: Camera,
  back: Matrix3,
  { size, focal }: View,
  x: number,
  y: number,
): Seen | undefined {
  const half = size / 2;
  const [a, b, ahead] = apply(back, [(x - half) / focal, (y - half) / focal, 1]);
  if (!(ahead > 0)) return undefined;
  const [u, v] = raysToPixels(camera, [a / ahead, b / ahead] as unknown as RayPose);
  return { u: u!, v: v!, ahead };
}

/** Adds the colour of a photo at a point, between its four neighbours. */
function addColour(sum: number[], { width, height }: Camera, rgba: Uint8Array, seen?: Seen) {
  const inside = seen && seen.u >= 0 && seen.v >= 0 && seen.u <= width && seen.v <= height;
  if (!inside) {
    for (let c = 0; c < 3; c++) sum[c]! += GREY;
    return;
  }
  const [x, y] = [seen.u - 0.5, seen.v - 0.5];
  const [i, j] = [Math.floor(x), Math.floor(y)];
  for (const [column, row] of [
    [i, j],
    [i + 1, j],
    [i, j + 1],
    [i + 1, j + 1],
  ] as const) {
    const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
    const at =
      4 *
      (Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, column)));
    // What is transparent shows the grey.
    const cover = rgba[at + 3]! / 255;
    for (let c = 0; c < 3; c++)
      sum[c]! += weight * (cover * (rgba[at + c]! / 255) + (1 - cover) * GREY);
  }
}
