/** Engines beside each other: a table for each work, and the means. */

import { geometricMean } from 'simple-statistics';
import type { Row } from '../rows.ts';
import { plainTable } from './plain_table.ts';
import { figures } from './table.ts';

/** The engine that the others are compared to. */
const OURS = 'kinegrad';

/** Works in lines, engines in columns: milliseconds, and how many times as long as ours. */
export function showPeers(rows: readonly Row[]): string {
  const engines = [OURS, ...new Set(rows.map(({ engine }) => engine))].filter(
    (engine, i, all) => all.indexOf(engine) === i,
  );
  const works = new Map<string, Map<string, Row>>();
  for (const row of rows) {
    const name = `${row.family} ${row.pass} ${row.shape.join(' x ')}`;
    works.set(name, (works.get(name) ?? new Map()).set(row.engine, row));
  }
  const cell = (byEngine: ReadonlyMap<string, Row>, engine: string) => {
    const row = byEngine.get(engine);
    if (!row) return '-';
    const ratio = ratioTo(byEngine, engine);
    const times = ratio === undefined || engine === OURS ? '' : ` (${figures(ratio)}x)`;
    return `${figures(row.median_ms)}${times}`;
  };
  const lines = [...works].map(([name, byEngine]) => [
    name,
    ...engines.map((engine) => cell(byEngine, engine)),
  ]);
  const families = [...new Set(rows.map(({ family }) => family))];
  const means = families.map((family) => {
    const own = [...works.values()].filter((w) => [...w.values()][0]!.family === family);
    return [
      `${family}: geometric mean`,
      ...engines.map((engine) => {
        const ratios = own.flatMap((byEngine) => ratioTo(byEngine, engine) ?? []);
        return ratios.length > 0 ? `${figures(geometricMean(ratios))}x` : '-';
      }),
    ];
  });
  return `beside other engines: ms, and times as long as ${OURS}\n${plainTable(['', ...engines], [...lines, ...means])}`;
}

function ratioTo(byEngine: ReadonlyMap<string, Row>, engine: string): number | undefined {
  const ours = byEngine.get(OURS);
  const theirs = byEngine.get(engine);
  return ours && theirs ? theirs.median_ms / ours.median_ms : undefined;
}
