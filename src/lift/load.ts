/** What an embedder calls: loads a lifter from a file of weights, and has it ready to lift. */

import { type Gpu, openGpu } from '../gpu/gpu.ts';
import { releaseVariables, writeVariables } from '../graph/store.ts';
import type { Network } from '../models/layers.ts';
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
export async function loadLifter(
  architecture: Architecture,
  source: string | URL | Uint8Array | Weights,
  options: LoadOptions = {},
): Promise<Lifter> {
  const { signal, onProgress, gpu: given } = options;
  signal?.throwIfAborted();
  const opening = given ? Promise.resolve(given) : openGpu();
  // It is awaited below, unless the weights fail first.
  opening.catch(() => {});
  const release: (() => unknown)[] = [];
  if (!given) release.push(() => opening.then((gpu) => gpu.close()).catch(() => {}));
  const releaseAll = async () => {
    for (const each of release.splice(0).reverse()) await each();
  };
  try {
    const weights = await weightsOf(source, options);
    const network = networkOf(architecture, weights);
    const values = valuesOf(network, weights);
    const gpu = await opening;
    if (gpu.lost) await gpu.recover();
    for (const [set, own] of values) {
      signal?.throwIfAborted();
      release.push(() => releaseVariables(gpu, set));
      await writeVariables(gpu, set, own);
    }
    signal?.throwIfAborted();
    const lifter = lifterOf(gpu, network, weights, {
      onProgress: (done, total) => onProgress?.({ phase: 'compile', done, total }),
    });
    release.push(() => lifter.dispose());
    await lifter.liftRays(PERSON);
    signal?.throwIfAborted();
    return { ...lifter, dispose: releaseAll };
  } catch (error) {
    await releaseAll();
    throw error;
  }
}

/** Any pose with a size, to warm up with. */
const PERSON = /* @__PURE__ */ Float32Array.from({ length: 2 * JOINT_COUNT }, (_, i) => i / 100);

async function weightsOf(
  source: string | URL | Uint8Array | Weights,
  { signal, onProgress }: LoadOptions,
): Promise<Weights> {
  if (source instanceof Uint8Array) return readWeights(source);
  if (typeof source !== 'string' && !(source instanceof URL)) return source;
  const bytes = await downloadWeights(source, signal, (done, total) =>
    onProgress?.({ phase: 'download', done, total }),
  );
  return readWeights(bytes);
}

function networkOf(architecture: Architecture, weights: Weights): Network {
  const { architecture: name } = architecture;
  if (weights.architecture !== name)
    throw new WrongFileError(
      `loadLifter: these are weights of ${weights.architecture}, not of ${name}. ` +
        `Load them with ${weights.architecture}.`,
    );
  return architecture(weights.options as never);
}
