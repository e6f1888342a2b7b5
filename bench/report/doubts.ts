/** What is to be doubted: rows above their roofs, and the roofs that they beat. */

import { type Results, type RoofAgain, type Row, rowName } from '../rows.ts';
import { MARGIN } from '../statistics.ts';
import { figure, percent } from './figures.ts';

interface Doubt {
  readonly what: string;
  readonly why: string;
}

/** Of a row that is still above its roof when that was measured again. */
export const aboveRoof = (row: Row): string =>
  `${percent(row.roofline_percent)} of its roof, which was measured again: its bytes or flops ` +
  'are counted wrongly, or the machine is not quiet';

export const doubts = ({ header, rows }: Pick<Results, 'header' | 'rows'>): Doubt[] => [
  ...rows
    .filter(({ above_roof }) => above_roof)
    .map((row) => ({ what: rowName(row), why: aboveRoof(row) })),
  ...header.roofs_again.map((again) => ({ what: `roof of ${again.roof}`, why: beaten(again) })),
];

const beaten = ({ beside, again }: RoofAgain) => {
  const stood = again <= beside * (1 + MARGIN);
  return (
    `beaten by rows and measured again: ${figure(beside)} beside them, ${figure(again)} at the ` +
    `end. ${stood ? 'It stands' : 'It had been disturbed, and the latter counts'}`
  );
};
