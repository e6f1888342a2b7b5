/** What changed between two runs of the bench: `--compare a.json b.json`. */

import { median } from 'simple-statistics';
import { plainTable } from './report/plain_table.ts';
import { type Header, type HostRow, REFERENCE, type Results, type Row, rowName } from './rows.ts';
import { type Change, HOST_MARGIN, judge, MARGIN, type Verdict } from './statistics.ts';

/** A row that both runs have, with outputs that agree in both. */
export interface RowChange extends Change {
  readonly name: string;
  readonly a: Row;
  readonly b: Row;
  /** Factor of the machine that was taken out of the times of `b` before they were judged. */
  readonly removed: number;
}

/** Host-side code that both runs timed. */
export interface HostChange extends Change {
  readonly name: string;
  readonly a: HostRow;
  readonly b: HostRow;
}

/** How far the rows that one roof bounds moved together. Above 1 is slower in `b`. */
export interface Drift {
  readonly bound: Row['bound'];
  readonly rows: number;
  /** Median ratio of their times, b / a. */
  readonly times: number;
  /** Median ratio of the times that their roofs allow, b / a. */
  readonly roofs: number;
  /** What is taken out of their times: 1 where nothing is. */
  readonly removed: number;
}

export interface Comparison {
  /** Why the two runs may not be comparable, a line each. */
  readonly warnings: readonly string[];
  readonly drifts: readonly Drift[];
  readonly rows: readonly RowChange[];
  readonly host: readonly HostChange[];
  /** Names of rows that one file has only. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
  /** Names of rows whose times say nothing, and why, a line each. */
  readonly unjudged: readonly string[];
  /** What is wrong in `b` and was not in `a`: outputs that do not agree, failures not expected. */
  readonly broken: readonly string[];
  /** Number of slower rows and host code; peers are shown, and are not ours to fail by. */
  readonly slower: number;
  /** Whether the exit status is 1: something is slower or broken. */
  readonly failed: boolean;
}

/**
 * Compares the rows that have the same name in both runs.
 *
 * A shared machine can be 10 % slower for a whole run, and then all rows move together. That is
 * taken out before rows are judged, but with care, since a change of the code may move all rows as
 * well (a slower dispatch does). The roofs tell the two apart: they are measured in the same run by
 * kernels of their own, which such a change leaves alone. So for the rows under one roof, memory or
 * compute, the machine's factor is
 *
 * - 1, unless the roofs moved by more than the margin: smaller drift is what the margin is for;
 * - 1, where the roofs moved by a quarter or more, or the machine is another: that is no drift;
 * - 1, unless the rows moved the same way: a neighbour woke up while the roofs were measured;
 * - otherwise the smaller of the two moves: no more than the roofs account for, and no more than
 *   the rows show.
 *
 * Both moves are medians over all rows under the roof, peers' too: one roof is measured at few
 * working sets, one row may be the very one that changed. When fewer than half of the rows are
 * changed by the code, the median is of those that are not.
 *
 * @throws when two rows of one run have the same name
 */
export function compareResults(a: Results, b: Results): Comparison {
  const [inA, inB] = [byName(a.rows, rowName, 'first'), byName(b.rows, rowName, 'second')];
  const pairs = common(inA, inB);
  const agreeing = pairs.filter((pair) => pair.a.agrees && pair.b.agrees);
  const warnings = differences(a.header, b.header);
  const drifts = driftsOf(agreeing, warnings.length === 0);
  const rows = agreeing.map((pair) => {
    const { removed } = drifts.find((drift) => underRoof(pair, drift.bound)) ?? { removed: 1 };
    const after = pair.b.rounds_ms.map((round) => round.map((ms) => ms / removed));
    return { ...pair, removed, ...judge(pair.a.rounds_ms, after) };
  });
  const [hostA, hostB] = [byName(a.host, hostName, 'first'), byName(b.host, hostName, 'second')];
  const hosts = common(hostA, hostB).filter(({ a }) => a.name !== REFERENCE);
  const busy = busyHost(a.host, b.host);
  const host = (busy === undefined ? hosts : []).map((pair) => ({
    ...pair,
    ...judge(pair.a.rounds_ms, pair.b.rounds_ms, HOST_MARGIN),
  }));
  const wrong = b.rows.filter((row) => !row.agrees && inA.get(rowName(row))?.agrees !== false);
  const known = new Set(a.failures.map(({ engine, what }) => `${engine} | ${what}`));
  const failures = b.failures.filter(
    ({ engine, what, expected }) => !expected && !known.has(`${engine} | ${what}`),
  );
  const broken = [
    ...wrong.map((row) => `${rowName(row)}: its output does not agree, error ${row.error}`),
    ...failures.map(({ engine, what, why }) => `${engine} | ${what}: ${why}`),
  ];
  const ours = [...rows.filter(({ a }) => a.engine === 'kinegrad'), ...host];
  const slower = ours.filter(({ verdict }) => verdict === 'slower').length;
  const without = <T>(some: ReadonlyMap<string, T>, others: ReadonlyMap<string, T>) =>
    [...some.keys()].filter((name) => !others.has(name));
  return {
    warnings,
    drifts,
    rows,
    host,
    onlyA: [...without(inA, inB), ...without(hostA, hostB)],
    onlyB: [...without(inB, inA), ...without(hostB, hostA)],
    unjudged: [
      ...pairs
        .filter((pair) => !agreeing.includes(pair))
        .map(({ name }) => `${name}: an output did not agree`),
      ...(busy === undefined ? [] : hosts.map(({ name }) => `${name}: ${busy}`)),
    ],
    broken,
    slower,
    // Where no row could be judged nothing was shown, and a gate must not open on it.
    failed:
      slower > 0 || broken.length > 0 || rows.every(({ verdict }) => verdict === 'too few samples'),
  };
}

