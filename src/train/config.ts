/**
 * What a training run of a lifter depends on. The file `config.json` of a run holds exactly this.
 */

import type { CameraPreset } from '../data/cameras.ts';
import type { SplitName } from '../data/human36m/joints.ts';
import { choice, FLAG, type Rules, real, settingsOf, TEXT, whole } from './settings.ts';

export interface LifterConfig {
  readonly architecture: 'martinez';
  /** Features of hidden layers, residual blocks, and the probability that a feature is dropped. */
  readonly width: number;
  readonly blocks: number;
  readonly dropout: number;
  /**
   * A motion data set (`.safetensors`), Human3.6M's `data_3d_h36m.npz`, a folder of motion capture, or
   * `synthetic`.
   */
  readonly data: string;
  /** Which subjects of Human3.6M are learned from; of no use to other data. */
  readonly split: SplitName;
  /** Train subject that is held out and chooses the weights; null trains on all of them. */
  readonly validation: string | null;
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
  /**
   * Highest rate of the one-cycle schedule, weight decay of matrices, largest norm of the gradient.
   */
  readonly rate: number;
  readonly decay: number;
  readonly clip: number;
  readonly loss: 'joints' | 'mse';
  /** How results between ops are stored, and the first scale of the loss; 0 is none. */
  readonly storage: 'f32' | 'f16';
  readonly lossScale: number;
  /** Decay of an average of the parameters, which is then what is judged and shipped; 0 is none. */
  readonly average: number;
  /** Views, and the augmentation of batches: see `BatchPlan`. */
  readonly cameras: CameraPreset;
  readonly mirror: boolean;
  readonly bodyVariation: number;
  readonly noise: number;
  readonly augmented: number;
  /** Steps between two validations, and between two checkpoints. */
  readonly validateEvery: number;
  readonly checkpointEvery: number;
}

/** The recipe of the README: see its table for what each part of it gives. */
export const DEFAULT_CONFIG: LifterConfig = {
  architecture: 'martinez',
  width: 768,
  blocks: 2,
  dropout: 0,
  data: 'synthetic',
  split: 'standard',
  validation: null,
  batch: 256,
  steps: 4000,
  seed: 1,
  rate: 8e-3,
  decay: 0.3,
  clip: 0,
  loss: 'joints',
  storage: 'f32',
  lossScale: 0,
  average: 0,
  cameras: 'mixed',
  mirror: true,
  bodyVariation: 0.04,
  noise: 0.02,
  augmented: 0.25,
  validateEvery: 250,
  checkpointEvery: 250,
};

const RULES: Rules<LifterConfig> = {
  architecture: choice('martinez'),
  width: whole(4, 16384),
  blocks: whole(1, 64),
  dropout: real(0, 0.95),
  data: TEXT,
  validation: { kind: 'text', orNull: true },
  split: choice('standard', 'calda'),
  batch: whole(2, 65536),
  steps: whole(1, 1e9),
  seed: whole(0, 2 ** 32 - 1),
  rate: real(1e-12, 10),
  decay: real(0, 10),
  clip: real(0, 1e9),
  loss: choice('joints', 'mse'),
  storage: choice('f32', 'f16'),
  lossScale: real(0, 2 ** 24),
  average: real(0, 0.999999),
  cameras: choice('benchmark', 'wide', 'mixed'),
  mirror: FLAG,
  bodyVariation: real(0, 0.5),
  noise: real(0, 0.5),
  augmented: real(0, 1),
  validateEvery: whole(1, 1e9),
  checkpointEvery: whole(1, 1e9),
};

/** The first scale of a loss whose gradients are halves; it finds its size by itself. */
const LOSS_SCALE = 2 ** 16;

/** Halves have a loss scale, unless it is said. */
export const scaled = (given: Readonly<Record<string, unknown>>) =>
  given.storage === 'f16' ? { lossScale: LOSS_SCALE } : {};

/**
 * A whole configuration from some of it; the rest are defaults, where halves have a loss scale.
 * @throws for a name that is not known, or a value outside its range, with the rule
 */
export const configOf = (given: Readonly<Record<string, unknown>>): LifterConfig =>
  settingsOf(DEFAULT_CONFIG, RULES, { ...scaled(given), ...given });
