/** A part of a training, for a page and for a Worker, with the built package. */

type Kinegrad = typeof import('../../src/index.ts');

export interface Given {
  readonly setting: Parameters<Kinegrad['configOf']>[0];
  readonly people: Record<'train' | 'validation', Parameters<Kinegrad['bodySource']>[0]>;
}

/** Opens a training on a device of its own. */
export async function open(k: Kinegrad, { setting, people }: Given) {
  const gpu = await k.openGpu();
  const { train, validation } = people;
  const data = { train: k.bodySource(train), validation: k.bodySource(validation) };
  return { gpu, training: await k.openTraining(gpu, k.configOf(setting), data) };
}

/** Trains from one step to another; what comes before and after lies in the origin's private file system. */
export async function part(k: Kinegrad, given: Given, from: number, to: number) {
  const { gpu, training } = await open(k, given);
  const path = 'runs/one/checkpoint.safetensors';
  if (from > 0) await training.restore(k.readCheckpoint(await k.readFile(path)).snapshot);
  const losses: number[] = [];
  const pauses = (step: number) => step === to;
  for await (const { loss } of k.trainingSteps(training, to, pauses, () => false))
    losses.push(loss);
  await k.writeFileAtomic(path, k.writeCheckpoint(await training.snapshot(), {}));
  const judged = await training.validate();
  await training.dispose();
  gpu.close();
  return { losses, judged };
}

/**
 * Trains to the end, with a snapshot every ten steps. `inTheMiddle` is called at one of the steps;
 * from there it goes slowly, until the device is lost. Then it recovers and goes on.
 */
export async function survive(
  k: Kinegrad,
  given: Given,
  steps: number,
  inTheMiddle: (device: GPUDevice) => void,
) {
  const { gpu, training } = await open(k, given);
  const told: string[] = [];
  gpu.addEventListener('lost', ({ error }) => told.push(error.name));
  gpu.addEventListener('recovered', () => told.push('recovered'));
  const losses: number[] = [];
  let kept = 0;
  const train = async () => {
    const pauses = (step: number) => step % 10 === 0;
    for await (const { step, loss } of k.trainingSteps(training, steps, pauses, () => false)) {
      losses[step - 1] = loss;
      if (pauses(step)) kept = (await training.snapshot()).step;
      if (step === 55) inTheMiddle(gpu.device);
      if (step >= 55 && told.length === 0) await new Promise((done) => setTimeout(done, 100));
    }
  };
  const rejected: string = await train().then(
    () => 'nothing',
    (error) => error.name,
  );
  const last = kept;
  await gpu.recover();
  const from = training.step;
  await train();
  const judged = await training.validate();
  return { rejected, last, from, told, losses, judged };
}
