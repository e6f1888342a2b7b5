/** Windows that slide over images: what the shapes of conv, depthwise and pool say. */

import type { OpWork } from '../work.ts';

/** Images [n, h, w, cin], results [n, rows, columns, cout]. */
export interface Window {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly cin: number;
  readonly cout: number;
  readonly k: number;
  readonly stride: number;
  readonly dilation: number;
  /** On each side. */
  readonly padding: number;
  readonly rows: number;
  readonly columns: number;
}

/** @throws where the op has no window */
export function windowOf({ family, shape }: OpWork): Window {
  const [n, h, w, cin] = shape as [number, number, number, number];
  const [cout, k, stride, dilation] = (
    family === 'conv'
      ? shape.slice(4)
      : family === 'depthwise'
        ? [cin, ...shape.slice(4)]
        : family === 'pool'
          ? [cin, 3, 2, 1]
          : []
  ) as [number, number, number, number];
  if (cout === undefined) throw new Error(`${family} has no window.`);
  const padding = Math.floor((dilation * (k - 1)) / 2);
  const places = (size: number) =>
    Math.floor((size + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
  return { n, h, w, cin, cout, k, stride, dilation, padding, rows: places(h), columns: places(w) };
}

/**
 * Calls `visit` for each tap of each place that lies on the image: pixels of results and of images,
 * counted within their image, and the tap.
 */
export function visitTaps(
  { h, w, k, stride, dilation, padding, rows, columns }: Window,
  visit: (result: number, pixel: number, tap: number) => void,
): void {
  for (let oy = 0; oy < rows; oy++)
    for (let ox = 0; ox < columns; ox++)
      for (let ky = 0; ky < k; ky++) {
        const y = oy * stride + ky * dilation - padding;
        if (y < 0 || y >= h) continue;
        for (let kx = 0; kx < k; kx++) {
          const x = ox * stride + kx * dilation - padding;
          if (x >= 0 && x < w) visit(oy * columns + ox, y * w + x, ky * k + kx);
        }
      }
}
