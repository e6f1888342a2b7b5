/** What a view shows of a photo and of its depth map. */

import { type Camera, pixelsToRays, raysToPixels } from './camera.ts';
import { transpose } from './linear.ts';
import type { Coordinates, PixelPose, RayPose } from './skeleton.ts';
import { raysToView, type View, viewOf } from './view.ts';

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

/** A person of a photo as two-stage lifters see them. */
export interface PhotoView extends ViewPicture {
  readonly view: View;
  /** [17 * 2] joints on the camera's plane at depth 1. */
  readonly rays: RayPose;
  /** [17 * 2] joints in pixels of the view. */
  readonly joints: PixelPose;
}

/**
 * Looks at a person of a photo.
 * @param joints [17 * 2] pixels of the photo, all of them
 * @param size pixels of a side of the view
 */
export function photoView(photo: Photo, joints: Coordinates<'pixel'>, size: number): PhotoView {
  const rays = pixelsToRays(photo.camera, joints);
  const view = viewOf(rays, size);
  return { view, rays, joints: raysToView(view, rays), ...viewPicture(photo, view) };
}

/** Beyond the photo: the middle of what networks read. */
const GREY = 0.5;
/**
 * Samples along a side of a pixel, at most: photos far larger than their views are shrunk before.
 */
const FINEST = 8;

/**
 * Looks at a photo through a view: as many samples for each pixel as the photo has pixels there, so
 * that nothing flickers, each between its four neighbours. Depth is that of the nearest pixel,
 * since between a person and a wall there is nothing; it becomes depth along the view's axis.
 */
export function viewPicture({ camera, rgba, depth }: Photo, view: View): ViewPicture {
  const { width, height } = camera;
  if (rgba.length !== 4 * width * height)
    throw new Error(
      `viewPicture: ${rgba.length} bytes are no picture of ${width} x ${height} pixels with four each.`,
    );
  const { size, focal } = view;
  const side = Math.min(FINEST, Math.max(1, Math.round(Math.max(camera.fx, camera.fy) / focal)));
  const image = new Float32Array(3 * size * size);
  const depths = new Float32Array(size * size);
  const share = 1 / (side * side);
  for (let row = 0; row < size; row++) {
    const own = image.subarray(3 * row * size, 3 * (row + 1) * size);
    for (let k = 0; k < side; k++)
      addColours(own, side, camera, rgba, seenAlong(camera, view, row + (k + 0.5) / side, side));
    for (let i = 0; i < own.length; i++) own[i]! *= share;
    if (depth)
      depths.set(depthsAt(depth, camera, seenAlong(camera, view, row + 0.5, 1)), row * size);
  }
  return { image, depth: depths };
}

/** Where the camera sees what a view shows along a line across it; NaN where that is behind it. */
interface Seen {
  /** [n * 2] pixels of the camera. */
  readonly pixels: Float64Array;
  /** [n] depth along the camera's axis of what lies at depth 1 along the view's. */
  readonly ahead: Float64Array;
}

/** At the height `y` of the view, `side` samples for each of its pixels. */
function seenAlong(camera: Camera, { size, focal, rotation }: View, y: number, side: number): Seen {
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = transpose(rotation);
  const count = size * side;
  const rays = new Float64Array(2 * count);
  const ahead = new Float64Array(count);
  const b = (y - size / 2) / focal;
  for (let i = 0; i < count; i++) {
    const a = ((i + 0.5) / side - size / 2) / focal;
    const z = r20 * a + r21 * b + r22;
    ahead[i] = z > 0 ? z : Number.NaN;
    rays[2 * i] = (r00 * a + r01 * b + r02) / ahead[i]!;
    rays[2 * i + 1] = (r10 * a + r11 * b + r12) / ahead[i]!;
  }
  return { pixels: raysToPixels(camera, rays as RayPose), ahead };
}

/**
 * Metres along the view's axis: the view's ray has depth 1 there, and `ahead` along the camera's.
 */
function depthsAt(map: DepthMap, { width, height }: Camera, { pixels, ahead }: Seen): Float32Array {
  return Float32Array.from(ahead, (z, at) => {
    const i = Math.floor((pixels[2 * at]! / width) * map.width);
    const j = Math.floor((pixels[2 * at + 1]! / height) * map.height);
    const inside = i >= 0 && i < map.width && j >= 0 && j < map.height;
    return inside ? map.metres[j * map.width + i]! / z : 0;
  });
}

/** Adds to a row of a view the colours of a photo, each between its four neighbours. */
function addColours(
  row: Float32Array,
  side: number,
  { width, height }: Camera,
  rgba: Uint8Array,
  { pixels }: Seen,
): void {
  for (let at = 0; at < row.length; at += 3) {
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let k = 0; k < side; k++) {
      const from = 2 * ((at / 3) * side + k);
      const u = pixels[from]!;
      const v = pixels[from + 1]!;
      // From 0 to 255: what is transparent shows the grey.
      let cover = 0;
      if (u >= 0 && v >= 0 && u <= width && v <= height) {
        const i = Math.floor(u - 0.5);
        const j = Math.floor(v - 0.5);
        const x = u - 0.5 - i;
        const y = v - 0.5 - j;
        const left = 4 * Math.max(0, i);
        const right = 4 * Math.min(width - 1, i + 1);
        const upper = 4 * width * Math.max(0, j);
        const lower = 4 * width * Math.min(height - 1, j + 1);
        const a = upper + left;
        const b = upper + right;
        const c = lower + left;
        const d = lower + right;
        const p = (1 - x) * (1 - y) * rgba[a + 3]!;
        const q = x * (1 - y) * rgba[b + 3]!;
        const r = (1 - x) * y * rgba[c + 3]!;
        const s = x * y * rgba[d + 3]!;
        cover = p + q + r + s;
        red += p * rgba[a]! + q * rgba[b]! + r * rgba[c]! + s * rgba[d]!;
        green += p * rgba[a + 1]! + q * rgba[b + 1]! + r * rgba[c + 1]! + s * rgba[d + 1]!;
        blue += p * rgba[a + 2]! + q * rgba[b + 2]! + r * rgba[c + 2]! + s * rgba[d + 2]!;
      }
      const rest = (255 - cover) * 255 * GREY;
      red += rest;
      green += rest;
      blue += rest;
    }
    row[at]! += red / 255 ** 2;
    row[at + 1]! += green / 255 ** 2;
    row[at + 2]! += blue / 255 ** 2;
  }
}
