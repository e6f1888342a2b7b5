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
import type { VariableSet } from '../graph/variables.ts';
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
  /** Values of all variables of the network, by name. */
  readonly values: Values;
}

/** The bytes of a weights file. */
export function writeWeights(
  { architecture, options, notice, training }: WeightsHeader,
  { parameters, statistics }: ModelVariables,
  values: Values,
  { half = false } = {},
): Uint8Array {
  const tensors = [...parameters.variables, ...statistics.variables].map(
    ({ name, shape, decays }): [string, StoredTensor] => {
      const data = values.get(name);
      if (!data) throw new Error(`weights: no values for ${name} of ${architecture}`);
      return half && decays
        ? [name, { dtype: 'F16', shape, data: Uint16Array.from(toHalves(data)) }]
        : [name, { dtype: 'F32', shape, data: Float32Array.from(data) }];
    },
  );
  return writeSafetensors(tensors, {
    format: FORMAT,
    architecture,
    options: JSON.stringify(options),
    ...(notice && { notice }),
    ...(training && { training: JSON.stringify(training) }),
  });
}

/**
 * Reads a weights file.
 * @throws where it is no such file, or is cut off or damaged, with the reason
 */
export function readWeights(bytes: Uint8Array): Weights {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format, architecture, options, notice, training } = metadata;
  if (format !== FORMAT || !architecture || !options)
    throw new Error(
      `weights: this file says format '${format ?? 'none'}', not '${FORMAT}'. Give a model.safetensors that kinegrad has written`,
    );
  const values: Values = new Map([...tensors].map(([name, tensor]) => [name, asFloat32(tensor)]));
  for (const [name, data] of values) {
    const at = data.findIndex((v) => !Number.isFinite(v));
    if (at >= 0)
      throw new Error(
        `weights: ${name} holds ${data[at]} at ${at}; the file is damaged or its training diverged`,
      );
  }
  return {
    architecture,
    options: JSON.parse(options),
    values,
    ...(notice && { notice }),
    ...(training && { training: JSON.parse(training) }),
  };
}

/** The values of one set, out of those of a file. */
export function valuesOf(set: VariableSet, values: Values): Values {
  return new Map(
    set.variables.map(({ name, size }) => {
      const found = values.get(name);
      if (found?.length !== size)
        throw new Error(
          `weights: ${set.name} ${name} takes ${size} values, the file has ${found?.length ?? 'none'}. Was it made for other options?`,
        );
      return [name, found];
    }),
  );
}
