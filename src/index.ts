/// <reference types="@webgpu/types" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/** The public surface of Kinegrad. */

export * from './gpu/faults.ts';
export { type Counts, Gpu, type OpenOptions, openGpu } from './gpu/gpu.ts';
export type { AdapterKind, AdapterReport, FoundAdapters, Image } from './platform/types.ts';
