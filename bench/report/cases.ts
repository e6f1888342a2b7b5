/** Rows by what they measured: families, cases of a family, variants and engines of a case. */

import type { Results, Row } from '../rows.ts';

/** The engine that this bench is of; all others are its peers. */
export const OURS = 'kinegrad';

/** A row and its place among the rows of the results. */
export type Indexed = Row & { readonly index: number };

export const indexed = ({ rows }: Results): Indexed[] =>
  rows.map((row, index) => ({ ...row, index }));

/** Groups in the order in which their first member comes. */
export function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}

export const byFamily = (rows: readonly Indexed[]) => grouped(rows, ({ family }) => family);

/** Rows of one case did the same work. */
export const byCase = (rows: readonly Indexed[]) =>
  grouped(rows, (row) =>
    JSON.stringify([row.family, row.name, row.pass, row.shape.join(), row.dtype]),
  );

/** `64×1024`; sizes of millions with their digits in groups. */
export const shapeOf = ({ shape }: Pick<Row, 'shape'>) =>
  shape.map((size) => (size < 1e6 ? String(size) : size.toLocaleString('en'))).join('×');

/** What tells a case from the others of its family; those that update have no other pass. */
export const caseLabel = (row: Row) =>
  [
    shapeOf(row),
    row.name,
    row.pass === 'forward' || row.pass === 'update' ? '' : row.pass,
    row.dtype === 'f32' ? '' : row.dtype,
  ]
    .filter(Boolean)
    .join(' ');

/** The row that an engine shows in a comparison: its fastest, of those that are right if any is. */
export const best = (rows: readonly Indexed[]): Indexed =>
  rows.toSorted((a, b) => Number(b.agrees) - Number(a.agrees) || a.median_ms - b.median_ms)[0]!;

/** What one case took on each engine, ours first. */
export interface Match {
  readonly ours: Indexed;
  readonly peers: readonly Indexed[];
}

/** The cases that a peer measured too. */
export const matches = (rows: readonly Indexed[]): Match[] =>
  byCase(rows).flatMap((rows) => {
    const [ours, peers] = [true, false].map((is) =>
      rows.filter(({ engine }) => (engine === OURS) === is),
    ) as [Indexed[], Indexed[]];
    if (ours.length === 0 || peers.length === 0) return [];
    return [{ ours: best(ours), peers: grouped(peers, ({ engine }) => engine).map(best) }];
  });

/** How many times as long a peer took; NaN where one of the two is wrong, so that none is claimed. */
export const ratio = ({ ours }: Match, peer: Indexed) =>
  ours.agrees && peer.agrees ? peer.median_ms / ours.median_ms : Number.NaN;
