/**
 * Where variables live on a device: a buffer for each slab, shared by all programs, and a copy on
 * the host for recovery.
 */

import { download, type Resident } from '../gpu/download.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { pacer } from '../platform/pace.ts';
import type { Variable, VariableSet } from './variables.ts';

/** Values that are drawn or written in one go, within a few milliseconds. */
const PIECE = 2 ** 16;

/** Values of variables by name. */
export type Values = Map<string, Float32Array>;

export interface Store {
  readonly buffers: GPUBuffer[];
  /**
   * What the host holds of them for recovery: the initial values, or the last that were held or
   * written.
   */
  held: Values;
  /** How often variables may have changed: what was computed of them before is of no use then. */
  changes: number;
  /** Its buffers have been given back. */
  released: boolean;
}

/** A store that is on the device, and how it is made again on another. */
interface Kept {
  readonly store: Store;
  readonly resident: Resident;
}

const keptOf = (gpu: Gpu, set: VariableSet) => gpu.attached.get(set) as Promise<Kept> | undefined;

/**
 * The store of a set on a device; made, with initial values drawn from `seed`, when there is none.
 */
export async function storeOf(gpu: Gpu, set: VariableSet, seed = 0): Promise<Store> {
  return (await (keptOf(gpu, set) ?? keep(gpu, set, initialValuesOf(set, seed)))).store;
}

/** What the variables of a set begin with, drawn slice by slice: a page stays alive meanwhile. */
export async function initialValuesOf(set: VariableSet, seed = 0): Promise<Values> {
  const pause = pacer();
  const values: Values = new Map();
  for (const v of set.variables) values.set(v.name, await initialValues(v, seed, pause));
  return values;
}

function keep(gpu: Gpu, set: VariableSet, held: Values | Promise<Values>): Promise<Kept> {
  const made = makeStore(gpu, set, held);
  gpu.attached.set(set, made);
  made.catch(() => gpu.attached.delete(set));
  return made;
}

async function makeStore(
  gpu: Gpu,
  set: VariableSet,
  values: Values | Promise<Values>,
): Promise<Kept> {
  const store: Store = { buffers: [], held: await values, changes: 0, released: false };
  const rebuild = async () => {
    store.buffers.length = 0;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    await gpu.allocate(`the variables of ${set.name}`, () => {
      for (const [i, size] of set.slabs.entries())
        store.buffers.push(gpu.buffer(`${set.name} slab ${i}`, 4 * size, usage));
    });
    await gpu.settled(write(gpu, set, store));
  };
  await rebuild();
  const hold = () => ({
    buffers: store.buffers,
    keep: (contents: readonly ArrayBuffer[]) => {
      store.held = valuesIn(set, contents);
    },
  });
  const resident = { rebuild, hold };
  gpu.residents.add(resident);
  return { store, resident };
}

/** Whether a set is on the device, or on its way there. */
export const isStored = (gpu: Gpu, set: VariableSet): boolean => gpu.attached.has(set);

async function initialValues(
  { name, size, initial, set }: Variable,
  seed: number,
  pause: () => Promise<void> | undefined,
): Promise<Float32Array> {
  const random = uniform(`${seed} ${name}`);
  const values = new Float32Array(size);
  const part = initial.inParts ? PIECE : size;
  for (let at = 0; at < size; at += part) {
    const count = Math.min(part, size - at);
    const drawn = initial(count, random);
    if (drawn.length !== count)
      throw new Error(
        `${set.name} ${name} holds ${size} values, its initial function gave ${drawn.length}`,
      );
    values.set(drawn, at);
    await pause();
  }
  return values;
}

