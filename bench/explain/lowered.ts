/**
 * Shaders as Dawn hands them to the driver: SPIR-V for Vulkan, MSL for Metal, HLSL for D3D12. Dawn
 * prints them to stdout when it compiles, so a process of its own does that.
 */

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import type { Gpu, OpenOptions } from '../../src/gpu/gpu.ts';
import type { PipelineKey } from '../../src/gpu/pipeline.ts';

export interface DumpRequest {
  readonly options: OpenOptions;
  readonly keys: readonly PipelineKey[];
}

/** A lowered shader, or why there is none. */
export type Lowered =
  | { readonly language: string; readonly code: string }
  | { readonly failed: string };

/** Lines that `dump.ts` prints between what Dawn prints. */
export const marker = (i: number) => `==== kernel ${i} ====`;
export const FAILED = '==== failed ';

/** With names of the WGSL instead of numbers. */
const DAWN = 'enable-dawn-features=disable_robustness,dump_shaders,disable_symbol_renaming';

/**
 * The lowered shader of each pipeline, compiled in another process on the same adapter.
 * @throws where that process fails
 */
export async function lower(gpu: Gpu, keys: readonly PipelineKey[]): Promise<Lowered[]> {
  const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path('../../scripts/run.mjs'), path('dump.ts')], {
    env: { ...process.env, KINEGRAD_DAWN: DAWN },
  });
  const { kind } = gpu.adapter;
  const request: DumpRequest = {
    options: { adapter: kind, plain: gpu.options.plain ?? false },
    keys,
  };
  child.stdin.end(serialize(request));
  const [out, error, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  if (code !== 0 || !out.includes(marker(keys.length))) {
    const said = error.split('\n').filter((line) => line && !line.startsWith('Warning:'));
    throw new Error(
      `the process that compiles for dump_shaders ended with ${code}: ${said.slice(-10).join('\n')}`,
    );
  }
  return keys.map((_, i) => {
    const from = out.indexOf(marker(i)) + marker(i).length;
    return loweredOf(out.slice(from, out.indexOf(marker(i + 1))));
  });
}

/** Where Dawn begins: `// Dumped WGSL:` for what it was given, the rest for what it made of it. */
const DUMP = /^(?:\/\/|\/\*) Dumped (.*?)(?::| \*\/)$/m;

/** @param printed what came out while one pipeline was compiled */
export function loweredOf(printed: string): Lowered {
  const failed = printed.split('\n').find((line) => line.startsWith(FAILED));
  if (failed) return { failed: JSON.parse(failed.slice(FAILED.length)) };
  // The text between is, in turn, a language and a shader in it.
  const [, ...dumps] = printed.split(DUMP);
  const shaders = dumps.flatMap((language, i) =>
    i % 2 === 0 && language !== 'WGSL'
      ? [{ language, code: dumps[i + 1]!.replace(/\n\w+:\s*$/, '').trim() }]
      : [],
  );
  return shaders[0] ?? { failed: 'Dawn printed no shader' };
}

/** Instructions of SPIR-V that do nothing when it runs. */
const STRUCTURE = /^(Label|Function|FunctionParameter|FunctionEnd|Variable|\w*Merge)$/;

/**
 * How often each instruction stands in the functions of a disassembly of SPIR-V, most often first.
 * Loads and stores are told apart by the memory: `Load StorageBuffer`, `Store Function`.
 */
export function instructionsOf(disassembly: string): [instruction: string, count: number][] {
  const pointers = new Map<string, string>();
  for (const [, id, memory] of disassembly.matchAll(/(%\S+) = Op\w+ %_ptr_([A-Za-z]+)_/g))
    pointers.set(id!, memory!);
  const counts = new Map<string, number>();
  const functions = disassembly.slice(disassembly.search(/^.* = OpFunction /m));
  for (const [, op, operands] of functions.matchAll(/^ *(?:%\S+ = )?Op(\w+)(.*)$/gm)) {
    if (STRUCTURE.test(op!)) continue;
    const [first, second] = operands!.trim().split(' ');
    const pointer = op === 'Load' ? second : op === 'Store' ? first : undefined;
    const name = [op, pointer && pointers.get(pointer)].filter(Boolean).join(' ');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
