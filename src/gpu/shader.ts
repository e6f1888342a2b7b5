/**
 * Shader sources: composition by `// use`, specialisation by value, errors that point at a line.
 */

import { ShaderError } from './faults.ts';

/** A WGSL file and the files it uses. Module-scope declarations may come in any order. */
export interface ShaderFile {
  readonly file: string;
  readonly text: string;
  readonly uses: readonly ShaderFile[];
}

/** A WGSL file with an entry point `main`, and what it declares. */
export interface KernelFile extends ShaderFile {
  readonly storage: readonly { name: string; binding: number; writes: boolean }[];
  readonly uniforms: readonly { name: string; binding: number }[];
  /** Fields of `struct Params`, with offsets in bytes; all are `u32`, `i32` or `f32`. */
  readonly params: readonly { name: string; offset: number; type: string }[];
  readonly paramsSize: number;
}

/** Values for named top-level `const` and `alias` declarations, where `override` cannot go. */
export type Constants = Readonly<Record<string, string | number>>;

/** Other editions of library files, by the name of the file that each replaces. */
export type Editions = Readonly<Record<string, ShaderFile>>;

export interface Composed {
  readonly code: string;
  /** Maps a line of `code` (1-based) to its file and line there. */
  readonly locate: (line: number) => { file: string; line: number; text: string };
}

/**
 * Concatenates a kernel with all it uses, each file once, the kernel first: its lines keep their
 * numbers. `convert` makes another source of it, line for line.
 */
export function compose(
  kernel: ShaderFile,
  constants: Constants = {},
  editions: Editions = {},
  convert: (code: string) => string = (code) => code,
): Composed {
  const files = closure(kernel, editions);
  let texts = files.map(({ text }) => text);
  for (const [name, value] of Object.entries(constants))
    texts = setConstant(kernel, texts, name, value);
  const code = convert(texts.join('\n'));
  const compiled = code.split('\n');
  const lines = texts
    .flatMap((text, i) => text.split('\n').map((_, n) => ({ file: files[i]!.file, line: n + 1 })))
    .map((place, i) => ({ ...place, text: compiled[i]! }));
  return { code, locate: (line) => lines[line - 1] ?? lines.at(-1)! };
}

function closure(wanted: ShaderFile, editions: Editions, seen: ShaderFile[] = []): ShaderFile[] {
  const file = editions[wanted.file] ?? wanted;
  if (seen.includes(file)) return seen;
  seen.push(file);
  for (const used of file.uses) closure(used, editions, seen);
  return seen;
}

function setConstant(kernel: ShaderFile, texts: string[], name: string, value: string | number) {
  const declaration = new RegExp(`^((?:const|alias) ${name}\\b[^=\\n]*= *)[^;\\n]+;`, 'm');
  const at = texts.findIndex((text) => declaration.test(text));
  if (at < 0)
    throw new ShaderError(
      `${kernel.file} has no top-level const or alias ${name} to set to ${value}: declare it there or in a file it uses`,
    );
  return texts.map((text, i) =>
    i === at ? text.replace(declaration, (_, left) => `${left}${value};`) : text,
  );
}

/** What the compiler said, each message with its file, line, column, source line and a caret. */
export function explain(composed: Composed, messages: readonly GPUCompilationMessage[]): string {
  return messages
    .filter(({ type }) => type === 'error')
    .map(({ message, lineNum, linePos }) => {
      const { file, line, text } = composed.locate(lineNum || 1);
      // Tabs stay, so that the caret stands below what it means.
      const caret = text.slice(0, Math.max(0, linePos - 1)).replace(/[^\t]/g, ' ') + '^';
      const [what, ...more] = message.trimEnd().split('\n');
      return [`${file}:${line}:${linePos} ${what}`, `    ${text}`, `    ${caret}`, ...more].join(
        '\n',
      );
    })
    .join('\n');
}
