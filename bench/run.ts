/** `npm run bench`: it parses arguments, and calls what they name. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { ADAPTER_KINDS } from '../src/platform/types.ts';
import type { MeasureOptions, WriteOptions } from './measure_command.ts';

type Options = MeasureOptions & WriteOptions & { compare?: string[] };

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
  .option('--f16', 'kernels that store f16, too')
  .addOption(
    new Option('--adapter <kind>', 'the kind of adapter to use, instead of the best there is')
      .choices(ADAPTER_KINDS)
      .env('KINEGRAD_ADAPTER'),
  )
  .option('--rounds <n>', 'how often all rows are sampled, one after another', whole, 5)
  .option('--samples <n>', 'samples of a row in each round', whole, 5)
  .option('--json <file>', 'write header, rows and samples to a file')
  .option('--html <file>', 'write a report with charts, one file')
  .option('--compare <files...>', 'judge two such files: before after')
  .action(main);

async function main(options: Options): Promise<void> {
  if (options.compare) {
    const { compareFiles } = await import('./compare.ts');
    if (!compareFiles(options.compare)) process.exitCode = 1;
    return;
  }
  const { measureRows, report } = await import('./measure_command.ts');
  if (!(await report(await measureRows(options), options))) process.exitCode = 1;
}

try {
  await command.parseAsync();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
