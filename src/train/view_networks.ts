/** All two-stage lifters, by the name of their architecture: for programs that are told it. */

import { cnn } from '../models/cnn.ts';
import { vit } from '../models/vit.ts';

export const VIEW_NETWORKS = { cnn, vit } as const;