/** Uniform numbers in [0, 1) that depend on the key alone (FNV-1a to a state, then mulberry32). */
function uniform(key: string): () => number {
  let state = 2166136261;
  for (const c of key) state = Math.imul(state ^ c.codePointAt(0)!, 16777619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Writes what the host holds to the device, within a turn or before others know of the store. */
async function write(gpu: Gpu, set: VariableSet, store: Store): Promise<void> {
  const { buffers, held } = store;
  const pause = pacer();
  for (const { name, slab, offset, size } of set.variables) {
    const values = held.get(name) as Float32Array<ArrayBuffer>;
    for (let at = 0; at < size; at += PIECE) {
      const count = Math.min(PIECE, size - at);
      gpu.device.queue.writeBuffer(buffers[slab]!, 4 * (offset + at), values, at, count);
      await pause();
    }
  }
  store.changes++;
}

/** The variables of a set, cut out of the contents of its slabs. */
function valuesIn(set: VariableSet, contents: readonly ArrayBuffer[]): Values {
  return new Map(
    set.variables.map(({ name, slab, offset, size }) => [
      name,
      new Float32Array(contents[slab]!.slice(4 * offset, 4 * (offset + size))),
    ]),
  );
}

/** Reads the variables of a set, as the steps leave them that were asked for before. */
export function readVariables(gpu: Gpu, set: VariableSet): Promise<Values> {
  return gpu.inTurn(async () => {
    const { buffers } = await storeOf(gpu, set);
    return valuesIn(set, await download(gpu, buffers));
  });
}

/** What the host holds of some sets since the last snapshot, by their names; a copy. */
export async function heldVariables(
  gpu: Gpu,
  sets: readonly VariableSet[],
): Promise<Map<string, Values>> {
  const all = new Map<string, Values>();
  for (const set of sets) {
    if (all.has(set.name))
      throw new Error(`snapshot: two sets of variables are named ${set.name}. Rename one`);
    const { held } = await storeOf(gpu, set);
    all.set(set.name, new Map([...held].map(([name, values]) => [name, values.slice()])));
  }
  return all;
}

/** Throws unless the values are those of the set: all there, each of its size, and no other. */
function checkValues(set: VariableSet, values: Values): void {
  for (const { name, size } of set.variables) {
    const given = values.get(name);
    if (!given)
      throw new Error(`${set.name}: no values for ${name}. Were they saved from another model?`);
    if (given.length !== size)
      throw new Error(
        `${set.name}: ${name} holds ${size} values, got ${given.length}. Were they saved from another model?`,
      );
  }
  const unknown = [...values.keys()].find((name) => !set.variables.some((v) => v.name === name));
  if (unknown !== undefined)
    throw new Error(`${set.name} has no variable ${unknown}. Were these saved from another model?`);
}

/**
 * Writes variables by name, after the steps that were asked for before; the host holds them from
 * then on. All must be there, each of its size, and no other.
 */
export async function writeVariables(gpu: Gpu, set: VariableSet, values: Values): Promise<void> {
  checkValues(set, values);
  await gpu.inTurn(() => put(gpu, set, values));
}

async function put(gpu: Gpu, set: VariableSet, values: Values) {
  const pause = pacer();
  const held: Values = new Map();
  for (const [name, given] of values) {
    held.set(name, given.slice());
    await pause();
  }
  const kept = keptOf(gpu, set);
  if (!kept) {
    await keep(gpu, set, held);
    return;
  }
  const { store } = await kept;
  gpu.check();
  store.held = held;
  await gpu.settled(write(gpu, set, store));
}

/**
 * Writes some sets, by their names, within a turn: all of them, or none where the values are not
 * theirs.
 */
export async function writeSets(
  gpu: Gpu,
  sets: readonly VariableSet[],
  all: ReadonlyMap<string, Values>,
): Promise<void> {
  for (const set of sets) {
    const values = all.get(set.name);
    if (!values)
      throw new Error(
        `restore: the snapshot has no ${set.name}. Was it saved from another program?`,
      );
    checkValues(set, values);
  }
  for (const set of sets) await put(gpu, set, all.get(set.name)!);
}

/** Gives the buffers of a set back. Programs that use it refuse to run from then on. */
export async function releaseVariables(gpu: Gpu, set: VariableSet): Promise<void> {
  const kept = await keptOf(gpu, set);
  if (!kept || kept.store.released) return;
  const { store, resident } = kept;
  store.released = true;
  gpu.attached.delete(set);
  gpu.residents.delete(resident);
  for (const buffer of store.buffers) gpu.release(buffer);
}
