/** The options of `kinegrad train` as a configuration. */

import type { AdapterKind } from '../platform/types.ts';
import { isViewConfig, type RunConfig, runConfigOf } from '../train/run_config.ts';
import { loadRun } from './load_run.ts';
import { text } from './parsed.ts';
import { resume, train } from './train.ts';

export interface TrainFlags {
  data?: string;
  split?: string;
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
  size?: number;
  from?: string;
  convolutions: boolean;
  guess?: number;
  depthDropout?: number;
  loss?: string;
  depthError?: boolean;
  judged?: number;
  clip?: number;
  notice?: string;
  adapter?: AdapterKind;
}

/** Settings that flags of the same name give. */
const SETTINGS = [
  'data',
  'split',
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
  'size',
  'from',
  'loss',
  'depthError',
  'judged',
  'clip',
  'guess',
  'depthDropout',
] as const;

/** Of two-stage lifters these are options of the network. */
const NETWORK_OPTIONS: ReadonlySet<string> = new Set(['width', 'dropout', 'guess', 'depthDropout']);

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
  const data = await loadRun(config);
  const steps = stepsOf(flags, config, data.count);
  await train(flags.out, runConfigOf({ ...config, steps }), data, { adapter, notice });
}

/** A run goes on with its own settings. */
function refuseSettings(flags: TrainFlags) {
  const others = ['out', 'config', 'epochs', ...SETTINGS] as const;
  const given = others.find((name) => flags[name] !== undefined);
  const off = (['mirror', 'convolutions'] as const).find((name) => !flags[name]);
  const option = given ? dashed(given) : off && `--no-${off}`;
  if (option) throw new Error(`--resume goes on with the settings of the run; leave ${option} out`);
}

const dashed = (name: string) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** Defaults, then the file, then the command line. */
async function settings(architecture: string, flags: TrainFlags): Promise<RunConfig> {
  const file = flags.config ? parse(flags.config, await text(flags.config)) : {};
  const given = SETTINGS.filter((name) => flags[name] !== undefined).map(
    (name) => [name, flags[name]] as const,
  );
  const mirror = flags.mirror ? {} : { mirror: false };
  const convolutions = flags.convolutions ? {} : { convolutions: false };
  const start = runConfigOf({ ...file, architecture });
  // What nobody says is completed once, and last: some defaults follow others.
  const said = { ...file, architecture };
  if (!isViewConfig(start))
    return runConfigOf({ ...said, ...Object.fromEntries(given), ...mirror, ...convolutions });
  const own = given.filter(([name]) => !NETWORK_OPTIONS.has(name));
  const network = given.filter(([name]) => NETWORK_OPTIONS.has(name));
  const options = { ...start.options, ...Object.fromEntries(network), ...convolutions };
  return runConfigOf({ ...said, ...Object.fromEntries(own), ...mirror, options });
}

function stepsOf({ epochs, steps }: TrainFlags, config: RunConfig, poses: number): number {
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
