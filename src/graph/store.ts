/** Where variables live on a device: a buffer for each slab, shared by all programs, and a copy on the host for recovery. */

import type { Gpu } from '../gpu/gpu.ts';
import type { Variable, VariableSet } from './variables.ts';

/** Values of variables by name. */
export type Values = Map<string, Float32Array>;

export interface Store {
  readonly buffers: GPUBuffer[];
  /** What the host holds of them: the initial values, or the last that were read or written. */
  held: Values;
}

/** The store of a set on a device; made, with initial values drawn from `seed`, when there is none. */
export async function storeOf(gpu: Gpu, set: VariableSet, seed = 0): Promise<Store> {
  const known = gpu.attached.get(set) as Promise<Store> | undefined;
  if (known) return known;
  const made = makeStore(gpu, set, seed);
  gpu.attached.set(set, made);
  made.catch(() => gpu.attached.delete(set));
  return made;
}

async function makeStore(gpu: Gpu, set: VariableSet, seed: number): Promise<Store> {
  const held = new Map(set.variables.map((v) => [v.name, initialValues(v, seed)]));
  const store: Store = { buffers: [], held };
  const build = async () => {
    store.buffers.length = 0;
    await gpu.allocate(set.name, () => {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      for (const [i, size] of set.slabs.entries())
        store.buffers.push(gpu.buffer(`${set.name} slab ${i}`, 4 * size, usage));
    });
    write(gpu, set, store, store.held);
  };
  await build();
  gpu.residents.add({ rebuild: build });
  return store;
}

function initialValues(v: Variable, seed: number): Float32Array {
  const values = Float32Array.from(v.initial(v.size, uniform(`${seed} ${v.name}`)));
  if (values.length !== v.size)
    throw new Error(
      `${v.set.name} ${v.name} holds ${v.size} values, its initial function gave ${values.length}`,
    );
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

function write(gpu: Gpu, set: VariableSet, { buffers }: Store, values: Values) {
  for (const { name, slab, offset } of set.variables)
    gpu.device.queue.writeBuffer(
      buffers[slab]!,
      4 * offset,
      values.get(name)! as Float32Array<ArrayBuffer>,
    );
}

/** Reads the variables of a set; the host holds them from then on, for recovery. */
export async function readVariables(gpu: Gpu, set: VariableSet): Promise<Values> {
  const store = await storeOf(gpu, set);
  const slabs: Float32Array[] = [];
  for (const buffer of store.buffers) slabs.push(new Float32Array(await gpu.download(buffer)));
  store.held = new Map(
    set.variables.map(({ name, slab, offset, size }) => [
      name,
      slabs[slab]!.slice(offset, offset + size),
    ]),
  );
  return new Map([...store.held].map(([name, values]) => [name, values.slice()]));
}

/** Writes variables by name. All must be there, each of its size, and no other. */
export async function writeVariables(gpu: Gpu, set: VariableSet, values: Values): Promise<void> {
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
  gpu.check();
  const store = await storeOf(gpu, set);
  store.held = new Map([...values].map(([name, given]) => [name, given.slice()]));
  write(gpu, set, store, values);
}

/** Gives the buffers of a set back. Programs that use it cannot run any more. */
export async function releaseVariables(gpu: Gpu, set: VariableSet): Promise<void> {
  const store = (await gpu.attached.get(set)) as Store | undefined;
  if (!store) return;
  gpu.attached.delete(set);
  for (const buffer of store.buffers) gpu.release(buffer);
}