const hostName = ({ name }: HostRow) => `host | ${name}`;

function byName<T>(
  rows: readonly T[],
  nameOf: (row: T) => string,
  which: string,
): ReadonlyMap<string, T> {
  const named = new Map<string, T>();
  for (const row of rows) {
    const name = nameOf(row);
    if (named.has(name))
      throw new Error(
        `compare: the ${which} file has two rows '${name}', and rows are matched by name: ` +
          'give the two cases names of their own',
      );
    named.set(name, row);
  }
  return named;
}

/**
 * Why host code is not judged, if it is not: where other processes share its cores, even what does
 * not change takes another time, and how much of that is in which code nobody knows.
 */
function busyHost(a: readonly HostRow[], b: readonly HostRow[]): string | undefined {
  const [inA, inB] = [a, b].map((rows) => rows.find(({ name }) => name === REFERENCE)?.median_ms);
  if (inA === undefined || inB === undefined) return undefined;
  const ratio = inB / inA;
  if (ratio <= 1 + HOST_MARGIN && ratio >= 1 / (1 + HOST_MARGIN)) return undefined;
  return `the host itself was ${showRatio(ratio)}. Measure both again`;
}

/** What both runs have. */
const common = <T>(inA: ReadonlyMap<string, T>, inB: ReadonlyMap<string, T>) =>
  [...inA].flatMap(([name, a]) => (inB.has(name) ? [{ name, a, b: inB.get(name)! }] : []));

interface Pair {
  readonly a: Row;
  readonly b: Row;
}

/** A row whose bound is another in each run is at both roofs, and moves with neither. */
const underRoof = ({ a, b }: Pair, bound: Row['bound']) => a.bound === bound && b.bound === bound;

/** Of another machine or driver nothing is taken out: what differs there is no drift. */
function driftsOf(pairs: readonly Pair[], sameMachine: boolean): Drift[] {
  return (['memory', 'compute'] as const).flatMap((bound) => {
    const under = pairs.filter((pair) => underRoof(pair, bound));
    if (under.length === 0) return [];
    const roof = (row: Row) => (bound === 'memory' ? row.roof_gbps : row.roof_gflops);
    const times = median(under.map(({ a, b }) => b.median_ms / a.median_ms));
    const roofs = median(under.map(({ a, b }) => roof(a) / roof(b)));
    const removed = sameMachine ? machineFactor(times, roofs) : 1;
    return [{ bound, rows: under.length, times, roofs, removed }];
  });
}

function machineFactor(times: number, roofs: number): number {
  if (!beyondMargin(roofs) || farOff(roofs)) return 1;
  return roofs > 1 ? Math.max(1, Math.min(roofs, times)) : Math.min(1, Math.max(roofs, times));
}

/** A machine that moved further was busy with something else: what it measured is not mended. */
const MOST_DRIFT = 1.25;

const farOff = (ratio: number) => ratio > MOST_DRIFT || ratio < 1 / MOST_DRIFT;

const beyondMargin = (ratio: number) => ratio > 1 + MARGIN || ratio < 1 / (1 + MARGIN);

/** What is another in the second run, where it changes times. */
function differences(a: Header, b: Header): string[] {
  const clock = ({ timestamp_quantum_ns: quantum }: Header) =>
    quantum === null ? "the host's clock" : "the GPU's clock";
  const facts: [string, (header: Header) => string][] = [
    ['adapter', ({ adapter }) => `${adapter.name} (${adapter.kind})`],
    ['driver', ({ adapter }) => adapter.driver],
    ['CPU', ({ cpu, threads }) => `${cpu}, ${threads} threads`],
    ['clock', clock],
  ];
  return facts
    .filter(([, fact]) => fact(a) !== fact(b))
    .map(
      ([what, fact]) =>
        `WARNING: another ${what}: a ${fact(a)}, b ${fact(b)}. Changes are not the code's alone.`,
    );
}

