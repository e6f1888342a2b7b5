/**
 * The waterfall of atrous convolutions (WASP; Artacho and Savakis 2020, "UniPose") on a map of 32 x 32: a 1x1 convolution, then
 * 3x3 ones with dilations 18, 12 and 6, each fed by the last; every one of them passes twice through a 1x1 convolution that they
 * share. Beside them the mean of the map. All are joined, and a 1x1 convolution brings them back to the width.
 */

import { relu } from '../../src/graph/ops/elementwise.ts';
import { broadcastTo, concat, reshape } from '../../src/graph/ops/layout.ts';
import { globalMean2d } from '../../src/graph/ops/squeeze_excite.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { imageLayers, imageModel } from './image_layers.ts';

const DILATIONS = [18, 12, 6] as const;
const SIDE = 32;

export const wasp = imageModel({
  defaults: { batch: 2, width: 128 },
  side: SIDE,
  words: () => `dilations ${DILATIONS.join(', ')}`,
  build(width) {
    const { parameters, norm, conv } = imageLayers('wasp');
    const layer = (name: string, cin: number, size = 1, dilation = 1) => {
      const convolve = conv(name, cin, width, size, { dilation });
      const normalise = norm(`${name}.norm`, width);
      return (x: Tensor, training: boolean) => relu(normalise(convolve(x), training));
    };
    const first = layer('first', width);
    const falls = DILATIONS.map((dilation) => layer(`atrous${dilation}`, width, 3, dilation));
    const shared = conv('shared', width, width);
    const pooled = layer('pooled', width);
    const joined = layer('joined', (DILATIONS.length + 2) * width);
    return {
      parameters,
      forward(x, training) {
        const stages = [first(x, training)];
        for (const fall of falls) stages.push(fall(stages.at(-1)!, training));
        const mean = reshape(globalMean2d(x), [x.shape[0]!, 1, 1, width]);
        const whole = broadcastTo(pooled(mean, training), x.shape);
        return joined(concat([...stages.map((t) => shared(shared(t))), whole], 3), training);
      },
    };
  },
});
