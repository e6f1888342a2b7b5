/** What a visitor may choose of a training, and the configuration that it gives. */

import { configOf, isViewConfig, type LifterConfig, type RunConfig, viewConfigOf } from 'kinegrad';

/** Lifters by what they learn from: joints alone, or rendered people. */
export const ARCHITECTURES = {
  martinez: 'joints of made-up poses',
  cnn: 'rendered people',
} as const;
export type Architecture = keyof typeof ARCHITECTURES;

export interface Settings {
  readonly architecture: Architecture;
  /** Pixels of a side of what is seen; of no use to a lifter that sees joints. */
  readonly size: number;
  /** Features of a hidden layer, or the factor of all channels. */
  readonly width: number;
  readonly batch: number;
  readonly rate: number;
  readonly steps: number;
}

export type Choice = Exclude<keyof Settings, 'architecture'>;

export const CHOICES: Readonly<Record<Architecture, Readonly<Record<Choice, readonly number[]>>>> =
  {
    martinez: {
      size: [0],
      width: [16, 32, 64, 128, 256, 512, 768, 1024, 2048, 4096, 8192, 16384],
      batch: [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384, 65536],
      rate: [2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2],
      steps: [100, 250, 500, 1000, 2000, 4000, 10_000],
    },
    cnn: {
      size: [64, 96, 128],
      width: [0.125, 0.25, 0.5, 1],
      batch: [2, 4, 8, 16, 32, 64],
      rate: [5e-4, 1e-3, 2e-3, 4e-3],
      steps: [10, 50, 100, 250, 500, 1000, 2000, 4000, 10_000],
    },
  };

export const DEFAULTS: Readonly<Record<Architecture, Settings>> = {
  martinez: { architecture: 'martinez', size: 0, width: 128, batch: 64, rate: 8e-3, steps: 1000 },
  cnn: { architecture: 'cnn', size: 64, width: 0.25, batch: 8, rate: 2e-3, steps: 250 },
};

/** Judgements of a whole training, each with a checkpoint: often enough to see the people learn. */
const JUDGEMENTS = 20;
/** Rendered people that judge. */
const JUDGED = 32;
/** Of the average of a network that is judged: over tens of steps, since runs here are short. */
const AVERAGE = 0.95;

const often = (steps: number) => {
  const every = Math.min(250, Math.max(10, Math.round(steps / JUDGEMENTS)));
  return { validateEvery: every, checkpointEvery: every };
};

/** The recipe that the shipped weights were trained by, in the visitor's size. */
export const lifterConfig = ({ width, batch, rate, steps }: Settings): LifterConfig =>
  configOf({ width, batch, rate, steps, ...often(steps) });

/** The configuration of a training, as the command line has it. */
export function configFor(settings: Settings): RunConfig {
  const { architecture, size, width, batch, rate, steps } = settings;
  if (architecture === 'martinez') return lifterConfig(settings);
  const judged = { judged: JUDGED, average: AVERAGE, ...often(steps) };
  const network = { architecture, size, options: { width }, loss: 'joints' };
  return viewConfigOf({ ...network, batch, rate, steps, ...judged });
}

/** The settings that a run was begun with. */
export function settingsOf(config: RunConfig): Settings {
  const { batch, rate, steps } = config;
  const others = { batch, rate, steps };
  return isViewConfig(config)
    ? { ...others, architecture: 'cnn', size: config.size, width: Number(config.options.width) }
    : { ...others, architecture: 'martinez', size: 0, width: config.width };
}
