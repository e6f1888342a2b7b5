/**
 * `npm run bench -- --explain matmul`: what a kernel declares, what the engine makes of it on this
 * device, its composed source, and on request the shader that the driver gets.
 */

import { readdirSync } from 'node:fs';
import type { Gpu } from '../src/gpu/gpu.ts';
import type { PipelineKey } from '../src/gpu/pipeline.ts';
import { type Composed, compose, type KernelFile } from '../src/gpu/shader.ts';
import type { PlannedDispatch } from '../src/graph/plan.ts';
import { targetOf } from '../src/graph/program.ts';
import { type Lowered, lower } from './explain/lowered.ts';
import { type Reflection, reflect } from './explain/reflect.ts';
import {
  familySection,
  kernelSections,
  loweredSection,
  sourceSection,
} from './explain/sections.ts';
import { typicalCalls } from './explain/typical.ts';

export interface ExplainOptions {
  readonly gpu: Gpu;
  /** Also show the shader that Dawn hands to the driver; compiles in another process, seconds. */
  readonly lowered?: boolean;
}

/** A kernel as it is on a device, specialised as a typical call has it. */
export interface Explained {
  readonly kernel: KernelFile;
  readonly composed: Composed;
  readonly reflection: Reflection;
  /** Undefined where no op of the engine runs it here: then all is as the files have it. */
  readonly call: PlannedDispatch | undefined;
  readonly lowered: Lowered | undefined;
}

/**
 * Text about every kernel of this name: `matmul_row.wgsl` is that file, `matmul_row` and `matmul`
 * are all files whose names begin so.
 * @throws where there is none, with the names that are near
 */
export async function explain(
  name: string,
  { gpu, lowered = false }: ExplainOptions,
): Promise<string> {
  const calls = typicalCalls(targetOf(gpu));
  const kernels = await Promise.all(kernelsNamed(name).map(importKernel));
  const keys = kernels.map((kernel): PipelineKey => {
    const { overrides, constants, editions } = calls.get(kernel.file) ?? {};
    return {
      kernel,
      overrides: overrides ?? {},
      constants: constants ?? {},
      editions: editions ?? {},
    };
  });
  const shaders = lowered ? await lower(gpu, keys) : [];
  const explained = keys.map(({ kernel, overrides, constants, editions }, i): Explained => {
    const composed = compose(kernel, constants, editions);
    const reflection = reflect(composed, overrides);
    const call = calls.get(kernel.file);
    return { kernel, composed, reflection, call, lowered: shaders[i] };
  });
  const printed = new Map<string, string>();
  const sections = explained.flatMap((one) => [
    ...kernelSections(one, gpu, printed),
    sourceSection(one, printed),
    ...(one.lowered ? [loweredSection(one.lowered)] : []),
  ]);
  if (explained.length > 1) sections.unshift(familySection(name, explained, gpu));
  return sections.join('\n\n') + '\n';
}

const SHADERS = new URL('../shaders/', import.meta.url);

const importKernel = async (file: string): Promise<KernelFile> =>
  (await import(new URL(file, SHADERS).href)).default;

/** Files of kernels by the name of one, or by what their names begin with. */
function kernelsNamed(name: string): string[] {
  const names = readdirSync(SHADERS)
    .filter((file) => file.endsWith('.wgsl'))
    .map((file) => file.slice(0, -'.wgsl'.length))
    .sort();
  const [stem, ending] = name.split('.') as [string, string?];
  const found = names.filter((known) =>
    ending === undefined ? known.startsWith(stem) : known === stem,
  );
  if (stem && found.length > 0 && (ending ?? 'wgsl') === 'wgsl')
    return found.map((known) => `${known}.wgsl`);
  // Names in whole, and what several begin with.
  const all = new Set([...names, ...names.flatMap((known) => known.match(/^[a-z]+(?=_)/) ?? [])]);
  const near = [...all]
    .map((known) => ({ known, far: distance(stem, known) }))
    .filter(({ known, far }) => far <= stem.length / 3 || (stem && known.includes(stem)))
    .sort((a, b) => a.far - b.far)
    .slice(0, 4)
    .map(({ known }) => known);
  throw new Error(
    `--explain ${name}: no kernel in shaders/ has this name, or one that begins so. ` +
      (near.length > 0 ? `Did you mean ${near.join(', ')}?` : `There are ${names.join(', ')}`),
  );
}

/** Letters to insert, delete or replace to make `b` of `a` (Levenshtein 1966). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + Number(letter !== other)));
    row = next;
  }
  return row.at(-1)!;
}
