/** Text for a terminal: tables without rules, paragraphs, and colours where it shows them. */

import { styleText } from 'node:util';
import Table from 'cli-table3';

/** @param right columns of numbers, which stand at the right; columns that are empty are left out */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const shown = head.flatMap((_, i) => (rows.some((row) => row[i]) ? [i] : []));
  const chars = {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  };
  const made = new Table({
    head: shown.map((i) => paint('dim', head[i]!)),
    colAligns: shown.map((i) => (right.includes(i) ? 'right' : 'left')),
    chars,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  made.push(...rows.map((row) => shown.map((i) => row[i]!)));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
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
