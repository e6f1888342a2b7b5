/** Configurations of runs of any lifter. The file `config.json` of a run holds exactly one. */

import { configOf, type LifterConfig } from './config.ts';
import { type ViewConfig, viewConfigOf } from './view_config.ts';

export type RunConfig = LifterConfig | ViewConfig;

/** Whether a configuration is that of a two-stage lifter. */
export const isViewConfig = (config: RunConfig): config is ViewConfig =>
  config.architecture === 'cnn' || config.architecture === 'vit';

export const ARCHITECTURES = ['martinez', 'cnn', 'vit'] as const;

/**
 * A whole configuration from some of it, by its architecture; the rest are defaults.
 * @throws for an architecture or a name that is not known, or a value outside its range
 */
export function runConfigOf(given: Readonly<Record<string, unknown>>): RunConfig {
  const { architecture } = given;
  if (architecture === 'cnn' || architecture === 'vit') return viewConfigOf(given);
  if (architecture === undefined || architecture === 'martinez') return configOf(given);
  throw new Error(
    `config: architecture must be one of ${ARCHITECTURES.join(', ')}, got ${JSON.stringify(architecture)}`,
  );
}
