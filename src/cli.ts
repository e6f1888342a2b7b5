#!/usr/bin/env node
/** The command line: it parses arguments and prints. */

import { createRequire } from 'node:module';
import { Command, InvalidArgumentError, Option } from 'commander';
import { listAdapters } from '#platform';
import type { ConvertFlags } from './cli/convert.ts';
import type { DemoFlags } from './cli/demo.ts';
import type { ExportFlags } from './cli/export.ts';
import type { LiftFlags } from './cli/lift.ts';
import type { TrainFlags } from './cli/train_command.ts';
import { bytes } from './gpu/faults.ts';
import { findTuning, type Tuning } from './gpu/tuning.ts';
import { ADAPTER_KINDS, type AdapterKind, type AdapterReport } from './platform/types.ts';

const { version, description } = createRequire(import.meta.url)('kinegrad/package.json');

const program = new Command('kinegrad').description(description).version(version);

const adapterOption = () =>
  new Option('--adapter <kind>', 'the kind of adapter to use, instead of the best there is')
    .choices(ADAPTER_KINDS)
    .env('KINEGRAD_ADAPTER');

/** A number as it was typed, or a refusal that shows it. */
function number(typed: string): number {
  const value = Number(typed);
  if (typed.trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError('It is no number.');
  return value;
}

program
  .command('info')
  .description('list the WebGPU adapters, which is used and why')
  .addOption(adapterOption())
  .option('--json', 'print everything as JSON')
  .action(async (options: { adapter?: AdapterKind; json?: boolean }) => {
    const { reports, remedies } = await listAdapters(options.adapter);
    const used = reports.find(({ chosen }) => chosen);
    const tuning = used && (await findTuning(used));
    if (options.json) {
      const inUse = tuning && { source: tuning.source, entries: tuning.entries.length };
      console.log(JSON.stringify({ version, reports, remedies, tuning: inUse }, null, 2));
    } else console.log(describeAdapters(reports, remedies, tuning));
  });

program
  .command('train')
  .description('train a lifter, or go on with a run')
  .argument('[architecture]', 'the architecture: martinez')
  .option(
    '--data <path>',
    'a .safetensors motion data set, a folder of .bvh or .asf/.amc, or synthetic',
  )
  .option('--out <folder>', 'where the run is kept')
  .option('--resume <folder>', 'go on with the run in this folder')
  .option('--config <file>', 'JSON with any of the settings below; options on the command line win')
  .option('--steps <n>', 'steps to make', number)
  .option('--epochs <n>', 'passes over the training poses to make, instead of steps', number)
  .option('--batch <n>', 'poses a step', number)
  .option('--seed <n>', 'of the initial weights, the batches and all other random numbers', number)
  .option('--width <n>', 'features of hidden layers', number)
  .option('--dropout <p>', 'probability that a feature is dropped', number)
  .option('--rate <r>', 'highest learning rate of the one-cycle schedule', number)
  .option('--decay <r>', 'weight decay of matrices', number)
  .option('--storage <type>', 'results between ops as f32, or as f16 in half the memory')
  .option(
    '--loss-scale <factor>',
    'first scale of the loss, which finds its size by itself; 65536 with f16, else 0 for none',
    number,
  )
  .option(
    '--average <decay>',
    'judge and ship an exponential moving average of the parameters, 0.999 say',
    number,
  )
  .option('--recompute', 'compute blocks again for the gradients: less memory for more time')
  .option('--validation <subject>', 'train subject that is held out and chooses the weights')
  .option('--cameras <preset>', 'views to train on: benchmark, wide or mixed')
  .option('--no-mirror', 'do not show people in the mirror')
  .option(
    '--body-variation <deviation>',
    'vary the lengths of bodies, 0.04 is about what people do',
    number,
  )
  .option(
    '--noise <share>',
    'noise of the 2D joints as a share of the box, 0.012 is about a detector',
    number,
  )
  .option('--notice <file>', 'text on the origin and terms of the data, kept with the weights')
  .addOption(adapterOption())
  .action(async (architecture: string | undefined, options: TrainFlags) => {
    const { trainCommand } = await import('./cli/train_command.ts');
    await trainCommand(architecture, options);
  });

program
  .command('eval')
  .description('measure a lifter on a benchmark: MPJPE, PA-MPJPE, PCK, AUC, per joint')
  .requiredOption('--model <path>', 'the folder of a run, or a weights file')
  .requiredOption('--data <file>', 'a benchmark in .safetensors')
  .option('--json', 'print everything as JSON')
  .addOption(adapterOption())
  .action(
    async (options: { model: string; data: string; json?: boolean; adapter?: AdapterKind }) => {
      const { describeEvaluation, evaluateModel } = await import('./cli/evaluate.ts');
      const evaluation = await evaluateModel(options);
      console.log(
        options.json ? JSON.stringify(evaluation, null, 2) : describeEvaluation(evaluation),
      );
    },
  );

program
  .command('lift')
  .description('lift the 2D joints of a person in a photo to 3D')
  .option('--model <path>', 'the folder of a run, or a weights file; the shipped weights if none')
  .requiredOption('--image <file>', 'the photo')
  .requiredOption('--joints <file>', 'JSON with the joints by name, in pixels')
  .option('--entry <name>', 'which person of the joints file; the one named as the photo if none')
  .option('--fov <degrees>', 'horizontal field of view of the camera', number)
  .option('--f35 <mm>', 'focal length for 35 mm film', number)
  .option('--intrinsics <fx,fy,cx,cy>', 'the camera in pixels')
  .option('--out <folder>', 'where pose.json and pose.png are written', 'out')
  .addOption(adapterOption())
  .action(async (options: LiftFlags) => {
    const { liftCommand } = await import('./cli/lift.ts');
    console.log(await liftCommand(options));
  });

program
  .command('export')
  .description('write the weights of a run as one file to ship')
  .requiredOption('--model <path>', 'the folder of a run, or a weights file')
  .requiredOption('--out <file>', 'the file to write, in .safetensors')
  .option('--f16', 'store weight matrices in half precision')
  .option('--notice <file>', 'text on the origin and terms of the data, kept with the weights')
  .action(async (options: ExportFlags) => {
    const { exportCommand } = await import('./cli/export.ts');
    console.log(await exportCommand(options));
  });

program
  .command('convert')
  .description('make weights of the transformer lifter out of published ones')
  .requiredOption('--timm <file>', 'model.safetensors of timm, such as vit_base_patch16_384')
  .requiredOption('--out <file>', 'the file to write, in .safetensors')
  .option('--size <n>', 'pixels along each side of a view; those of the published network', number)
  .option('--heads <n>', 'its heads, which its file does not tell; width / 64', number)
  .option('--root <place>', 'where the root will be: relative or absolute', 'relative')
  .option('--seed <n>', 'of the initial weights of all that it has not', number, 0)
  .option('--f16', 'store weight matrices in half precision')
  .option('--notice <file>', 'text on the origin and terms of the weights, kept with them')
  .action(async (options: ConvertFlags) => {
    const { convertCommand } = await import('./cli/convert.ts');
    console.log(await convertCommand(options));
  });

program
  .command('demo')
  .description(
    'lift a pose with the shipped weights, then train a small lifter, with pictures in out/',
  )
  .option('--image <file>', 'a photo, instead of a drawn person')
  .option('--joints <file>', 'its joints')
  .option('--out <folder>', 'where the pictures are written', 'out')
  .addOption(adapterOption())
  .action(async (options: DemoFlags) => {
    const { demo } = await import('./cli/demo.ts');
    await demo(options);
  });

function describeAdapters(
  reports: readonly AdapterReport[],
  remedies: readonly string[],
  tuning: Tuning | undefined,
): string {
  const lines = reports.flatMap((report) => [
    `${report.chosen ? '*' : ' '} ${report.kind}${report.name && ` - ${report.name}`}`,
    ...details(report, tuning).map(([name, text]) => `    ${name.padEnd(9)} ${text}`),
    '',
  ]);
  const used = reports.find(({ chosen }) => chosen);
  const last = used
    ? [`* is used; --adapter or KINEGRAD_ADAPTER takes another kind.`]
    : [
        'There is no adapter to use. Any of these gives one:',
        ...remedies.map((cure) => `- ${cure}`),
      ];
  return [...lines, ...last].join('\n');
}

function details(
  { kind, driver, source, why, limits, features, chosen }: AdapterReport,
  tuning: Tuning | undefined,
): [string, string][] {
  if (features.length === 0) return [['not used', why]];
  const limit = (name: string) => limits[name] ?? 0;
  const size = (name: string) => bytes(limit(name));
  return [
    ['why', why],
    ['driver', `${driver} (${source})`],
    ['binding', `at most ${size('maxStorageBufferBindingSize')}`],
    ['buffer', `at most ${size('maxBufferSize')}`],
    [
      'workgroup',
      `at most ${limit('maxComputeInvocationsPerWorkgroup')} threads, ` +
        `${size('maxComputeWorkgroupStorageSize')} of memory, ` +
        `${limit('maxStorageBuffersPerShaderStage')} storage buffers`,
    ],
    ...(chosen && tuning ? [['tuning', describeTuning(tuning, kind)] as [string, string]] : []),
    ['features', wrap(features.join(' '), 84).join(`\n${' '.repeat(14)}`)],
  ];
}

const describeTuning = ({ source, entries }: Tuning, kind: AdapterKind) =>
  entries.length
    ? `${entries.length} choices of variants, from ${source}`
    : `${source} for ${kind}; measure it with npm run bench -- --tune`;

function wrap(text: string, width: number): string[] {
  return text.match(new RegExp(`.{1,${width}}(?= |$)`, 'g'))?.map((line) => line.trim()) ?? [];
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(`kinegrad: ${(error as Error).message}`);
  process.exitCode = 1;
}
