/**
 * The WGSL of a dispatch as it was written. The page's own bundle has it without comments, so the
 * files are fetched, each when it is first looked at; the device compiles the very same lines.
 */

import { compose, type Editions, type PlannedDispatch, type ShaderFile } from 'kinegrad';

const texts = new Map<string, Promise<string>>();

function textOf(file: string): Promise<string> {
  let text = texts.get(file);
  if (!text) {
    texts.set(file, (text = read(file)));
    text.catch(() => texts.delete(file));
  }
  return text;
}

async function read(file: string): Promise<string> {
  const response = await fetch(`shaders/${file}`);
  if (!response.ok) throw new Error(`${file} was not read: the server says ${response.status}.`);
  return response.text();
}

/** Every file that these use, themselves included, by name. */
function closure(files: readonly ShaderFile[], found = new Map<string, ShaderFile>()) {
  for (const file of files) {
    if (found.has(file.file)) continue;
    found.set(file.file, file);
    closure(file.uses, found);
  }
  return found;
}

export interface Source {
  /** What the file says of itself before its code begins. */
  readonly header: string;
  /** Files in the order in which the device gets them, with the values of this dispatch. */
  readonly files: readonly { readonly file: string; readonly lines: readonly string[] }[];
}

/** The composed source of a dispatch, with its comments. */
export async function sourceOf({ kernel, constants, editions }: PlannedDispatch): Promise<Source> {
  const all = closure([kernel, ...Object.values(editions)]);
  const known = new Map(
    await Promise.all([...all.keys()].map(async (file) => [file, await textOf(file)] as const)),
  );
  // One object a file: what several use is composed once.
  const made = new Map<string, ShaderFile>();
  const written = ({ file, uses }: ShaderFile): ShaderFile => {
    const there = made.get(file) ?? { file, text: known.get(file)!, uses: uses.map(written) };
    made.set(file, there);
    return there;
  };
  const replaced: Editions = Object.fromEntries(
    Object.entries(editions).map(([file, edition]) => [file, written(edition)]),
  );
  const { code, locate } = compose(written(kernel), constants, replaced);
  const files: { file: string; lines: string[] }[] = [];
  code.split('\n').forEach((line, i) => {
    const { file } = locate(i + 1);
    if (files.at(-1)?.file !== file) files.push({ file, lines: [] });
    files.at(-1)!.lines.push(line);
  });
  for (const { lines } of files) while (lines.at(-1) === '') lines.pop();
  return { header: headerOf(files[0]!.lines), files };
}

/** A line of prose that is at least so long goes on in the next one. */
const FULL = 72;

/** The comment that a file opens with, after what it enables, its paragraphs unwrapped. */
export function headerOf(lines: readonly string[]): string {
  const first = lines.findIndex((line) => line.startsWith('//'));
  const end = lines.findIndex((line, i) => i > first && !line.startsWith('//'));
  const said = lines.slice(first, end).map((line) => line.replace(/^\/\/ ?/, ''));
  return said.reduce((all, line, i) => {
    const goesOn = i > 0 && said[i - 1]!.length >= FULL && /^\S/.test(line);
    return i === 0 ? line : `${all}${goesOn ? ' ' : '\n'}${line}`;
  }, '');
}
