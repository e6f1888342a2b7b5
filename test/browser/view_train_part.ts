/** A part of a training on rendered people, for a page and for Node, with the built package or its sources. */

type Kinegrad = typeof import('../../src/index.ts');

export interface GivenViews {
  readonly setting: Parameters<Kinegrad['viewConfigOf']>[0];
  readonly people: number;
}

/** Opens a training on rendered people. */
export async function openViews(
  k: Kinegrad,
  gpu: Awaited<ReturnType<Kinegrad['openGpu']>>,
  { setting, people }: GivenViews,
) {
  const config = k.viewConfigOf(setting);
  const { seed, size, depthError, judged } = config;
  const about = { seed, size, depthError };
  return k.openViewTraining(gpu, k[config.architecture], config, {
    train: k.renderedViews({ ...about, split: 'train', count: people }),
    validation: k.renderedViews({ ...about, split: 'validation', count: judged }),
  });
}

/** Trains from one step to another; what comes before and after lies in the origin's private file system. */
export async function partOfViews(k: Kinegrad, given: GivenViews, from: number, to: number) {
  const gpu = await k.openGpu();
  const training = await openViews(k, gpu, given);
  const path = 'runs/views/checkpoint.safetensors';
  if (from > 0) await training.restore(k.readCheckpoint(await k.readFile(path)).snapshot);
  const losses: number[] = [];
  for (let step = from; step < to; step++) losses.push((await training.next()).loss);
  await k.writeFileAtomic(path, k.writeCheckpoint(await training.snapshot(), {}));
  const judged = await training.validate();
  await training.dispose();
  gpu.close();
  return { losses, judged };
}

/** Lifts the person in a picture of one colour with a wall behind, by weights of a file. */
export async function liftPhoto(
  k: Kinegrad,
  gpu: Awaited<ReturnType<Kinegrad['openGpu']>>,
  file: Uint8Array,
  pixels: readonly number[],
) {
  const weights = await k.readWeights(Uint8Array.from(file));
  const lifter = await k.loadViewLifter(k[weights.architecture as 'cnn' | 'vit'], weights, { gpu });
  const [width, height] = [1000, 667];
  const rgba = new Uint8Array(4 * width * height).map((_, i) => (i * 7 + (i >> 12)) % 256);
  const depth = { width, height, metres: new Float32Array(width * height).fill(4) };
  const camera = k.cameraFromFov(width, height, 60);
  const { pose } = await lifter.lift({ camera, rgba, depth }, Float64Array.from(pixels) as never);
  await lifter.dispose();
  return [...pose];
}
