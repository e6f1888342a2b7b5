/** An inverted residual block with squeeze and excitation; see `src/models/blocks`. */

import { invertedResidual } from '../../src/models/blocks/inverted_residual.ts';
import { imageModel } from './image_model.ts';

const EXPANSION = 4;

export const irbSe = imageModel({
  name: 'irb-se',
  defaults: { batch: 4, width: 64 },
  side: 32,
  words: (width) =>
    `expanded to ${EXPANSION * width}, depthwise 3x3, squeezed to ${4 * Math.ceil(width / 16)}`,
  build: (model, width) =>
    invertedResidual(model, 'block', [width, width], { expansion: EXPANSION }),
});
