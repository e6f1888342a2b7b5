/** The options of `kinegrad train` as a configuration. */

import type { AdapterKind } from '../platform/types.ts';
import { configOf, type LifterConfig } from '../train/config.ts';
import { loadTrainingData } from './data.ts';
import { text } from './parsed.ts';
import { resume, train } from './train.ts';

export interface TrainFlags {
  data?: string;
  out?: string;
  resume?: string;
  config?: string;
  steps?: number;
  epochs?: number;
  batch?: number;
  seed?: number;
  width?: number;
  dropout?: number;
  rate?: number;
  decay?: number;
  storage?: string;
  lossScale?: number;
  average?: number;
  recompute?: boolean;
  validation?: string;
  cameras?: string;
  mirror: boolean;
  bodyVariation?: number;
  noise?: number;
  notice?: string;
  adapter?: AdapterKind;
}

const SETTINGS = [
  'data',
  'steps',
  'batch',
  'seed',
  'width',
  'dropout',
  'rate',
  'decay',
  'storage',
  'lossScale',
  'average',
  'recompute',
  'validation',
  'cameras',
  'bodyVariation',
  'noise',
] as const;

export async function trainCommand(architecture: string | undefined, flags: TrainFlags) {
  const { adapter } = flags;
  const notice = flags.notice && (await text(flags.notice)).trim();
  if (flags.resume !== undefined) {
    refuseSettings(flags);
    await resume(flags.resume, { adapter, notice });
    return;
  }
  if (!architecture)
    throw new Error(
      "say what to train, as in 'kinegrad train martinez --data synthetic --out run', or --resume a run",
    );
  if (!flags.out) throw new Error('--out <folder> says where the run is kept; it is missing');
  const config = await settings(architecture, flags);
  const data = await loadTrainingData(config);
  const steps = stepsOf(flags, config, data.train.count);
  await train(flags.out, configOf({ ...config, steps }), data, { adapter, notice });
}

/** A run goes on with its own settings. */
function refuseSettings(flags: TrainFlags) {
  const others = ['out', 'config', 'epochs', ...SETTINGS] as const;
  const given = others.find((name) => flags[name] !== undefined);
  const option = given ? dashed(given) : flags.mirror ? undefined : '--no-mirror';
  if (option) throw new Error(`--resume goes on with the settings of the run; leave ${option} out`);
}

const dashed = (name: string) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** Defaults, then the file, then the command line. */
async function settings(architecture: string, flags: TrainFlags): Promise<LifterConfig> {
  const file = flags.config ? parse(flags.config, await text(flags.config)) : {};
  const given = Object.fromEntries(
    SETTINGS.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  );
  const mirror = flags.mirror ? {} : { mirror: false };
  return configOf({ ...file, ...given, architecture, ...mirror });
}

function stepsOf({ epochs, steps }: TrainFlags, config: LifterConfig, poses: number): number {
  if (epochs === undefined) return config.steps;
  if (steps !== undefined) throw new Error('give --steps or --epochs, not both');
  if (!(epochs > 0)) throw new Error(`--epochs must be a number above 0, got ${epochs}`);
  return Math.ceil((epochs * poses) / config.batch);
}

function parse(path: string, json: string): Record<string, unknown> {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`);
  }
}
