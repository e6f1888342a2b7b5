/**
 * Photos lie in their files as the sensor saw them, with an EXIF orientation (1 to 8) that says how to
 * turn or mirror them for showing. These functions take what was measured in the stored picture to the
 * shown one.
 */

import type { Camera } from '../pose/camera.ts';

/** Rows of the 2 x 2 matrix that takes stored directions (x right, y down) to shown ones. */
const TURNS: Readonly<Record<number, readonly [number, number, number, number]>> = {
  1: [1, 0, 0, 1],
  2: [-1, 0, 0, 1],
  3: [-1, 0, 0, -1],
  4: [1, 0, 0, -1],
  5: [0, 1, 1, 0],
  6: [0, -1, 1, 0],
  7: [0, -1, -1, 0],
  8: [0, 1, -1, 0],
};

export interface Size {
  readonly width: number;
  readonly height: number;
}

const turnOf = (orientation: number) => TURNS[orientation] ?? TURNS[1]!;

/** The size of the shown picture. */
export const shownSize = ({ width, height }: Size, orientation: number): Size =>
  orientation >= 5 ? { width: height, height: width } : { width, height };

/** Points [n, 2] in pixels of a stored picture of this size, in those of the shown one. */
export function shownPoints(
  points: ArrayLike<number>,
  { width, height }: Size,
  orientation: number,
): Float64Array {
  const [a, b, c, d] = turnOf(orientation);
  // what is measured from the right or lower edge grows from there
  const tx = Math.max(0, -(a * width + b * height));
  const ty = Math.max(0, -(c * width + d * height));
  return Float64Array.from(points, (value, i) =>
    i % 2 === 0 ? a * value + b * points[i + 1]! + tx : c * points[i - 1]! + d * value + ty,
  );
}

/** Points [n, 3] of the camera's frame. */
export function shownPose(points: ArrayLike<number>, orientation: number): Float64Array {
  const [a, b, c, d] = turnOf(orientation);
  return Float64Array.from(points, (value, i) => {
    if (i % 3 === 0) return a * value + b * points[i + 1]!;
    return i % 3 === 1 ? c * points[i - 1]! + d * value : value;
  });
}

/** The camera of the shown picture. */
export function shownCamera(camera: Camera, orientation: number): Camera {
  const { fx, fy, cx, cy, distortion } = camera;
  const swapped = orientation >= 5;
  const [x, y] = shownPoints([cx, cy], camera, orientation);
  const lens = distortion && shownPose([distortion.p2, distortion.p1, 0], orientation);
  return {
    ...shownSize(camera, orientation),
    fx: swapped ? fy : fx,
    fy: swapped ? fx : fy,
    cx: x!,
    cy: y!,
    ...(distortion && lens && { distortion: { ...distortion, p2: lens[0]!, p1: lens[1]! } }),
  };
}

/** A camera of the same picture in another size. */
export function resizedCamera(camera: Camera, { width, height }: Size): Camera {
  const [sx, sy] = [width / camera.width, height / camera.height];
  const { fx, fy, cx, cy } = camera;
  return { ...camera, width, height, fx: fx * sx, fy: fy * sy, cx: cx * sx, cy: cy * sy };
}

/** An array [height, width] of a stored picture as it is shown. */
export function shownRaster<T extends Float32Array | Uint8Array>(
  values: T,
  size: Size,
  orientation: number,
): T {
  if (orientation <= 1) return values;
  const shown = values.slice() as T;
  const to = shownSize(size, orientation);
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const [u, v] = shownPoints([x + 0.5, y + 0.5], size, orientation);
      shown[Math.floor(v!) * to.width + Math.floor(u!)] = values[y * size.width + x]!;
    }
  return shown;
}

/**
 * Whether something was measured in the stored picture: where its size fits only one of the two
 * pictures, that one; else the shown one, unless it is said.
 * @throws Error where the size fits neither
 */
export function isStored(
  stated: Partial<Size>,
  stored: Size,
  orientation: number,
  said: 'shown' | 'stored' | undefined,
  what: string,
): boolean {
  const shown = shownSize(stored, orientation);
  const fits = ({ width, height }: Size) =>
    (stated.width ?? width) === width && (stated.height ?? height) === height;
  if (!fits(shown) && !fits(stored))
    throw new Error(
      `${what} for an image of ${stated.width} x ${stated.height} pixels, but this one has ${shown.width} x ${shown.height}`,
    );
  if (fits(shown) !== fits(stored)) {
    const found = fits(stored) ? 'stored' : 'shown';
    if (said && said !== found)
      throw new Error(
        `${what} for an image of ${stated.width} x ${stated.height} pixels, which is the ${found} picture, not the ${said} one that --orientation names`,
      );
    return found === 'stored';
  }
  return said === 'stored';
}
