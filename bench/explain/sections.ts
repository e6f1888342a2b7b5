/** The text of `explain`, section by section. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { kinds, opCodes } from '../../src/kernels/chain.ts';
import type { Explained } from '../explain.ts';
import { instructionsOf, type Lowered } from './lowered.ts';
import type { Reflection } from './reflect.ts';
import { count, paint, table, wrapped } from './table.ts';

/** The workgroup memory that every device has, bytes. */
const DEFAULT_MEMORY = 16_384;

/** A line for each kernel of a family. */
export function familySection(name: string, kernels: readonly Explained[], gpu: Gpu): string {
  const rows = kernels.map(({ kernel, reflection, call }) => [
    kernel.file,
    reflection.size.join(' x '),
    count(memoryOf(reflection)),
    reflection.enables.join(', ') || '-',
    call ? workgroupsOf(call.groups) : '-',
    call ? shapesOf(call) : `none on ${gpu.adapter.kind}`,
  ]);
  return [
    paint('bold', `${name}: ${kernels.length} kernels on ${gpu.adapter.name}`),
    table(
      ['kernel', 'threads', 'workgroup bytes', 'enable', 'workgroups', 'of the call'],
      rows,
      [1, 2],
    ),
  ].join('\n');
}

/** All about a kernel but its source. */
export function kernelSections(
  explained: Explained,
  gpu: Gpu,
  printed: Map<string, string>,
): string[] {
  const { kernel, reflection } = explained;
  const title = `${kernel.file}  ${'─'.repeat(Math.max(0, 97 - kernel.file.length))}`;
  const sections = [
    [paint('bold', title), ...reflection.header].join('\n'),
    summary(explained, gpu),
    bindings(explained),
    ...structs(explained, printed),
  ];
  if (reflection.overrides.length > 0) sections.push(overrides(explained, printed));
  if (reflection.workgroup.length > 0) sections.push(workgroupMemory(explained, gpu));
  return sections;
}

/** What matters most, a line each. */
function summary(explained: Explained, gpu: Gpu): string {
  const { reflection, call } = explained;
  const { limits } = gpu.device;
  const threads = product(reflection.size);
  const lanes = gpu.subgroupSize;
  const memory = memoryOf(reflection);
  const written = reflection.workgroupSize.replaceAll(' ', '');
  const size = reflection.size.join(' x ');
  const lines: [string, string][] = [
    [
      'entry point',
      `${reflection.entry}, @workgroup_size(${reflection.workgroupSize})` +
        (/[A-Z]/.test(written) ? ` = ${size}` : ''),
    ],
    [
      'threads',
      `${count(threads)} a workgroup, of at most ${count(limits.maxComputeInvocationsPerWorkgroup)}` +
        (lanes
          ? `; ${fraction(threads / lanes)} ${threads === lanes ? 'subgroup' : 'subgroups'} of ${lanes} lanes`
          : ''),
    ],
    [
      'memory',
      memory
        ? `${count(memory)} bytes of workgroup memory, ${percent(memory, limits.maxComputeWorkgroupStorageSize)} of this device's ${count(limits.maxComputeWorkgroupStorageSize)}` +
          (memory > DEFAULT_MEMORY
            ? `, more than the ${count(DEFAULT_MEMORY)} of every device`
            : '')
        : 'no workgroup memory',
    ],
    [
      'enable',
      reflection.enables
        .map((name) => `${name}${hasFeature(gpu, name) ? '' : ` (${gpu.adapter.name} lacks it)`}`)
        .join(', ') || 'no optional feature',
    ],
    ['files', filesOf(explained)],
  ];
  if (!call) {
    lines.push(['call', `no op runs it on ${gpu.adapter.kind}: all is as the files have it`]);
  } else {
    const { bytes, flops } = call.cost;
    const constants = Object.entries(call.constants).map(([name, value]) => `${name} = ${value}`);
    if (constants.length > 0) lines.push(['constants', constants.join(', ')]);
    lines.push(
      ['call', `${call.op}: ${shapesOf(call)}`],
      [
        'grid',
        `${workgroupsOf(call.groups)} workgroups, ${count(product(call.groups) * threads)} threads`,
      ],
      [
        'work',
        `${fraction(bytes / 1e6)} MB and ${fraction(flops / 1e6)} Mflop that cannot be avoided: ${fraction(flops / bytes)} flop a byte`,
      ],
    );
  }
  return lines
    .map(([name, text]) => `${paint('dim', name.padEnd(12))}${wrapped(text, 100, 12)}`)
    .join('\n');
}

