/** Resizing a square grid of vectors, as positions of patches are for pictures of another size. */

/** Keys 1981, with the slope that PyTorch and Pillow take where they widen the filter. */
const SLOPE = -0.5;

/** The cubic filter of radius 2. */
function cubic(x: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((SLOPE + 2) * d - (SLOPE + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * SLOPE - 4 * SLOPE : 0;
}

/**
 * For each place of the new grid the weights of the old ones: pixel centres at halves, and where the
 * grid shrinks a filter that is as much wider, so that nothing is passed over.
 */
function weights(from: number, to: number): number[][] {
  const scale = from / to;
  const wide = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = scale * (i + 0.5);
    const row = Array.from({ length: from }, (_, j) => cubic((j + 0.5 - centre) / wide));
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((w) => w / sum);
  });
}

export interface GridSizes {
  /** Places along each side, before and after. */
  readonly from: number;
  readonly to: number;
  readonly channels: number;
}

/**
 * A grid [from, from, channels] as [to, to, channels] by the bicubic filter with antialiasing, as
 * PyTorch's `interpolate(mode='bicubic', antialias=True)`.
 */
export function resizeGrid(
  data: ArrayLike<number>,
  { from, to, channels }: GridSizes,
): Float32Array {
  const rows = weights(from, to);
  const across = new Float64Array(from * to * channels);
  for (let y = 0; y < from; y++)
    for (let x = 0; x < to; x++)
      for (let k = 0; k < from; k++)
        for (let c = 0; c < channels; c++)
          across[(y * to + x) * channels + c]! +=
            rows[x]![k]! * data[(y * from + k) * channels + c]!;
  const down = new Float64Array(to * to * channels);
  const line = to * channels;
  for (let y = 0; y < to; y++)
    for (let k = 0; k < from; k++)
      for (let i = 0; i < line; i++) down[y * line + i]! += rows[y]![k]! * across[k * line + i]!;
  return Float32Array.from(down);
}
