/**
 * The waterfall of atrous convolutions (WASP; Artacho and Savakis 2020, "UniPose"): a 1x1
 * convolution, then 3x3 ones with falling dilations, each fed by the last; every one of them passes
 * twice through a 1x1 convolution that they share. Beside them the mean of the map. All are joined,
 * and a 1x1 convolution brings them together. Norm and ReLU follow all but the shared one.
 */

import { dropout } from '../../graph/ops/elementwise.ts';
import { broadcastTo, concat, reshape } from '../../graph/ops/layout.ts';
import { globalMean2d } from '../../graph/ops/squeeze_excite.ts';
import type { ModelVariables } from '../layers.ts';
import { convLayer, convNorm, type ImageLayer } from './conv_norm.ts';

export interface WaspOptions {
  /** Of the 3x3 convolutions, in order. */
  readonly dilations: readonly number[];
  /** Probability that a value of the result is dropped in training; 0. UniPose has 0.5. */
  readonly dropout?: number;
}

/** UniPose's dilations, and the side of the maps that they suit. */
const DILATIONS = [18, 12, 6] as const;
const SIDE = 48;

/**
 * UniPose's dilations for a map of that many pixels along a side: scaled so that the outer taps of
 * the widest window lie on the map for more than half of its pixels; 1 at least. A dilation of 18
 * on 8 pixels would see nothing but zeros beside the centre.
 */
export const waspDilations = (side: number): readonly number[] =>
  DILATIONS.map((dilation) => Math.max(1, Math.round((dilation * Math.min(side, SIDE)) / SIDE)));

export function wasp(
  model: ModelVariables,
  name: string,
  [cin, cout]: readonly [number, number],
  { dilations, dropout: rate = 0 }: WaspOptions,
): ImageLayer {
  const relued = { activation: 'relu' } as const;
  const first = convNorm(model, `${name}.first`, [cin, cout], relued);
  const falls = dilations.map((dilation, i) =>
    convNorm(model, `${name}.fall${i + 1}`, [cout, cout], { ...relued, kernel: 3, dilation }),
  );
  const shared = convLayer(model, `${name}.shared`, [cout, cout]);
  const pooled = convNorm(model, `${name}.pooled`, [cin, cout], relued);
  const joined = convNorm(model, `${name}.joined`, [(falls.length + 2) * cout, cout], relued);
  return (x, mode) => {
    const stages = [first(x, mode)];
    for (const fall of falls) stages.push(fall(stages.at(-1)!, mode));
    const [n, h, w] = x.shape as [number, number, number, number];
    const mean = pooled(reshape(globalMean2d(x), [n, 1, 1, cin]), mode);
    const whole = broadcastTo(mean, [n, h, w, cout]);
    const y = joined(concat([...stages.map((t) => shared(shared(t))), whole], 3), mode);
    return mode.training ? dropout(y, rate) : y;
  };
}
