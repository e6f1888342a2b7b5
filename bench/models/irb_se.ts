/**
 * An inverted residual block with squeeze and excitation (Sandler et al. 2018, Howard et al. 2019):
 *
 *   y = x + norm(project(gate(silu(norm(depthwise(silu(norm(expand(x)))))))))
 *
 * with four times the channels between, of which a quarter of x's squeeze the gate.
 */

import { add, silu } from '../../src/graph/ops/elementwise.ts';
import { imageLayers, imageModel } from './image_layers.ts';

const EXPANSION = 4;
const SQUEEZE = 4;
const TAPS = 3;

export const irbSe = imageModel({
  defaults: { batch: 4, width: 64 },
  side: 32,
  words: (width) =>
    `expanded to ${EXPANSION * width}, depthwise ${TAPS}x${TAPS}, squeezed to ${Math.ceil(width / SQUEEZE)}`,
  build(width) {
    const inner = EXPANSION * width;
    const { parameters, norm, conv, depthwise, gate } = imageLayers('irb-se');
    const expand = conv('expand', width, inner);
    const norm1 = norm('norm1', inner);
    const spread = depthwise('depthwise', inner, TAPS);
    const norm2 = norm('norm2', inner);
    const gated = gate('gate', inner, Math.ceil(width / SQUEEZE));
    const project = conv('project', inner, width);
    const norm3 = norm('norm3', width);
    return {
      parameters,
      forward(x, training) {
        const wide = silu(norm1(expand(x), training));
        const seen = silu(norm2(spread(wide), training));
        return add(norm3(project(gated(seen)), training), x);
      },
    };
  },
});
