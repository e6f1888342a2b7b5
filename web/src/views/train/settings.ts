/** What a visitor may choose of a training, and the configuration that it gives. */

import { configOf, type LifterConfig } from 'kinegrad';

export interface Settings {
  readonly width: number;
  readonly batch: number;
  readonly rate: number;
  readonly steps: number;
}

export const WIDTHS = [16, 32, 64, 128, 256, 512, 768, 1024, 2048, 4096, 8192, 16384] as const;
export const BATCHES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384, 65536] as const;
export const RATES = [2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2] as const;
export const STEPS = [100, 250, 500, 1000, 2000, 4000, 10_000] as const;

export const DEFAULTS: Settings = { width: 128, batch: 64, rate: 8e-3, steps: 1000 };

/** Judgements of a whole training, each with a checkpoint: often enough to see the people learn. */
const JUDGEMENTS = 20;

/** The recipe that the shipped weights were trained by, in the visitor's size. */
export function configFor({ width, batch, rate, steps }: Settings): LifterConfig {
  const every = Math.min(250, Math.max(10, Math.round(steps / JUDGEMENTS)));
  return configOf({ width, batch, rate, steps, validateEvery: every, checkpointEvery: every });
}
