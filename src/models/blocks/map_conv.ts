/**
 * The 3x3 convolution of stride 2 over heatmaps of joints, without the heatmaps. A Gaussian is the
 * product of one along x and one along y, g(x) g(y), so that the sum over joints j and taps (s, t)
 *
 *   y[p, q, c] = Σ gⱼ(2p + s) gⱼ(2q + t) w[s, t, j, c] = Σ_{s, j} gⱼ(2p + s) Σ_t gⱼ(2q + t) w[s, t, j, c]
 *
 * takes two products of matrices: the inner sum for all q, c, s and j, then the outer one. That is a
 * third of the work at least, and maps as large as the picture, one for each joint, are never in memory.
 */

import { concat, pad, reshape, slice, transpose } from '../../graph/ops/layout.ts';
import { matmul } from '../../graph/ops/matmul.ts';
import type { Tensor } from '../../graph/trace.ts';

const TAPS = 3;
/** A row of windows two pixels apart has pairs of pixels: two pairs are three taps and one more. */
const PAIRS = 4;

/** Gaussians along each axis: [n, S, j]. */
export interface JointLines {
  readonly across: Tensor;
  readonly down: Tensor;
}

/**
 * The convolution with stride 2 and a zero around the maps.
 * @param w [3, 3, k, c] of the first k joints; maps beyond those count for nothing
 * @returns [n, ceil(S / 2), ceil(S / 2), c]
 */
export function convolveMaps({ across, down }: JointLines, w: Tensor): Tensor {
  const [n, size, joints] = across.shape as [number, number, number];
  const [, , some, c] = w.shape as [number, number, number, number];
  const places = Math.ceil(size / 2);
  // [joints, n places, taps along x]
  const along = reshape(transpose(pairsOf(across, places), [3, 0, 1, 2]), [joints, -1, PAIRS]);
  // [joints, taps along x, taps along y and channels]
  const ofJoints = transpose(w, [2, 1, 0, 3]);
  const filled = pad(ofJoints, [
    [0, joints - some],
    [0, PAIRS - TAPS],
    [0, 0],
    [0, 0],
  ]);
  const inner = matmul(along, reshape(filled, [joints, PAIRS, TAPS * c]));
  const apart = reshape(inner, [joints, n, places, TAPS, c]);
  const rows = reshape(transpose(apart, [1, 3, 0, 2, 4]), [n, TAPS * joints, places * c]);
  const taps = reshape(pairsOf(down, places), [n, places, PAIRS * joints]);
  const outer = matmul(slice(taps, [0, 0, 0], [n, places, TAPS * joints]), rows);
  return reshape(outer, [n, places, places, c]);
}

/** Four values of a line for each place of a window, the first of them before its middle: [n, places, 4, j]. */
function pairsOf(line: Tensor, places: number): Tensor {
  const [n, size, joints] = line.shape as [number, number, number];
  const padded = pad(line, [
    [0, 0],
    [1, 2 * places + 1 - size],
    [0, 0],
  ]);
  const pairs = reshape(padded, [n, places + 1, 2, joints]);
  const some = [n, places, 2, joints];
  return concat([slice(pairs, [0, 0, 0, 0], some), slice(pairs, [0, 1, 0, 0], some)], 2);
}
