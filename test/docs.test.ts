/** What the lessons in `docs/` quote is what the files say, and what they run prints what they show. */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { showHeader, showResults } from '../bench/report/table.ts';
import { readResults } from '../bench/rows.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Block {
  readonly language: string;
  /** The file that it quotes or changes, from the root of the repository. */
  readonly path: string;
  readonly text: string;
}

const lessons = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => {
    const text = read(`docs/${name}`);
    const fences = text.matchAll(/^( *)```(\w*) ?(\S*)\n([\s\S]*?)^\1```$/gm);
    const blocks = [...fences].map(
      ([, , language, path, text]): Block => ({ language: language!, path: path!, text: text! }),
    );
    return { name, text, blocks };
  });

/** The commands of `kinegrad`, and their options. */
const commands = new Map(
  ['src/cli.ts', 'src/cli/training_commands.ts']
    .flatMap((file) =>
      read(file)
        .split(/^\s*\.command\('/m)
        .slice(1),
    )
    .map((part) => [part.match(/^[\w-]+/)![0], ['--adapter', ...(part.match(/--[\w-]+/g) ?? [])]]),
);

/** How often whole lines of a file are these. */
const occurrences = (path: string, lines: string) =>
  `\n${read(path)}`.split(`\n${lines}`).length - 1;

/** The lines that a diff finds, hunk by hunk. */
const hunks = (diff: string) =>
  diff.split(/^@@\n/m).map((hunk) =>
    hunk
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('+'))
      .map((line) => line.slice(1) + '\n')
      .join(''),
  );

describe.each(lessons)('$name', ({ text, blocks }) => {
  test('every excerpt stands in its file, word for word', () => {
    const excerpts = blocks.filter(({ language }) => language === 'wgsl' || language === 'ts');
    const wrong = excerpts.filter(({ path, text }) => !path || occurrences(path, text) === 0);
    expect(wrong).toEqual([]);
  });

  test('every change fits its file in one place', () => {
    const changes = blocks.filter(({ language }) => language === 'diff');
    const wrong = changes.flatMap(({ path, text }) =>
      hunks(text).filter((old) => occurrences(path, old) !== 1),
    );
    expect(wrong).toEqual([]);
  });

  test('every command and every link names a file that is there', () => {
    const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
    const files = commands.flatMap((command) => command.match(/\S+\.(?:ts|mjs)\b/g) ?? []);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, to]) => `docs/${to}`);
    expect([...files, ...links].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('every command of npm is a script that is there, with options that it has', () => {
    const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const ran = commands.flatMap((command) => command.match(/(?<=npm run )[\w:]+/g) ?? []);
    expect(ran.filter((script) => !(script in scripts))).toEqual([]);
    const bench = commands.flatMap((command) => command.match(/(?<=npm run bench -- ).*/g) ?? []);
    const options = bench.flatMap((args) => args.match(/--[\w-]+/g) ?? []);
    const known = read('bench/run.ts');
    expect(options.filter((option) => !known.includes(`'${option}`))).toEqual([]);
  });

  test('every command of kinegrad is there, with options that it has', () => {
    const lines = text.matchAll(/(?:^|`)(?:npm run )?kinegrad (?:-- )?([a-z]+)([^`\n]*)/gm);
    const wrong = [...lines].flatMap(([line, name, rest]) => {
      const options = commands.get(name!);
      const asked = rest!.match(/(?<= )--[\w-]+/g) ?? [];
      return options && asked.every((option) => options.includes(option)) ? [] : [line];
    });
    expect(wrong).toEqual([]);
  });

  const tables = blocks.filter(({ language }) => language === 'results');
  if (tables.length)
    test.each(tables)('the figures are those of $path', ({ path, text }) => {
      const results = readResults(join(root, path));
      expect(text).toBe(`${showHeader(results.header)}\n\n${showResults(results)}\n`);
    });

  const shown = blocks.flatMap((block, i) =>
    block.language === 'text' ? [{ command: blocks[i - 1]!.text.trim(), output: block.text }] : [],
  );
  if (shown.length)
    test.each(shown)('`$command` prints what is shown', async ({ command, output }) => {
      const [program, ...args] = command.split(' ');
      expect(program).toBe('node');
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
      expect(stdout.replace(/^Warning: .*\n/gm, '')).toBe(output);
    });
});
