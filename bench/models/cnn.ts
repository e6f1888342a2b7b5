/** The convolutional lifter of Calda et al. at a quarter of its size, or any other. */

import { cnn as network } from '../../src/models/cnn.ts';
import { viewsModel } from './views.ts';

/** Percent of the channels of the full network. */
const FULL = 100;

export const cnn = viewsModel({ batch: 16, size: 128 }, ({ size, width = FULL }) => ({
  network: network({ size, width: width / FULL }),
  words: `${width} % of the width`,
}));
