/**
 * `npm run bench -- --explain matmul`: what a kernel declares, what the engine makes of it on this
 * device, its composed source, and on request the shader that the driver gets.
 */

import { readdirSync } from 'node:fs';
import type { Gpu } from '../src/gpu/gpu.ts';
import type { PipelineKey } from '../src/gpu/pipeline.ts';
import { type Composed, compose, type KernelFile } from '../src/gpu/shader.ts';
import type { PlannedDispatch } from '../src/graph/plan.ts';
import { type Lowered, lower } from './explain/lowered.ts';
import { type Reflection, reflect } from './explain/reflect.ts';
import {
  familySection,
  kernelSections,
  loweredSection,
  type Paint,
  sourceSection,
} from './explain/sections.ts';
import { typicalCalls } from './explain/typical.ts';

export interface ExplainOptions {
  readonly gpu: Gpu;
  /** Also show the shader that Dawn hands to the driver; compiles in another process, seconds. */
  readonly lowered?: boolean;
  /** Use the colours of a terminal; leave it out where the text goes elsewhere. */
  readonly paint?: Paint;
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
  { gpu, lowered = false, paint = (_, text) => text }: ExplainOptions,
): Promise<string> {
  const calls = typicalCalls({
    kind: gpu.adapter.kind,
    subgroupSize: gpu.subgroupSize,
    maxBinding: gpu.maxBinding,
  });
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
    ...kernelSections(one, gpu, paint),
    sourceSection(one, printed, paint),
    ...(one.lowered ? [loweredSection(one.lowered, paint)] : []),
  ]);
  if (explained.length > 1) sections.unshift(familySection(name, explained, gpu, paint));
  return sections.join('\n\n') + '\n';
}

const SHADERS = new URL('../shaders/', import.meta.url);

const importKernel = async (file: string): Promise<KernelFile> =>
  (await import(new URL(file, SHADERS).href)).default;

/** Files of kernels by the name of one, or by what their names begin with. */
export function kernelsNamed(name: string): string[] {
  const files = readdirSync(SHADERS)
    .filter((file) => file.endsWith('.wgsl'))
    .sort();
  const found = files.filter((file) =>
    name.endsWith('.wgsl') ? file === name : name !== '' && file.startsWith(name),
  );
  if (found.length > 0) return found;
  // Names in whole, and what several begin with.
  const names = files.map((file) => file.slice(0, -'.wgsl'.length));
  const known = new Set([...names, ...names.flatMap((file) => file.match(/^[a-z]+(?=_)/) ?? [])]);
  const wanted = name.replace(/\.wgsl$/, '');
  const near = [...known]
    .map((known) => ({ known, far: distance(wanted, known) }))
    .filter(({ known, far }) => far <= 3 || known.includes(wanted.split('_')[0] || ' '))
    .sort((a, b) => a.far - b.far)
    .slice(0, 4)
    .map(({ known }) => known);
  throw new Error(
    `--explain ${name}: no file of shaders/ is or begins so. ` +
      (near.length > 0 ? `Near are ${near.join(', ')}` : `There are ${[...names].join(', ')}`),
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
