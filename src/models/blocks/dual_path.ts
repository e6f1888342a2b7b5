/**
 * Dual path block (Chen et al. 2017, "Dual Path Networks"): some channels are a residual path, to
 * which each block adds, the others a dense path, to which each block appends. One that begins a
 * path, as all here do, first makes both from its input:
 *
 *   (r, d) = w(x),   (Δr, Δd) = c(b(a(x))),   y = (r + Δr, d, Δd)
 *
 * where w, a and c are 1x1 convolutions and b is one of 3x3 in groups, each of relu(norm(·)).
 */

import { add, relu } from '../../graph/ops/elementwise.ts';
import { concat, slice } from '../../graph/ops/layout.ts';
import type { Tensor } from '../../graph/trace.ts';
import { batchNormLayer, type ModelVariables } from '../layers.ts';
import { convLayer, convNorm, type ImageLayer } from './conv_norm.ts';

export interface DualPathOptions {
  /** Channels of the residual path. */
  readonly residual: number;
  /** Channels that are appended to the dense path; it begins with twice as many. */
  readonly increment: number;
  /** Channels of the convolution in groups, and the groups. */
  readonly inner: number;
  readonly groups: number;
  readonly stride?: number;
}

/** Channels of the result: `residual` of the one path and three increments of the other. */
export const dualPathChannels = ({ residual, increment }: DualPathOptions): number =>
  residual + 3 * increment;

export function dualPath(
  model: ModelVariables,
  name: string,
  cin: number,
  { residual, increment, inner, groups, stride = 1 }: DualPathOptions,
): ImageLayer {
  const relued = { activation: 'relu' } as const;
  const pathNorm = batchNormLayer(model, `${name}.path_norm`, cin);
  const path = convLayer(model, `${name}.path`, [cin, residual + 2 * increment], { stride });
  const norm = batchNormLayer(model, `${name}.input_norm`, cin);
  // The norm and the ReLU that the next convolution begins with are the end of the one before it.
  const reduce = convNorm(model, `${name}.reduce`, [cin, inner], relued);
  const window = { kernel: 3, stride, groups };
  const mix = convNorm(model, `${name}.mix`, [inner, inner], { ...relued, ...window });
  const widen = convLayer(model, `${name}.widen`, [inner, residual + increment]);
  return (x, mode) => {
    const begun = path(relu(pathNorm(x, mode)));
    const more = widen(mix(reduce(relu(norm(x, mode)), mode), mode));
    const sum = add(channels(more, 0, residual), channels(begun, 0, residual));
    const dense = channels(begun, residual, 2 * increment);
    return concat([sum, dense, channels(more, residual, increment)], 3);
  };
}

const channels = (x: Tensor, first: number, count: number) =>
  slice(x, [0, 0, 0, first], [...x.shape.slice(0, 3), count]);
