/** `npm run bench`: it parses arguments, and calls what they name. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { ADAPTER_KINDS } from '../src/platform/types.ts';
import type { MeasureOptions, WriteOptions } from './measure_command.ts';

type Options = MeasureOptions &
  WriteOptions & {
    readonly compare?: string[];
    readonly watch?: boolean;
    readonly explain?: string;
    readonly lowered?: boolean;
    readonly tune?: boolean;
    readonly model?: string;
    readonly train?: boolean;
    readonly infer?: boolean;
    readonly batch?: number;
    readonly width?: number;
    readonly size?: number;
    readonly recompute?: boolean;
    readonly trace?: string;
  };

function whole(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

const sizes = (text: string): number[] => text.split(/[,x]/).map(whole);

const command = new Command('bench')
  .description('check and time every kernel, against the limits of this device')
  .option('--filter <words>', 'only what has these words in its family, name and pass')
  .option('--shape <n,...>', 'this shape instead of the usual ones, as the family counts', sizes)
  .option('--variants', 'all variants of each kernel, side by side')
  .option('--ladder', 'the steps of each ladder, from naive to best')
  .option('--uses <files...>', 'only what runs one of these files of shaders/')
  .option('--f16', 'kernels that store f16, too')
  .addOption(
    new Option('--adapter <kind>', 'the kind of adapter to use, instead of the best there is')
      .choices(ADAPTER_KINDS)
      .env('KINEGRAD_ADAPTER'),
  )
  .option('--peers', 'other engines beside ours, on the same adapter in the same run')
  .option(
    '--rounds <n>',
    'how often all rows are sampled, one after another (8, of a few rows up to 32)',
    whole,
  )
  .option('--samples <n>', 'samples of a row in each round', whole, 4)
  .option('--json <file>', 'write header, rows and samples to a file')
  .option('--html <file>', 'write a report with charts, one file')
  .option('--watch', 'check and time a kernel again whenever its file is saved')
  .option('--compare <files...>', 'judge two such files: before after')
  .option('--model <name>', 'profile whole steps: martinez, irb-se, wasp, cnn, vit or vit-block')
  .option('--train', 'with --model: training steps')
  .option('--infer', 'with --model: inference')
  .option('--batch <n>', 'with --model: examples of a step', whole)
  .option('--width <n>', 'with --model: features of hidden layers; of cnn, percent', whole)
  .option('--size <n>', 'with --model: pixels along each side of a view', whole)
  .option('--recompute', 'with --model --train: compute blocks again for the gradients')
  .option('--trace <file>', 'with --model: a timeline for ui.perfetto.dev or chrome://tracing')
  .option('--explain <kernel>', 'what a kernel binds, needs and is composed of')
  .option('--lowered', 'with --explain: what the driver is given, too')
  .option('--tune', 'find the fastest variants on this adapter, for shipped models or by --filter')
  .action(main);

/** Options that mean something only beside another. */
const PARTNERS = {
  train: 'model',
  infer: 'model',
  batch: 'model',
  width: 'model',
  size: 'model',
  recompute: 'train',
  trace: 'model',
  lowered: 'explain',
} as const;

/** Each of these is a command of its own. */
const COMMANDS = ['explain', 'model', 'tune', 'compare', 'watch'] as const;
/** What belongs to a measurement of rows. */
const OF_ROWS = ['filter', 'shape', 'peers', 'html'] as const;

function checkOptions(options: Options): void {
  for (const [name, partner] of Object.entries(PARTNERS) as [keyof Options, keyof Options][])
    if (options[name] !== undefined && options[partner] === undefined)
      throw new Error(`--${name} goes with --${partner}: name what to ${partner}`);
  const several = COMMANDS.filter((name) => options[name] !== undefined);
  if (several.length > 1)
    throw new Error(`--${several.join(' and --')} are two commands: take one`);
  if (options.watch && (options.json || options.html))
    throw new Error(
      '--watch measures now these rows, now those, and writes no file: ' +
        'leave --json and --html out, and measure once without --watch for them',
    );
  // The tuner goes by the names of rows, too.
  const ofRows = OF_ROWS.filter((name) => !(options.tune && name === 'filter'));
  if (several.length === 1 && !options.watch && ofRows.some((name) => options[name]))
    throw new Error(
      `--${several[0]} does not measure rows: leave ${ofRows.map((name) => `--${name}`).join(', ')} out`,
    );
  if (options.variants && options.ladder)
    throw new Error('--variants and --ladder: a ladder is some of the variants, take one');
}

async function main(options: Options): Promise<void> {
  checkOptions(options);
  if (options.explain !== undefined) return explainKernel(options.explain, options);
  if (options.model !== undefined) return profile(options.model, options);
  if (options.tune) {
    const { tuneCommand } = await import('./tune_command.ts');
    if (!(await tuneCommand(options))) process.exitCode = 1;
    return;
  }
  if (options.compare) {
    const [before, after, ...more] = options.compare;
    if (!after || more.length > 0)
      throw new Error(`--compare takes two files, before and after, got ${options.compare.length}`);
    const { compareResults, showComparison } = await import('./compare.ts');
    const { readResults } = await import('./rows.ts');
    const comparison = compareResults(readResults(before!), readResults(after));
    console.log(showComparison(comparison));
    if (comparison.failed) process.exitCode = 1;
    return;
  }
  if (options.watch) {
    const { watch } = await import('./watch.ts');
    await watch(process.argv.slice(2).filter((arg) => arg !== '--watch'));
  }
  const { measureRows, report } = await import('./measure_command.ts');
  if (!(await report(await measureRows(options), options))) process.exitCode = 1;
}

async function profile(model: string, options: Options) {
  const { adapter, train, infer, json } = options;
  const { modelNamed } = await import('./models/index.ts');
  modelNamed(model);
  if (Boolean(train) === Boolean(infer))
    throw new Error(`--model ${model} takes either --train or --infer`);
  const { openGpu } = await import('../src/gpu/gpu.ts');
  const { profileModel } = await import('./profile.ts');
  const gpu = await openGpu({ adapter });
  try {
    const mode = train ? 'train' : 'infer';
    const result = await profileModel({ ...options, gpu, model, mode });
    if (json) {
      const { writeFileAtomic } = await import('../src/platform/node/files.ts');
      await writeFileAtomic(json, `${JSON.stringify(result, null, 1)}\n`);
      console.log(`${json} is written`);
    }
  } finally {
    gpu.close();
  }
}

async function explainKernel(name: string, { adapter, lowered = false }: Options) {
  const { openGpu } = await import('../src/gpu/gpu.ts');
  const { explain } = await import('./explain.ts');
  const gpu = await openGpu({ adapter });
  try {
    process.stdout.write(await explain(name, { gpu, lowered }));
  } finally {
    gpu.close();
  }
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
