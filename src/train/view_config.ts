/** What a training run of a two-stage lifter depends on. */

import type { SplitName } from '../data/human36m/joints.ts';
import type { CnnOptions } from '../models/cnn.ts';
import type { VitOptions } from '../models/vit.ts';
import { scaled } from './config.ts';
import { choice, FLAG, type Rules, real, settingsOf, TEXT, whole } from './settings.ts';

export interface ViewConfig {
  readonly architecture: 'cnn' | 'vit';
  /** Pixels of a side of a view. */
  readonly size: number;
  /** Other options of the network: see `CnnOptions` and `VitOptions`. */
  readonly options: Readonly<Record<string, number | boolean | string>>;
  /** A run, or weights, whose values the network begins with; see `beginningOf`. Empty for a new network. */
  readonly from: string;
  /** `rendered` for people rendered within the step, or a folder of shards that `prepare` made. */
  readonly data: string;
  /** Which subjects and cameras of Human3.6M are learned from; of no use to other data. */
  readonly split: SplitName;
  /**
   * Of shards: a subject that is held out, or a folder of other shards, to judge and to choose the
   * weights;
   * null holds out the last tenth, at most `judged` people.
   */
  readonly validation: string | null;
  /** Whether the depth of rendered people is as a network guesses it; else it is true. */
  readonly depthError: boolean;
  /**
   * `ind-p` and `dep-p` of Calda et al.; `joints` is the mean distance of joints from the root.
   * With `dep-p` the network tells the root's place, too.
   */
  readonly loss: 'ind-p' | 'dep-p' | 'joints';
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
  /**
   * Highest rate of the one-cycle schedule, weight decay of matrices, largest norm of the gradient.
   */
  readonly rate: number;
  readonly decay: number;
  readonly clip: number;
  /** Of the moving average of the parameters that is kept as the result; 0 keeps the parameters. */
  readonly average: number;
  /** How results between ops are stored, and the first scale of the loss; 0 is none. */
  readonly storage: 'f32' | 'f16';
  readonly lossScale: number;
  /** Whether blocks are computed a second time instead of kept for the backward pass. */
  readonly recompute: boolean;
  /** People that judge and choose the weights. */
  readonly judged: number;
  /** Steps between two validations, and between two checkpoints. */
  readonly validateEvery: number;
  readonly checkpointEvery: number;
}

export const DEFAULT_VIEW_CONFIG: ViewConfig = {
  architecture: 'cnn',
  size: 128,
  options: {},
  from: '',
  data: 'rendered',
  split: 'standard',
  validation: null,
  depthError: false,
  loss: 'ind-p',
  batch: 16,
  steps: 6000,
  seed: 1,
  rate: 2e-3,
  decay: 0.05,
  clip: 1,
  average: 0.998,
  storage: 'f32',
  lossScale: 0,
  recompute: false,
  judged: 256,
  validateEvery: 500,
  checkpointEvery: 250,
};

const RULES: Rules<ViewConfig> = {
  architecture: choice('cnn', 'vit'),
  size: whole(16, 4096),
  options: { kind: 'options' },
  from: TEXT,
  data: TEXT,
  split: choice('standard', 'calda'),
  validation: { kind: 'text', orNull: true },
  depthError: FLAG,
  loss: choice('ind-p', 'dep-p', 'joints'),
  batch: whole(1, 65536),
  steps: whole(1, 1e9),
  seed: whole(0, 2 ** 32 - 1),
  rate: real(1e-12, 10),
  decay: real(0, 10),
  clip: real(0, 1e9),
  average: real(0, 0.999999),
  storage: choice('f32', 'f16'),
  lossScale: real(0, 2 ** 24),
  recompute: FLAG,
  judged: whole(1, 1e6),
  validateEvery: whole(1, 1e9),
  checkpointEvery: whole(1, 1e9),
};

/** Options of the networks. Their size is a setting of its own, and the loss says where their root is. */
const OPTIONS: {
  readonly cnn: readonly (keyof CnnOptions)[];
  readonly vit: readonly (keyof VitOptions)[];
} = {
  cnn: ['width', 'dropout', 'imageDropout', 'depthDropout', 'points', 'convolutions', 'guess'],
  vit: [
    ...(['width', 'depth', 'heads', 'patch', 'mapSize', 'mapPatch', 'fusion', 'encoder'] as const),
    ...(['encoderHeads', 'pool', 'imageDropout', 'depthDropout', 'points', 'guess'] as const),
  ],
};

/**
 * A whole configuration from some of it; the rest are defaults, where halves have a loss scale.
 * @throws for a name that is not known, or a value outside its range, with the rule
 */
export function viewConfigOf(given: Readonly<Record<string, unknown>>): ViewConfig {
  const config = settingsOf(DEFAULT_VIEW_CONFIG, RULES, { ...scaled(given), ...given });
  const { architecture, options } = config;
  const known: readonly string[] = OPTIONS[architecture];
  const strange = Object.keys(options).find((name) => !known.includes(name));
  if (strange !== undefined)
    throw new Error(
      `config: ${architecture} has no option ${strange}; its options are ${known.join(', ')}`,
    );
  return config;
}
