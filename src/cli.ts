#!/usr/bin/env node
/** The command line: it parses arguments and prints. */

import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import { listAdapters } from '#platform';
import { bytes } from './gpu/faults.ts';
import { ADAPTER_KINDS, type AdapterKind, type AdapterReport } from './platform/types.ts';

const { version, description } = createRequire(import.meta.url)('kinegrad/package.json');

const program = new Command('kinegrad').description(description).version(version);

const adapterOption = () =>
  new Option('--adapter <kind>', 'the kind of adapter to use, instead of the best there is')
    .choices(ADAPTER_KINDS)
    .env('KINEGRAD_ADAPTER');

program
  .command('info')
  .description('list the WebGPU adapters, which is used and why')
  .addOption(adapterOption())
  .option('--json', 'print everything as JSON')
  .action(async (options: { adapter?: AdapterKind; json?: boolean }) => {
    const { reports, remedies } = await listAdapters(options.adapter);
    if (options.json) console.log(JSON.stringify({ version, reports, remedies }, null, 2));
    else console.log(describeAdapters(reports, remedies));
  });

function describeAdapters(reports: readonly AdapterReport[], remedies: readonly string[]): string {
  const lines = reports.flatMap((report) => [
    `${report.chosen ? '*' : ' '} ${report.kind}${report.name && ` - ${report.name}`}`,
    ...details(report).map(([name, text]) => `    ${name.padEnd(9)} ${text}`),
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

function details({ driver, source, why, limits, features }: AdapterReport): [string, string][] {
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
    ['features', wrap(features.join(' '), 84).join(`\n${' '.repeat(14)}`)],
  ];
}

function wrap(text: string, width: number): string[] {
  return text.match(new RegExp(`.{1,${width}}(?= |$)`, 'g'))?.map((line) => line.trim()) ?? [];
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(`kinegrad: ${(error as Error).message}`);
  process.exitCode = 1;
}
