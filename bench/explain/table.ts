/** Text for a terminal: tables without rules, paragraphs, and colours where it shows them. */

import { styleText } from 'node:util';
import { plainTable } from '../report/plain_table.ts';

/** @param right columns of numbers, which stand at the right; columns that are empty are left out */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const shown = head.flatMap((_, i) => (rows.some((row) => row[i]) ? [i] : []));
  const left = shown.flatMap((i, at) => (right.includes(i) ? [] : [at]));
  return plainTable(
    shown.map((i) => paint('dim', head[i]!)),
    rows.map((row) => shown.map((i) => row[i]!)),
    0,
    left,
  );
}

export const count = (value: number) => value.toLocaleString('en');

/** A text as it is, or marked where the output is a terminal. */
export const paint = (style: 'bold' | 'dim' | 'cyan', text: string) =>
  process.stdout.isTTY ? styleText(style, text) : text;

/** A list broken at its commas into lines of about `width` letters, all but the first indented. */
export function wrapped(text: string, width: number, indent: number): string {
  const lines = [''];
  for (const part of text.split(/(?<=, )/)) {
    if (lines.at(-1) && lines.at(-1)!.length + part.trimEnd().length > width - indent)
      lines.push('');
    lines[lines.length - 1] += part;
  }
  return lines.map((line) => line.trimEnd()).join(`\n${' '.repeat(indent)}`);
}
