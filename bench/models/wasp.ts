/** The waterfall of atrous convolutions on a map of 32 x 32; see `src/models/blocks`. */

import { wasp as block } from '../../src/models/blocks/wasp.ts';
import { imageModel } from './image_model.ts';

/** Of UniPose; wider than the network would take for this map. */
const DILATIONS = [18, 12, 6] as const;

export const wasp = imageModel({
  name: 'wasp',
  defaults: { batch: 2, width: 128 },
  side: 32,
  words: () => `dilations ${DILATIONS.join(', ')}`,
  build: (model, width) => block(model, 'block', [width, width], { dilations: DILATIONS }),
});
