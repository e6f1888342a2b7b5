/** `npm run bench`: measures rows, prints them, and writes what was asked for. */

import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import type { Gpu } from '../src/gpu/gpu.ts';
import { openGpu } from '../src/gpu/gpu.ts';
import { writeFileAtomic } from '../src/platform/node/files.ts';
import type { AdapterKind } from '../src/platform/types.ts';
import { coldDrivers } from './cold.ts';
import { loadFamilies } from './families.ts';
import type { Family } from './family.ts';
import { openHost } from './measure/host.ts';
import { dispatchCost } from './measure/roofs.ts';
import { measure, ROUNDS, type Session } from './measure/session.ts';
import { showPeers } from './report/peers_table.ts';
import { type Progress, progress } from './report/progress.ts';
import { showHeader, showResults } from './report/table.ts';
import { BESIDE, FORMAT, type Header, type Results } from './rows.ts';
import { type Selection, select, wishesOf } from './select.ts';

export interface MeasureOptions extends Selection {
  readonly adapter?: AdapterKind;
  /** Other engines, too, on the same work. */
  readonly peers?: boolean;
  /** By default as `measure` takes them. */
  readonly rounds?: number;
  readonly samples: number;
}

/**
 * Measures what the options name. What cannot be measured is among the failures.
 * @throws where that is nothing; before a device is opened, where the names or the shape say so
 */
export async function measureRows(options: MeasureOptions): Promise<Results> {
  const start = performance.now();
  Object.assign(process.env, coldDrivers());
  const bar = progress('bench');
  try {
    const own = await ownRows(options, bar);
    const beside = options.peers ? await peerRows(own.adapter, own.header, options, bar) : NO_PEERS;
    return {
      header: { ...own.header, seconds: (performance.now() - start) / 1000 },
      rows: [...own.rows, ...beside.rows],
      host: own.host,
      failures: [...own.failures, ...beside.failures],
    };
  } finally {
    bar.stop();
  }
}

/** What this engine does, on a device that is closed again: others need the memory. */
async function ownRows(options: MeasureOptions, bar: Progress) {
  const families = await loadFamilies();
  const beside = options.peers === true && (await namesWork(families, options));
  const { selected, failures } = select(families, { ...options, beside });
  const gpu = await openGpu({ adapter: options.adapter });
  try {
    const wishes = wishesOf(gpu, selected, options, failures);
    const cost = await dispatchCost(gpu);
    // A filtered run is about kernels.
    const host = options.filter ? undefined : openHost(gpu);
    const session = await measure(gpu, wishes, {
      ...options,
      onProgress: bar.update,
      ...(host && { afterRound: host.sample }),
    });
    const header = await headerOf(gpu, session, cost);
    await session.dispose();
    return {
      adapter: gpu.adapter,
      header,
      rows: session.rows,
      host: host?.rows() ?? [],
      failures: [...failures, ...session.failures],
    };
  } finally {
    gpu.close();
  }
}

/** Whether the options name what other engines do. */
async function namesWork(families: readonly Family[], options: MeasureOptions) {
  const { worksNamed } = await import('./peers_rows.ts');
  return worksNamed(families, options).length > 0;
}

const NO_PEERS = { rows: [], failures: [] };

async function peerRows(
  adapter: Gpu['adapter'],
  header: Omit<Header, 'seconds'>,
  options: MeasureOptions,
  bar: Progress,
) {
  const { peerRows } = await import('./peers_rows.ts');
  const onProgress = (what: string) => bar.update(0, 1, what);
  return peerRows(adapter, header, {
    ...options,
    rounds: options.rounds ?? ROUNDS.least,
    onProgress,
  });
}

async function headerOf(
  gpu: Gpu,
  { sampler, roofs, roofsAgain }: Session,
  cost: Pick<Header, 'encode_us' | 'dispatch_us'>,
): Promise<Omit<Header, 'seconds'>> {
  const { version } = createRequire(import.meta.url)('kinegrad/package.json');
  const { kind, name, driver } = gpu.adapter;
  const [cpu] = cpus();
  const f32 = await roofs.arithmetic('f32');
  const f16 = await roofs.arithmetic('f16');
  return {
    format: FORMAT,
    version,
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpu?.model ?? 'unknown CPU',
    threads: cpus().length,
    adapter: { kind, name, driver },
    timestamp_quantum_ns: sampler.quantum,
    copy_gbps: await roofs.copy(),
    bandwidth: roofs.bandwidths(),
    fma_gflops_f32: f32!.best().rate,
    fma_gflops_f16: f16?.best().rate ?? null,
    roofs_again: roofsAgain,
    ...cost,
  };
}

export interface WriteOptions {
  readonly json?: string;
  readonly html?: string;
}

/** Prints the results and writes the files; true where all is well. */
export async function report(results: Results, { json, html }: WriteOptions): Promise<boolean> {
  const { header, failures } = results;
  const [own, beside] = [false, true].map((with_) =>
    results.rows.filter(({ name }) => (name === BESIDE) === with_),
  );
  console.log(`${showHeader(header)}\n\n${showResults({ ...results, rows: own! })}`);
  if (beside!.length > 0) console.log(`\n${showPeers(beside!)}`);
  console.log(`\n${results.rows.length} rows in ${header.seconds.toFixed(0)} s`);
  if (json) {
    await writeFileAtomic(json, `${JSON.stringify(results, null, 1)}\n`);
    console.log(`${json} is written`);
  }
  if (html) {
    const { writeReport } = await import('./report/html.ts');
    await writeReport(html, results);
    console.log(`${html} is written`);
  }
  return failures.every(({ expected }) => expected);
}
