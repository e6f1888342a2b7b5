/** The options of `kinegrad train` as a configuration. */

import { readFile } from '#platform';
import type { AdapterKind } from '../platform/types.ts';
import { configOf, type LifterConfig } from '../train/config.ts';
import { loadTrainingData } from './data.ts';
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
  'validation',
  'cameras',
  'bodyVariation',
  'noise',
] as const;

export async function trainCommand(architecture: string | undefined, flags: TrainFlags) {
  const { adapter } = flags;
  const notice = flags.notice && (await text(flags.notice)).trim();
  if (flags.resume !== undefined) {
    const other = SETTINGS.find((name) => flags[name] !== undefined) ?? (flags.out && 'out');
    if (other || flags.config || flags.epochs)
      throw new Error(
        `--resume goes on with the settings of the run; leave ${other ? `--${other}` : 'the others'} out`,
      );
    await resume(flags.resume, { adapter, notice });
    return;
  }
  if (!architecture)
    throw new Error(
      `say what to train, as in 'kinegrad train martinez --data synthetic --out run', or --resume a run`,
    );
  if (!flags.out) throw new Error('--out <folder> says where the run is kept; it is missing');
  await train(flags.out, await settings(architecture, flags), { adapter, notice });
}

/** Defaults, then the file, then the command line. */
async function settings(architecture: string, flags: TrainFlags): Promise<LifterConfig> {
  const file = flags.config ? parse(flags.config, await text(flags.config)) : {};
  const given = Object.fromEntries(
    SETTINGS.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  );
  const config = configOf({
    ...file,
    ...given,
    architecture,
    ...(!flags.mirror && { mirror: false }),
  });
  if (flags.epochs === undefined) return config;
  if (flags.steps !== undefined) throw new Error('give --steps or --epochs, not both');
  if (!(flags.epochs > 0))
    throw new Error(`--epochs must be a number above 0, got ${flags.epochs}`);
  const { train } = await loadTrainingData(config);
  return configOf({ ...config, steps: Math.ceil((flags.epochs * train.count) / config.batch) });
}

const text = async (path: string) => new TextDecoder().decode(await readFile(path));

function parse(path: string, json: string): Record<string, unknown> {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`);
  }
}