function bindings({ reflection, call }: Explained): string {
  const seen = new Map<string, string>();
  const rows = reflection.bindings.map((b) => {
    const operand = call?.operands[b.name];
    const held = operand && `${operand.memory.name} ${operand.offset}`;
    const same = held && seen.get(held);
    if (held && !same) seen.set(held, b.name);
    const shape = operand ? `[${operand.shape.join(', ')}]` : '';
    return [
      `${b.group}`,
      `${b.binding}`,
      b.name,
      b.type,
      b.access,
      b.open ? `${b.bytes} each` : count(b.bytes),
      same ? `idle, holds ${same}` : shape,
      b.place,
      b.comment,
    ];
  });
  const head = ['group', 'binding', 'name', 'type', 'access', 'bytes', 'in the call', 'at', ''];
  return titled('Bindings', table(head, rows, [0, 1, 5]));
}

function structs({ reflection, call }: Explained, printed: Map<string, string>): string[] {
  return reflection.structs.map(({ name, size, align, members, place }) => {
    // Params are the one struct that the engine fills by name.
    const values = name === 'Params' ? call?.params : undefined;
    const rows = members.map((member) => [
      member.name ?? paint('dim', '(padding)'),
      member.type,
      `${member.offset}`,
      count(member.size),
      member.name && values ? `${values[member.name] ?? ''}` : '',
      member.comment,
    ]);
    const head = ['member', 'type', 'offset', 'size', values ? 'in the call' : '', ''];
    const title = `struct ${name}: ${count(size)} bytes, aligned to ${align}`;
    return once(printed, `${title}  (${place})`, table(head, rows, [2, 3, 4]));
  });
}

function overrides({ reflection }: Explained, printed: Map<string, string>): string {
  const rows = reflection.overrides.map(({ name, type, initial, given, place, comment }) => [
    name,
    type,
    initial ?? '(must be given)',
    given === null || given === initial ? '' : paint('cyan', given),
    place,
    comment || meaning(name, given),
  ]);
  const head = ['name', 'type', 'default', 'in the call', 'at', ''];
  return once(printed, 'Overrides', table(head, rows, [2, 3]));
}

/** What the code of a stage means. */
function meaning(override: string, value: string | null): string {
  const codes = /^OP_\d$/.test(override) ? opCodes : /^KIND_\d$/.test(override) ? kinds : {};
  return Object.entries(codes).find(([, code]) => `${code}` === value)?.[0] ?? '';
}

function workgroupMemory({ reflection }: Explained, gpu: Gpu): string {
  const rows = reflection.workgroup.map(({ name, type, bytes, place, comment }) => [
    name,
    type,
    count(bytes),
    place,
    comment,
  ]);
  const limit = gpu.device.limits.maxComputeWorkgroupStorageSize;
  const title = `Workgroup memory: ${count(memoryOf(reflection))} bytes of ${count(limit)}`;
  const head = ['variable', 'type', 'bytes', 'at', ''];
  return titled(title, table(head, rows, [2]));
}

