/** What a kernel declares, read from its composed WGSL with some values for its overrides. */

import {
  type ArrayInfo,
  type FunctionInfo,
  ResourceType,
  type StructInfo,
  type TypeInfo,
  Var,
  type VariableInfo,
  WgslParser,
  WgslReflect,
} from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Composed } from '../../src/gpu/shader.ts';

/** A declaration's `file:line`, and the comment that ends the line. */
export interface Place {
  readonly place: string;
  readonly comment: string;
}

export interface Binding extends Place {
  readonly group: number;
  readonly binding: number;
  readonly name: string;
  readonly type: string;
  readonly access: 'uniform' | 'read' | 'read_write';
  /** Bytes, or of each element where the WGSL leaves the length open. */
  readonly bytes: number;
  readonly open: boolean;
}

/** A member of a struct, or a gap before one or at the end; bytes. */
export interface Member {
  readonly name: string | null;
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly comment: string;
}

export interface Struct extends Place {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly members: readonly Member[];
}

export interface Override extends Place {
  readonly name: string;
  readonly type: string;
  /** As the WGSL has it; null where a value must be given. */
  readonly initial: string | null;
  /** Null where it stays at `initial`. */
  readonly given: string | null;
}

export interface WorkgroupVariable extends Place {
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
}

export interface Reflection {
  /** Text of the comment that opens the file. */
  readonly header: readonly string[];
  /** Extensions of `enable` lines. */
  readonly enables: readonly string[];
  readonly bindings: readonly Binding[];
  /** Those that lie in buffers. */
  readonly structs: readonly Struct[];
  readonly overrides: readonly Override[];
  readonly entry: string;
  /** The arguments of `@workgroup_size` as written, and their values. */
  readonly workgroupSize: string;
  readonly size: readonly [number, number, number];
  /** Those that the entry point reaches. */
  readonly workgroup: readonly WorkgroupVariable[];
}

const OVERRIDE = /(?:@id\(\w+\)\s*)?\boverride\s+(\w+)\s*(?::\s*(\w+)\s*)?(?:=\s*([^;]+?)\s*)?;/g;

/** @throws where `wgsl_reflect` cannot parse it, or it has no entry point */
export function reflect(
  composed: Composed,
  given: Readonly<Record<string, number>> = {},
): Reflection {
  const lines = composed.code.split('\n');
  const at = (line: number): Place => {
    const from = composed.locate(line);
    return { place: `${from.file}:${from.line}`, comment: commentOf(from.text) };
  };
  // With its overrides as constants, the lengths of arrays and the workgroup size are known.
  const fixed = composed.code.replace(OVERRIDE, (text, name, type, initial) => {
    const value = name in given ? literal(given[name]!, type) : initial;
    return value === undefined ? text : `const ${name}${type ? `: ${type}` : ''} = ${value};`;
  });
  const found = new WgslReflect(fixed);
  const [entry] = found.entry.compute;
  if (!entry?.workgroupSize) throw new Error(`${at(1).place}: there is no compute entry point`);
  const reached = textOf(entry, lines);
  const variables = new WgslParser()
    .parse(fixed)
    .filter((node) => node instanceof Var)
    .filter(({ storage }) => storage === 'workgroup');
  const bindings = [...found.uniforms, ...found.storage].sort((a, b) => a.binding - b.binding);
  return {
    header: headerOf(composed.locate(1).text.startsWith('enable') ? lines.slice(1) : lines),
    enables: lines.flatMap((line) => line.match(/^enable (.+);/)?.[1]?.split(/,\s*/) ?? []),
    bindings: bindings.map((v) => bindingOf(v, at(lineOf(v)))),
    structs: found.structs.filter((s) => s.inUse).map((s) => structOf(s, lines, at(s.startLine))),
    overrides: lines.flatMap((line, i) =>
      [...withoutComment(line).matchAll(OVERRIDE)].map(([, name, type, initial]) => ({
        name: name!,
        type: type ?? '',
        initial: initial ?? null,
        given: name! in given ? literal(given[name!]!, type) : null,
        ...at(i + 1),
      })),
    ),
    entry: entry.name,
    workgroupSize: composed.code.match(/@workgroup_size\(([^)]*)\)/)![1]!,
    size: entry.workgroupSize,
    workgroup: variables
      .filter(({ name }) => new RegExp(`\\b${name}\\b`).test(reached))
      .map(({ name, type, line }) => {
        const info = found.getTypeInfo(type!);
        return { name, type: typeName(info), bytes: info.size, ...at(line) };
      }),
  };
}

const literal = (value: number, type: string | undefined) =>
  type === 'bool' ? String(value !== 0) : String(value);

const withoutComment = (line: string) => line.replace(/\/\/.*/, '');
const commentOf = (line: string) => line.match(/\S.*?\/\/\s*(.*?)\s*$/)?.[1] ?? '';

/** The comment at the top, up to the first line that is none. */
function headerOf(lines: readonly string[]): string[] {
  const end = lines.findIndex((line) => !line.startsWith('//') || line.startsWith('// use '));
  return lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, ''));
}

/** The text of a function and of all that it calls, without comments. */
function textOf(entry: FunctionInfo, lines: readonly string[]): string {
  const reached = new Set([entry]);
  for (const f of reached) for (const called of f.calls) reached.add(called);
  return [...reached]
    .flatMap(({ startLine, endLine }) => lines.slice(startLine - 1, endLine))
    .map(withoutComment)
    .join('\n');
}

const lineOf = ({ attributes }: VariableInfo) => attributes![0]!.line;

function bindingOf(v: VariableInfo, place: Place): Binding {
  const { group, binding, name, type } = v;
  const open = type.isArray && (type as ArrayInfo).count === 0;
  return {
    group,
    binding,
    name,
    type: typeName(type),
    access:
      v.resourceType === ResourceType.Uniform
        ? 'uniform'
        : v.access === 'read_write'
          ? 'read_write'
          : 'read',
    bytes: open ? (type as ArrayInfo).stride : type.size,
    open,
    ...place,
  };
}

/** A type as the WGSL writes it, its aliases resolved. */
function typeName(type: TypeInfo): string {
  if (!type.isArray) return type.getTypeName();
  const { format, count } = type as ArrayInfo;
  return `array<${typeName(format)}${count > 0 ? `, ${count}` : ''}>`;
}

function structOf(struct: StructInfo, lines: readonly string[], place: Place): Struct {
  const { name, startLine, endLine, size, align } = struct;
  const declared = lines.slice(startLine - 1, endLine);
  const members: Member[] = [];
  let end = 0;
  const gap = (until: number) => {
    if (until > end)
      members.push({ name: null, type: '', offset: end, size: until - end, comment: '' });
  };
  for (const member of struct.members) {
    gap(member.offset);
    const line = declared.find((text) => new RegExp(`\\b${member.name}\\s*:`).test(text));
    members.push({
      name: member.name,
      type: typeName(member.type),
      offset: member.offset,
      size: member.size,
      // The comment of a struct in one line is about the struct.
      comment: startLine === endLine ? '' : commentOf(line ?? ''),
    });
    end = member.offset + member.size;
  }
  gap(size);
  return { name, size, align, members, ...place };
}
