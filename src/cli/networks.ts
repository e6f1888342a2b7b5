/** Networks of weights files, of whatever architecture. */

import type { ModelVariables } from '../models/layers.ts';
import { martinez } from '../models/martinez.ts';
import type { TwoStageNetwork } from '../models/two_stage.ts';
import type { Weights } from '../models/weights.ts';
import { VIEW_NETWORKS } from '../train/view_networks.ts';

export type ViewName = keyof typeof VIEW_NETWORKS;

/** Whether that is the name of a two-stage lifter. */
export const isView = (name: string): name is ViewName => Object.hasOwn(VIEW_NETWORKS, name);

/**
 * The network that weights are of.
 * @throws where no architecture has that name
 */
export function networkOf({ architecture, options }: Weights): ModelVariables {
  if (architecture === martinez.architecture) return martinez(options);
  if (isView(architecture)) return VIEW_NETWORKS[architecture](options);
  const known = [martinez.architecture, ...Object.keys(VIEW_NETWORKS)].join(', ');
  throw new Error(`these are weights of ${architecture}, which is none of ${known}`);
}

/** A two-stage lifter, and what its views and poses are. */
export interface ViewNetwork {
  readonly network: TwoStageNetwork;
  readonly architecture: ViewName;
  /** Pixels of a side of its views. */
  readonly size: number;
  /** Whether its poses are in the view's frame, and not relative to the root. */
  readonly absolute: boolean;
}

/**
 * The two-stage lifter that weights are of.
 * @throws where they are of something else
 */
export function viewNetworkOf({ architecture, options }: Weights): ViewNetwork {
  const names = Object.keys(VIEW_NETWORKS).join(' or ');
  if (!isView(architecture))
    throw new Error(
      `these are weights of ${architecture}, which looks at joints alone. Give --model of a ${names}`,
    );
  const { size, root } = options;
  if (typeof size !== 'number')
    throw new Error(
      `these weights of ${architecture} do not tell the size of their views. Give a file that kinegrad has written`,
    );
  const network = VIEW_NETWORKS[architecture](options);
  return { network, architecture, size, absolute: root === 'absolute' };
}
