/**
 * What a training run of a lifter depends on. The file `config.json` of a run holds exactly this.
 */

import type { CameraPreset } from '../data/cameras.ts';
import type { SplitName } from '../data/human36m/joints.ts';

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
  cameras: 'mixed',
  mirror: true,
  bodyVariation: 0.04,
  noise: 0.02,
  augmented: 0.25,
  validateEvery: 250,
  checkpointEvery: 250,
};

const choices = {
  architecture: ['martinez'],
  loss: ['joints', 'mse'],
  cameras: ['benchmark', 'wide', 'mixed'],
  split: ['standard', 'calda'],
} as const;

/** Rules of the numbers: whole or not, the least and the most. */
const ranges: Partial<Record<keyof LifterConfig, readonly ['whole' | 'real', number, number]>> = {
  width: ['whole', 4, 16384],
  blocks: ['whole', 1, 64],
  dropout: ['real', 0, 0.95],
  batch: ['whole', 2, 65536],
  steps: ['whole', 1, 1e9],
  seed: ['whole', 0, 2 ** 32 - 1],
  rate: ['real', 1e-12, 10],
  decay: ['real', 0, 10],
  clip: ['real', 0, 1e9],
  bodyVariation: ['real', 0, 0.5],
  noise: ['real', 0, 0.5],
  augmented: ['real', 0, 1],
  validateEvery: ['whole', 1, 1e9],
  checkpointEvery: ['whole', 1, 1e9],
};

/**
 * A whole configuration from some of it; the rest are defaults.
 * @throws for a name that is not known, or a value outside its range, with the rule
 */
export function configOf(given: Readonly<Record<string, unknown>>): LifterConfig {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in DEFAULT_CONFIG))
      throw new Error(
        `config: there is no '${name}'; the names are ${Object.keys(DEFAULT_CONFIG).join(', ')}`,
      );
    const key = name as keyof LifterConfig;
    const range = ranges[key];
    if (range) {
      const [kind, least, most] = range;
      const fits = typeof value === 'number' && value >= least && value <= most;
      if (!fits || (kind === 'whole' && !Number.isInteger(value)))
        throw new Error(
          `config: ${name} must be a ${kind === 'whole' ? 'whole ' : ''}number from ${least} to ${most}, got ${JSON.stringify(value)}`,
        );
    } else if (key in choices) {
      const allowed: readonly unknown[] = choices[key as keyof typeof choices];
      if (!allowed.includes(value))
        throw new Error(
          `config: ${name} must be one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`,
        );
    } else if (
      key === 'mirror'
        ? typeof value !== 'boolean'
        : typeof value !== 'string' && !(key === 'validation' && value === null)
    )
      throw new Error(
        `config: ${name} cannot be ${JSON.stringify(value)}; ${name === 'mirror' ? 'it is true or false' : 'it is text'}`,
      );
  }
  return { ...DEFAULT_CONFIG, ...given } as LifterConfig;
}
