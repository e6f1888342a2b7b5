/** Engines beside each other: a table for each work, and the means. */

import { geometricMean } from 'simple-statistics';
import type { Row } from '../rows.ts';
import { plainTable } from './plain_table.ts';
import { figures } from './table.ts';

/** The engine that the others are compared to. */
const OURS = 'kinegrad';
/** Engines that train in a page, too: gradients are held against the better of them. */
const TRAINS = /^(TensorFlow\.js|jax-js)/;
/** The families whose means are also taken together. */
const KERNELS = ['conv', 'conv weights', 'depthwise', 'batch norm', 'layer norm', 'attention'];

/** The rows of one work, by their engine. */
type Beside = ReadonlyMap<string, Row>;

/**
 * Works in lines, engines in columns: milliseconds, and how many times as long as ours; then the
 * geometric means of the latter over the works that both did.
 */
export function showPeers(rows: readonly Row[]): string {
  const others = [...new Set(rows.map(({ engine }) => engine))].filter((name) => name !== OURS);
  const works = new Map<string, Map<string, Row>>();
  for (const row of rows) {
    const name = `${row.family} ${row.pass} ${row.shape.join(' x ')}`;
    works.set(name, (works.get(name) ?? new Map()).set(row.engine, row));
  }
  const cell = (beside: Beside, engine: string) => {
    const row = beside.get(engine);
    if (!row) return '-';
    const ratio = ratioTo(beside, engine);
    const times = ratio === undefined || engine === OURS ? '' : ` (${figures(ratio)}x)`;
    return `${figures(row.median_ms)}${times}`;
  };
  const engines = [OURS, ...others];
  const lines = [...works].map(([name, beside]) => [
    name,
    ...engines.map((engine) => cell(beside, engine)),
  ]);
  return (
    `beside other engines: ms, and times as long as ${OURS}\n${plainTable(['', ...engines], lines)}\n\n` +
    `times as long as ${OURS}: geometric means over the works that both did, and the least\n` +
    means([...works.values()], others)
  );
}

/** For each family and pass, and for the kernels of {@link KERNELS} together. */
function means(works: readonly Beside[], others: readonly string[]): string {
  const groups = new Map<string, Beside[]>();
  const put = (name: string, work: Beside) => groups.set(name, [...(groups.get(name) ?? []), work]);
  for (const work of works) {
    const { family, pass } = [...work.values()][0]!;
    put(`${family} ${pass}`, work);
  }
  for (const work of works) {
    const { family, pass } = [...work.values()][0]!;
    const kind = pass === 'forward' ? 'forward' : 'gradients';
    if (KERNELS.includes(family)) put(`${kind} of ${KERNELS.join(', ')}`, work);
  }
  const trains = others.filter((engine) => TRAINS.test(engine));
  const columns = [...others.map((engine) => [engine]), ...(trains.length > 1 ? [trains] : [])];
  const lines = [...groups].map(([name, group]) => [
    name,
    ...columns.map((engines) => {
      const ratios = group.flatMap((work) => {
        const each = engines.flatMap((engine) => ratioTo(work, engine) ?? []);
        return each.length > 0 ? [Math.min(...each)] : [];
      });
      if (ratios.length === 0) return '-';
      const mean = `${figures(geometricMean(ratios))}x`;
      if (group.length === 1) return mean;
      return `${mean} of ${ratios.length}, least ${figures(Math.min(...ratios))}x`;
    }),
  ]);
  const heads = [...others, ...(trains.length > 1 ? ['the better of those that train'] : [])];
  return plainTable(['', ...heads], lines);
}

function ratioTo(beside: Beside, engine: string): number | undefined {
  const ours = beside.get(OURS);
  const theirs = beside.get(engine);
  // A difference of two times that a busy machine has turned around says nothing.
  if (!ours || !theirs || Math.min(ours.median_ms, theirs.median_ms) <= 0) return undefined;
  return theirs.median_ms / ours.median_ms;
}