/** The shader that the driver gets. */
export function loweredSection(lowered: Lowered): string {
  if ('failed' in lowered) return titled('Lowered: there is none', lowered.failed);
  const { language, code } = lowered;
  const lines = code.split('\n').filter((line) => !/^\s*Op(Member)?Name /.test(line));
  const title = `Lowered: ${language}, ${lines.length} lines`;
  if (!language.startsWith('SPIRV')) return titled(title, code);
  const instructions = instructionsOf(code);
  const total = instructions.reduce((sum, [, n]) => sum + n, 0);
  const most = instructions.slice(0, 16).map(([name, n]) => `${name} ${n}`);
  const mix = `${count(total)} instructions in functions: ${wrapped(most.join(', '), 100, 0)}`;
  return titled(title, [mix, '', ...lines].join('\n'));
}

/** The source as it is compiled, each line with its file and number; libraries once a run. */
export function sourceSection({ composed }: Explained, printed: Map<string, string>): string {
  const parts = partsOf(composed);
  const places = parts.flatMap(({ file, lines }) => `${file}:${lines.length}`.length);
  const width = Math.max(...places);
  const text = parts.flatMap(({ file, lines }) => {
    const whole = lines.join('\n');
    if (printed.get(file) === whole)
      return [paint('dim', `${`${file}`.padEnd(width)} │ ${lines.length} lines, as above`)];
    printed.set(file, whole);
    return lines.map((line, i) => {
      const place = paint('dim', `${`${file}:${i + 1}`.padEnd(width)} │`);
      return `${place} ${line.startsWith('//') ? paint('dim', line) : line}`.trimEnd();
    });
  });
  const title = `Source: ${count(parts.reduce((sum, { lines }) => sum + lines.length, 0))} lines`;
  return titled(title, text.join('\n'));
}

/** The files of a composed source, each with its lines as they are compiled. */
function partsOf(composed: Explained['composed']): { file: string; lines: string[] }[] {
  const parts: { file: string; lines: string[] }[] = [];
  composed.code.split('\n').forEach((_, i) => {
    const { file, line, text } = composed.locate(i + 1);
    if (line === 1) parts.push({ file, lines: [] });
    parts.at(-1)!.lines.push(text);
  });
  // What follows the last line feed of a file is no line.
  for (const { lines } of parts) if (lines.at(-1) === '') lines.pop();
  return parts;
}

function filesOf({ composed, call }: Explained): string {
  const replaced = Object.entries(call?.editions ?? {});
  return partsOf(composed)
    .map(({ file }) => {
      const [of] = replaced.find(([, edition]) => edition.file === file) ?? [];
      return of ? `${file} (in place of ${of})` : file;
    })
    .join(', ');
}

/** Bytes by WebGPU's rule: variables are rounded up to 16. */
const memoryOf = ({ workgroup }: Reflection) =>
  workgroup.reduce((sum, { bytes }) => sum + 16 * Math.ceil(bytes / 16), 0);

function hasFeature(gpu: Gpu, extension: string): boolean {
  const feature = extension === 'f16' ? 'shader-f16' : extension;
  return gpu.device.features.has(feature as GPUFeatureName);
}

/** Operands that are not there twice, written like `a [512, 512]`. */
function shapesOf({ operands }: NonNullable<Explained['call']>): string {
  const held = new Set<string>();
  return Object.entries(operands)
    .filter(([, { memory, offset }]) => {
      const key = `${memory.name} ${offset}`;
      return !held.has(key) && held.add(key);
    })
    .map(([name, { shape }]) => `${name} [${shape.join(', ')}]`)
    .join(', ');
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b);
const workgroupsOf = (groups: readonly number[]) => groups.map(count).join(' x ');
const fraction = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

const titled = (title: string, text: string) => `${paint('bold', title)}
${text}`;

/** A section, or only its title where it is the same as the last of this title. */
function once(printed: Map<string, string>, title: string, text: string): string {
  if (printed.get(title) === text) return `${paint('bold', title)}: as above`;
  printed.set(title, text);
  return titled(title, text);
}
