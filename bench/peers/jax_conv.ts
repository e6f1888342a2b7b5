/** Convolutions of jax-js on NCHW images, with derivatives that are right. */

import type { numpy } from '@jax-js/jax';

type Jax = typeof import('@jax-js/jax');
type NumArray = numpy.Array;

export interface ConvOptions {
  readonly stride?: 1 | 2;
  readonly dilation?: number;
}

/**
 * The convolution of x [n, cin, h, w] by w [cout, cin / groups, k, k], padded by dilation (k - 1) / 2; uses
 * up both. Groups follow from the shapes: of a depthwise convolution there are as many as channels.
 */
export function convolve(
  jax: Jax,
  x: NumArray,
  w: NumArray,
  { stride = 1, dilation = 1 }: ConvOptions = {},
): NumArray {
  const [, inputs, k] = w.shape as [number, number, number];
  const groups = x.shape[1]! / inputs;
  if (stride === 2 && groups > 1 && k === 3) return stridedGroups(jax, x, w, groups);
  const padding = (dilation * (k - 1)) / 2;
  const sides: [number, number][] = [
    [padding, padding],
    [padding, padding],
  ];
  return jax.lax.convGeneralDilated(x, w, [stride, stride], sides, {
    rhsDilation: [dilation, dilation],
    featureGroupCount: groups,
  });
}

/**
 * A convolution 3x3 of stride 2 in groups, as one 2x2 of stride 1 over the four pixels of each square of
 * 2 x 2: jax-js 0.1.25 on WebGPU computes wrong gradients of inputs of strided convolutions in groups. The
 * gradient there is dilated, and the kernel that is made of it masks the columns between and not the rows.
 */
function stridedGroups(
  { lax, numpy: np }: Jax,
  x: NumArray,
  w: NumArray,
  groups: number,
): NumArray {
  const [n, channels, height, width] = x.shape as [number, number, number, number];
  const [cout, inputs] = w.shape as [number, number];
  // Odd sides have a row or a column more of zeros.
  const padded = np.pad(x, [
    [0, 0],
    [0, 0],
    [1, 1 + (height % 2)],
    [1, 1 + (width % 2)],
  ]);
  const [h, v] = [Math.ceil(height / 2) + 1, Math.ceil(width / 2) + 1];
  const squares = np.transpose(np.reshape(padded, [n, channels, h, 2, v, 2]), [0, 1, 3, 5, 2, 4]);
  const taps = np.pad(w, [
    [0, 0],
    [0, 0],
    [0, 1],
    [0, 1],
  ]);
  const ofSquares = np.transpose(np.reshape(taps, [cout, inputs, 2, 2, 2, 2]), [0, 1, 3, 5, 2, 4]);
  return lax.convGeneralDilated(
    np.reshape(squares, [n, 4 * channels, h, v]),
    np.reshape(ofSquares, [cout, 4 * inputs, 2, 2]),
    [1, 1],
    'VALID',
    { featureGroupCount: groups },
  );
}
