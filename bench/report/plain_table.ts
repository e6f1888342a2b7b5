/** Tables for a terminal, without lines: columns two blanks apart. */

import Table from 'cli-table3';

const SIDES = ['top', 'bottom', 'left', 'right', 'mid'];
const chars = {
  ...Object.fromEntries(
    SIDES.flatMap((side) => ['', '-mid', '-left', '-right'].map((end) => [`${side}${end}`, ''])),
  ),
  middle: '  ',
};

/** The first `texts` columns are texts, the others figures, but for those in `left`. */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 1,
  left: readonly number[] = [],
): string {
  const table = new Table({
    head: [...head],
    chars,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, i) => (i < texts || left.includes(i) ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
