/** What a program leaves behind, to go on later or elsewhere. */

import type { Gpu } from '../gpu/gpu.ts';
import type { Variants } from '../kernels/tuning.ts';
import type { Values } from './store.ts';

/**
 * All that a program needs to go on elsewhere: the steps done, and every variable it reads or
 * writes, by set and name.
 */
export interface Snapshot {
  readonly step: number;
  readonly seed: number;
  readonly sets: ReadonlyMap<string, Values>;
  /** The variants of kernels that it ran with, and the name of the adapter that they suit. */
  readonly chosen?: { readonly adapter: string; readonly variants: Variants };
}

/** The variants to go on with from a snapshot: its own, where it was made on the same adapter. */
export const variantsOf = ({ chosen }: Snapshot, gpu: Gpu): Variants =>
  chosen?.adapter === gpu.adapter.name ? chosen.variants : {};
