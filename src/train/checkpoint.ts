/**
 * Checkpoints: a snapshot of a program and the configuration that it belongs to, in one safetensors
 * file.
 */

import {
  asFloat32,
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from '../formats/safetensors.ts';
import type { Snapshot } from '../graph/program.ts';
import type { Values } from '../graph/store.ts';

const FORMAT = 'kinegrad checkpoint 1';

/** The bytes of a checkpoint. Names are `set/variable`; `about` is kept as JSON. */
export function writeCheckpoint(
  { step, seed, sets, chosen }: Snapshot,
  about: Readonly<Record<string, unknown>>,
): Uint8Array {
  const tensors = [...sets].flatMap(([set, values]) =>
    [...values].map(([name, data]): [string, StoredTensor] => [
      `${set}/${name}`,
      { dtype: 'F32', shape: [data.length], data: new Float32Array(data) },
    ]),
  );
  return writeSafetensors(tensors, {
    format: FORMAT,
    step: `${step}`,
    seed: `${seed}`,
    ...(chosen && { chosen: JSON.stringify(chosen) }),
    about: JSON.stringify(about),
  });
}

/**
 * Reads a checkpoint.
 * @throws where the bytes are no checkpoint, or are cut off or damaged, with the reason
 */
export function readCheckpoint(bytes: Uint8Array): {
  snapshot: Snapshot;
  about: Readonly<Record<string, unknown>>;
} {
  const { tensors, metadata } = readSafetensors(bytes);
  const { format, step, seed, about, chosen } = metadata;
  if (format !== FORMAT || !step || !seed || !about)
    throw new Error(
      `checkpoint: this file says format '${format ?? 'none'}', not '${FORMAT}'. Give a checkpoint.safetensors of a run`,
    );
  const sets = new Map<string, Values>();
  for (const [path, tensor] of tensors) {
    const at = path.indexOf('/');
    const set = path.slice(0, at);
    if (!sets.has(set)) sets.set(set, new Map());
    sets.get(set)!.set(path.slice(at + 1), asFloat32(tensor));
  }
  const snapshot: Snapshot = {
    step: Number(step),
    seed: Number(seed),
    sets,
    ...(chosen && { chosen: JSON.parse(chosen) }),
  };
  return { snapshot, about: JSON.parse(about) };
}
