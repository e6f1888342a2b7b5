/**
 * Weights files: safetensors with the variables of a network and, in the metadata, what it takes to
 * build the network again. Half precision is for the weight matrices; norms, biases and statistics
 * are small and stay in f32.
 */

import { toHalves } from '../formats/half.ts';
import {
  asFloat32,
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from '../formats/safetensors.ts';
import type { Values } from '../graph/store.ts';
import { show } from '../graph/trace.ts';
import type { VariableSet } from '../graph/variables.ts';
import { ChecksumError, KinegradError, WrongFileError } from '../platform/errors.ts';
import { pacer } from '../platform/pace.ts';
import { isSigned, sign, UNSIGNED } from './checksum.ts';
import type { ModelVariables } from './layers.ts';

const FORMAT = 'kinegrad weights 1';

/** What a weights file holds beside the values. */
export interface WeightsHeader {
  /** The architecture, such as `martinez`, and the options that build it. */
  readonly architecture: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Where the weights come from and under which terms they may be used. */
  readonly notice?: string;
  /** What it was trained on and what it reached, for people. */
  readonly training?: Readonly<Record<string, unknown>>;
}

export interface Weights extends WeightsHeader {
  /** Values of all variables of the network, by name, and their shapes. */
  readonly values: Values;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** The bytes of a weights file, with a checksum of all of them in its metadata. */
export async function writeWeights(
  { architecture, options, notice, training }: WeightsHeader,
  { parameters, statistics }: ModelVariables,
  values: Values,
  { half = false } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = [...parameters.variables, ...statistics.variables].map(
    ({ name, shape, decays }): [string, StoredTensor] => {
      const data = values.get(name);
      if (!data) throw new Error(`weights: no values for ${name} of ${architecture}`);
      return half && decays
        ? [name, { dtype: 'F16', shape, data: toHalves(data) }]
        : [name, { dtype: 'F32', shape, data: new Float32Array(data) }];
    },
  );
  const bytes = writeSafetensors(tensors, {
    format: FORMAT,
    sha256: UNSIGNED,
    architecture,
    options: JSON.stringify(options),
    ...(notice && { notice }),
    ...(training && { training: JSON.stringify(training) }),
  });
  return sign(bytes);
}

/**
 * Reads a weights file and checks its checksum, slice by slice: a page stays alive meanwhile.
 * @throws WrongFileError where it is no such file, is cut off, or holds what is no number
 * @throws ChecksumError where it is not what was written
 */
export async function readWeights(bytes: Uint8Array): Promise<Weights> {
  const { tensors, metadata } = whole(bytes);
  const { format, architecture, options, notice, training } = metadata;
  if (format !== FORMAT || !architecture || !options)
    throw new WrongFileError(
      `weights: this file says format '${format ?? 'none'}', not '${FORMAT}'. Give a model.safetensors.`,
    );
  if (!(await isSigned(bytes)))
    throw new ChecksumError(
      'weights: the checksum of the file is not that of its bytes, so it was damaged on its way. Load it again.',
    );
  const pause = pacer();
  const values: Values = new Map();
  const shapes = new Map<string, readonly number[]>();
  for (const [name, tensor] of tensors) {
    const data = asFloat32(tensor);
    const bad = firstBad(data);
    if (bad >= 0)
      throw new WrongFileError(
        `weights: ${name} holds ${data[bad]} at ${bad}: the training diverged. Lower the rate.`,
      );
    values.set(name, data);
    shapes.set(name, tensor.shape);
    await pause();
  }
  return {
    architecture,
    options: JSON.parse(options),
    values,
    shapes,
    ...(notice && { notice }),
    ...(training && { training: JSON.parse(training) }),
  };
}

function whole(bytes: Uint8Array) {
  try {
    return readSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof KinegradError)) throw error;
    throw new WrongFileError(`weights: no weights file: ${error.message}`, {
      cause: error,
    });
  }
}

function firstBad(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}

/**
 * The values of each set of a network, out of those of a file.
 * @throws WrongFileError unless they are those of the network, each with its shape, and no others
 */
export function valuesOf(
  { parameters, statistics }: ModelVariables,
  { values, shapes }: Weights,
): readonly (readonly [set: VariableSet, values: Values])[] {
  const sets = [parameters, statistics];
  const known = new Set(sets.flatMap(({ variables }) => variables.map(({ name }) => name)));
  const stranger = [...values.keys()].find((name) => !known.has(name));
  if (stranger !== undefined)
    throw new WrongFileError(
      `weights: ${parameters.name} has no ${stranger}. Was it made for other options?`,
    );
  return sets.map((set) => {
    const found = set.variables.map(({ name, shape }) => {
      const given = shapes.get(name);
      if (given?.join() !== shape.join())
        throw new WrongFileError(
          `weights: ${set.name} ${name} is ${show(shape)}, the file has ${given ? show(given) : 'none'}. Was it made for other options?`,
        );
      return [name, values.get(name)!] as const;
    });
    return [set, new Map(found)];
  });
}
