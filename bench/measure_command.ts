/** `npm run bench`: measures rows, prints them, and writes what was asked for. */

import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import type { Gpu } from '../src/gpu/gpu.ts';
import { openGpu } from '../src/gpu/gpu.ts';
import { writeFileAtomic } from '../src/platform/node/files.ts';
import type { AdapterKind } from '../src/platform/types.ts';
import { COLD } from './cold.ts';
import { loadFamilies, matches } from './families.ts';
import type { Family } from './family.ts';
import { hostRows } from './measure/host.ts';
import { dispatchCost } from './measure/roofs.ts';
import { measure, type Session, type Wish } from './measure/session.ts';
import { filesOf, variantsOf } from './measure/variants.ts';
import { showPeers } from './report/peers_table.ts';
import { type Progress, progress } from './report/progress.ts';
import { showHeader, showResults } from './report/table.ts';
import { BESIDE, type Failure, FORMAT, type Header, type Results, rowName } from './rows.ts';

export interface MeasureOptions {
  readonly adapter?: AdapterKind;
  readonly filter?: string;
  readonly shape?: readonly number[];
  /** All variants side by side, or those of the ladder in its order. */
  readonly variants?: boolean;
  readonly ladder?: boolean;
  readonly f16?: boolean;
  /** Only what runs one of these shader files, such as `lib/reduce.wgsl`. */
  readonly uses?: readonly string[];
  /** Other engines, too, on the same work. */
  readonly peers?: boolean;
  readonly rounds: number;
  readonly samples: number;
}

/**
 * Measures what the options name. What cannot be measured is among the failures.
 * @throws where no family has the name that is asked for
 */
export async function measureRows(options: MeasureOptions): Promise<Results> {
  const start = performance.now();
  Object.assign(process.env, COLD);
  const families = await named(options);
  const gpu = await openGpu({ adapter: options.adapter });
  const bar = progress('bench');
  try {
    const failures: Failure[] = [];
    const wishes = wishesOf(gpu, families, options, failures);
    if (wishes.length === 0) throw nothingToMeasure(options, failures);
    const cost = await dispatchCost(gpu);
    const session = await measure(gpu, wishes, { ...options, onProgress: bar.update });
    // A filtered run is about kernels.
    const host = options.filter ? [] : await hostRows(gpu);
    const header = await headerOf(gpu, session, cost);
    await session.dispose();
    const { rows, failures: wrong } = session;
    const beside = options.peers ? await peerRows(gpu.adapter, header, options, bar) : NO_PEERS;
    return {
      header: { ...header, seconds: (performance.now() - start) / 1000 },
      rows: [...rows, ...beside.rows],
      host,
      failures: [...failures, ...wrong, ...beside.failures],
    };
  } finally {
    bar.stop();
    gpu.close();
  }
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
  return peerRows(adapter, header, { ...options, onProgress });
}

/** Families that the filter names, or which have a case that it names. */
async function named({ filter }: MeasureOptions): Promise<Family[]> {
  const families = await loadFamilies();
  if (!filter) return families;
  const found = families.filter((family) => casesOf(family, { filter }).length > 0);
  if (found.length > 0) return found;
  const names = families.map(({ name }) => name).join(', ');
  throw new Error(`--filter ${filter}: nothing has this name. The families are ${names}`);
}

function nothingToMeasure({ uses, ladder }: MeasureOptions, failures: readonly Failure[]): Error {
  if (failures.length > 0) return new Error(failures.map(({ why }) => why).join('\n'));
  if (uses) return new Error(`--uses ${uses.join(' ')}: nothing that is chosen runs these files`);
  return new Error(ladder ? '--ladder: what is chosen has no ladder; matmul has one' : 'no cases');
}

const textOf = (family: Family, { name = '', pass }: { name?: string; pass: string }) =>
  `${family.name} ${name} ${pass}`;

function casesOf(family: Family, { filter = '', shape }: Pick<MeasureOptions, 'filter' | 'shape'>) {
  const shapes = shape ? [shape] : family.shapes;
  const cases = shapes.flatMap((each) => family.cases(each));
  return cases.filter((what) => matches(filter, textOf(family, what)));
}

function wishesOf(
  gpu: Gpu,
  families: readonly Family[],
  options: MeasureOptions,
  failures: Failure[],
): Wish[] {
  const fail = (what: string, error: unknown) =>
    failures.push({
      engine: 'kinegrad',
      what,
      why: error instanceof Error ? error.message : String(error),
      expected: false,
    });
  if (options.f16) {
    const without = families.filter(({ dtypes }) => !dtypes.includes('f16'));
    if (without.length > 0)
      fail('--f16', `no f16 kernels in ${without.map(({ name }) => name).join(', ')}`);
  }
  return families.flatMap((family): Wish[] => {
    try {
      const wishes = casesOf(family, options).flatMap((what) =>
        names(gpu, family, what, options).map((variant) => ({ family, what, ...variant })),
      );
      const { uses } = options;
      return wishes.filter((wish) => !uses || filesOf(gpu, wish).some((f) => uses.includes(f)));
    } catch (error) {
      fail(family.name, error);
      return [];
    }
  });
}

/** The variants of a case to measure: the engine's own choice where none is asked for. */
function names(
  gpu: Gpu,
  family: Family,
  what: Wish['what'],
  { variants, ladder }: MeasureOptions,
): { variant?: string }[] {
  if (!variants && !ladder) return [{}];
  const all = variantsOf(gpu, family, what);
  const wanted = ladder ? (family.ladder ?? []).filter((name) => all.includes(name)) : all;
  return wanted.length > 0 ? wanted.map((variant) => ({ variant })) : ladder ? [] : [{}];
}

async function headerOf(
  gpu: Gpu,
  { sampler, roofs }: Session,
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
  // Peers on the CPU are under no roof of this adapter.
  const over = own!.filter(({ roofline_percent }) => roofline_percent > 105);
  for (const row of over)
    console.log(
      `${rowName(row)} is at ${row.roofline_percent.toFixed(0)} % of its roof: ` +
        'its bytes or flops are counted wrongly, or a noisy moment hit the roof',
    );
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
