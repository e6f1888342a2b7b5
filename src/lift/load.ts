/** What an embedder calls: loads a lifter from a file of weights, and has it ready to lift. */

import { type Gpu, openGpu } from '../gpu/gpu.ts';
import type { CompileOptions } from '../graph/options.ts';
import { releaseVariables, writeVariables } from '../graph/store.ts';
import type { ModelVariables, Network } from '../models/layers.ts';
import { readWeights, valuesOf, type Weights } from '../models/weights.ts';
import { WrongFileError } from '../platform/errors.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';
import { downloadWeights } from './download.ts';
import { type Lifter, lifterOf } from './lifter.ts';

/** A network of the package, such as `martinez`, as a function of its options. */
export interface Architecture {
  (options: never): Network;
  /** The name that weights files give it; that of the function may be changed by a bundler. */
  readonly architecture: string;
}

/** How far the loading of a lifter is. */
export interface LoadProgress {
  /** `download` counts bytes, `compile` counts pipelines. */
  readonly phase: 'download' | 'compile';
  readonly done: number;
  /** Undefined until the length of the file is known. */
  readonly total: number | undefined;
}

export interface LoadOptions {
  /** Where it will run. Without one the lifter opens the best there is, and closes it at its end. */
  gpu?: Gpu;
  /** Ends the loading, which then rejects with the signal's reason and leaves nothing behind. */
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
}

/**
 * Loads a lifter and warms it up: its first lift is as quick as the next. Downloading, reading and
 * compiling leave the thread to others in between.
 * @param source the URL of its weights (in Node also a path), the bytes of their file, or weights
 * @throws DownloadError, TruncatedError, BlockedError where the file does not come, or not whole
 * @throws WrongFileError, ChecksumError where it is none of this architecture, or damaged
 * @throws GpuError of any kind where no device can run it
 */
export const loadLifter = (
  architecture: Architecture,
  source: WeightsSource,
  options: LoadOptions = {},
): Promise<Lifter> =>
  loading(
    architecture,
    source,
    options,
    (network, weights, gpu, compiling) => lifterOf(gpu, network, weights, compiling),
    (lifter) => lifter.liftRays(PERSON),
  );

/** What lifters are loaded from: where a file of weights is, its bytes, or weights. */
export type WeightsSource = string | URL | Uint8Array | Weights;

/** A lifter of some kind, without the variables that it was loaded with. */
interface Loaded {
  dispose(): unknown;
}

/**
 * Brings weights to a device for a lifter that `make` makes of them. What was opened for it is given back
 * with it, and where the loading ends early.
 */
export async function loading<N extends ModelVariables, L extends Loaded>(
  architecture: { (options: never): N; readonly architecture: string },
  source: WeightsSource,
  options: LoadOptions,
  make: (network: N, weights: Weights, gpu: Gpu, compiling: CompileOptions) => L | Promise<L>,
  warmUp?: (lifter: L) => Promise<unknown>,
): Promise<L & { dispose(): Promise<void> }> {
  const { signal, onProgress, gpu: given } = options;
  signal?.throwIfAborted();
  const opening = given ? Promise.resolve(given) : openGpu();
  // It is awaited below, unless the weights fail first.
  const opened = opening.catch(() => {});
  const release: (() => unknown)[] = given ? [] : [() => opened.then((gpu) => gpu?.close())];
  const dispose = async () => {
    while (release.length) await release.pop()!();
  };
  try {
    const weights = await weightsOf(source, options);
    if (weights.architecture !== architecture.architecture)
      throw new WrongFileError(
        `These are weights of ${weights.architecture}, not of ${architecture.architecture}. Load them with it.`,
      );
    const network = architecture(weights.options as never);
    const values = valuesOf(network, weights);
    const gpu = await opening;
    if (gpu.lost) await gpu.recover();
    for (const [set, own] of values) {
      signal?.throwIfAborted();
      release.push(() => releaseVariables(gpu, set));
      await writeVariables(gpu, set, own);
    }
    signal?.throwIfAborted();
    const lifter = await make(network, weights, gpu, {
      onProgress: (done, total) => onProgress?.({ phase: 'compile', done, total }),
    });
    release.push(() => lifter.dispose());
    await warmUp?.(lifter);
    signal?.throwIfAborted();
    return { ...lifter, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Any pose with a size, to warm up with. */
const PERSON = /* @__PURE__ */ Float32Array.from({ length: 2 * JOINT_COUNT }, (_, i) => i / 100);

async function weightsOf(
  source: WeightsSource,
  { signal, onProgress }: LoadOptions,
): Promise<Weights> {
  if (source instanceof Uint8Array) return readWeights(source);
  if (typeof source !== 'string' && !(source instanceof URL)) return source;
  const bytes = await downloadWeights(source, signal, (done, total) =>
    onProgress?.({ phase: 'download', done, total }),
  );
  return readWeights(bytes);
}
