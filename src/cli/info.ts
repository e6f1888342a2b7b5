/** `kinegrad info`: the adapters, which is used and why. */

import { listAdapters } from '#platform';
import { bytes } from '../gpu/faults.ts';
import { findTuning, type Tuning } from '../gpu/tuning.ts';
import type { AdapterKind, AdapterReport } from '../platform/types.ts';

export interface InfoFlags {
  adapter?: AdapterKind;
  json?: boolean;
}

/** What the command prints, as text or as JSON. */
export async function infoCommand(version: string, { adapter, json }: InfoFlags): Promise<string> {
  const { reports, remedies } = await listAdapters(adapter);
  const used = reports.find(({ chosen }) => chosen);
  const tuning = used && (await findTuning(used));
  if (!json) return describeAdapters(reports, remedies, tuning);
  const inUse = tuning && { source: tuning.source, entries: tuning.entries.length };
  return JSON.stringify({ version, reports, remedies, tuning: inUse }, null, 2);
}

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