/** Rows of one run alone, a line each; of many, the first few. */
const MOST_ALONE = 6;
function only(run: 'a' | 'b', names: readonly string[]): string[] {
  const lines = names.slice(0, MOST_ALONE).map((name) => `Only in ${run}: ${name}`);
  const more = names.length - lines.length;
  return more > 0 ? [...lines, `Only in ${run}: ${more} rows more`] : lines;
}

/** The comparison in words: a table of the rows, and what else is to be known, a line each. */
export function showComparison(c: Comparison): string {
  const line = ({ name, a, b, ratio, low, high, verdict }: RowChange | HostChange, note = '') => [
    name,
    spread(a),
    spread(b),
    ratio.toFixed(3),
    `${low.toFixed(3)} to ${high.toFixed(3)}`,
    verdict + note,
  ];
  const lines = [
    ...c.rows.map((row) => line(row, otherVariant(row.a, row.b))),
    ...c.host.map((change) => line(change)),
  ];
  const head = ['', 'a, ms', 'b, ms', 'b / a', '95 % interval', ''];
  const all = [...c.rows, ...c.host];
  const count = (verdict: Verdict) =>
    `${all.filter((each) => each.verdict === verdict).length} ${verdict}`;
  return [
    ...c.warnings,
    ...(lines.length > 0 ? [plainTable(head, lines, 1, [5]), ''] : []),
    ...c.drifts.map(showDrift),
    ...only('a', c.onlyA),
    ...only('b', c.onlyB),
    ...c.unjudged.map((what) => `Not judged: ${what}`),
    ...c.broken.map((what) => `BROKEN in b: ${what}`),
    `${all.length} rows compared: ${count('slower')}, ${count('faster')}, ` +
      `${count('no difference shown')}, ${count('too few samples')}. A change is shown when its ` +
      `interval lies beyond ${100 * MARGIN} %, of host code beyond ${100 * HOST_MARGIN} %.`,
  ].join('\n');
}

/** What is to be known where the engine chose anew. */
const otherVariant = (a: Row, b: Row) =>
  a.variant === b.variant ? '' : `, by ${b.variant} instead of ${a.variant}`;

const spread = ({ median_ms, spread_ms }: Row | HostRow) =>
  `${median_ms.toPrecision(4)} ± ${(spread_ms / 2).toPrecision(2)}`;

function showDrift({ bound, rows, times, roofs, removed }: Drift): string {
  const moves = `${rows} ${bound}-bound rows: together ${showRatio(times)}, roofs ${showRatio(roofs)}`;
  if (removed !== 1)
    return `${moves}. The machine's part, ${removed.toFixed(3)}, is taken out of b / a.`;
  if (farOff(roofs)) return `${moves}. That is no drift: nothing is taken out. Measure both again.`;
  if (beyondMargin(roofs)) return `${moves}. The rows did not follow: nothing is taken out.`;
  if (beyondMargin(times))
    return `${moves}. It is not the machine but the code or the driver: nothing is taken out.`;
  return `${moves}. Within the margin: nothing is taken out.`;
}

/** A ratio of times, after / before, such as `1.12x faster`. */
export const showRatio = (ratio: number) =>
  ratio < 1 ? `${(1 / ratio).toFixed(2)}x faster` : `${ratio.toFixed(2)}x slower`;

/** One line on a row that was measured again, such as `matmul 512,512,512: 1.12x faster ...`. */
export function describeChange(before: Row, after: Row): string {
  const { family, name, pass, shape, variant, chosen, agrees, error } = after;
  const which = chosen ? '' : variant;
  const what = [family, name, pass === 'forward' ? '' : pass, shape.join(','), which]
    .filter(Boolean)
    .join(' ');
  if (!agrees) return `${what}: its output does not agree, error ${error}`;
  const { ratio, low, high, verdict } = judge(before.rounds_ms, after.rounds_ms);
  const [from, to] = verdict === 'faster' ? [1 / high, 1 / low] : [low, high];
  const range = `${from.toFixed(2)} to ${to.toFixed(2)}`;
  const note = otherVariant(before, after);
  return verdict === 'faster' || verdict === 'slower'
    ? `${what}: ${showRatio(ratio)} than before (${range})${note}`
    : `${what}: ${verdict}, ${ratio.toFixed(2)}x the time before (${range})${note}`;
}
