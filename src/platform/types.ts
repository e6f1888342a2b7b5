/** What the engine needs from the place it runs in; `node/` and `browser/` each provide it. */

/** The kinds of adapter, best first. Kernels are tuned by kind. */
export const ADAPTER_KINDS = ['hardware', 'lavapipe', 'swiftshader'] as const;

export type AdapterKind = (typeof ADAPTER_KINDS)[number];

/** One adapter that was found or looked for, and what became of it. */
export interface AdapterReport {
  readonly kind: AdapterKind;
  /** What the driver calls the device, such as `llvmpipe (LLVM 15.0.6, 256 bits)`. */
  readonly name: string;
  readonly driver: string;
  /** Where it came from: `system Vulkan driver`, `npm @sparticuz/chromium`, `browser`. */
  readonly source: string;
  readonly chosen: boolean;
  /** Why it was taken or not, in one sentence. */
  readonly why: string;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
}

/** The adapter to use, if any, and the reports of all that were considered, best first. */
export interface FoundAdapters {
  readonly adapter?: GPUAdapter;
  readonly reports: readonly AdapterReport[];
  /** What would make an adapter available here; shown when there is none. */
  readonly remedies: readonly string[];
}

export interface Image {
  readonly width: number;
  readonly height: number;
  /** 4 bytes a pixel, row-major, not premultiplied. */
  readonly rgba: Uint8Array;
}

/** A file on its way. */
export interface FileStream {
  /** Its bytes, piece by piece; leaving the loop ends the download. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Its length in bytes, where that is known before the end. */
  readonly length?: number | undefined;
}
