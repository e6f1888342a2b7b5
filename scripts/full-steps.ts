/**
 * Makes whole training steps of the full-size two-stage lifters on rendered people, within 4 GB: results
 * stored as halves, blocks computed again for the gradients. It says what the plan takes before it runs, and
 * holds that later steps create no buffer, give finite numbers and change every parameter. On two cores of
 * a CPU it takes minutes, so it is no part of the tests, which hold the same steps by their plan alone.
 *
 *   node scripts/run.mjs scripts/full-steps.ts [cnn|vit]
 */

import { openGpu } from '../src/gpu/gpu.ts';
import { f16 } from '../src/graph/halves.ts';
import { memoryOf } from '../src/graph/plan_memory.ts';
import { compile, planOf } from '../src/graph/program.ts';
import { readVariables } from '../src/graph/store.ts';
import { cnn } from '../src/models/cnn.ts';
import { vit } from '../src/models/vit.ts';
import { viewConfigOf } from '../src/train/view_config.ts';
import { renderedViews, streamOf } from '../src/train/view_data.ts';
import { viewNetwork, viewStep } from '../src/train/view_step.ts';

const CAP = 4e9;
const STEPS = 2;
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const wanted = process.argv[2];

for (const [architecture, size, batch] of [
  [cnn, 500, 8],
  [vit, 384, 4],
] as const) {
  if (wanted && wanted !== architecture.architecture) continue;
  await using gpu = await openGpu();
  const config = viewConfigOf({
    architecture: architecture.architecture as 'cnn' | 'vit',
    ...{ size, batch, steps: STEPS, storage: 'f16', lossScale: 65_536, recompute: true },
  });
  const source = renderedViews({ seed: 1, split: 'train', size, count: 1000, depthError: false });
  const network = viewNetwork(architecture, config);
  const { step, inputs, options } = viewStep(network, config, source, f16);
  const capped = { ...options, cap: CAP };
  const { total, activations } = memoryOf(planOf(gpu, step, inputs, capped));
  console.log(
    `${config.architecture}, ${size} pixels, batch ${batch}, on ${gpu.adapter.name}: the plan takes ${mib(total)}, ${mib(activations)} of them results between ops, of at most ${mib(CAP)}`,
  );
  let since = performance.now();
  const seconds = () => {
    const spent = (performance.now() - since) / 1000;
    since = performance.now();
    return `${spent.toFixed(1)} s`;
  };
  const program = await compile(gpu, step, inputs, capped);
  const before = await readVariables(gpu, network.parameters);
  console.log(`compiled in ${seconds()}; ${mib(gpu.counts.bytes)} are on the device`);
  const people = streamOf(source, config);
  let created = gpu.counts.buffers;
  for (let at = 0; at < STEPS; at++) {
    const { inputs, poses } = await people.batch(at);
    const read = await program.run(
      { ...inputs, poses },
      { read: ['loss', 'gradientNorm', 'skippedSteps'] },
    );
    const [loss, norm, skipped] = [read.loss, read.gradientNorm, read.skippedSteps].map(
      (v) => v![0]!,
    );
    console.log(
      `step ${at + 1} in ${seconds()}: loss ${loss!.toFixed(4)}, norm of the gradient ${norm!.toPrecision(3)}, ${skipped} steps skipped, ${gpu.counts.buffers - created} buffers created`,
    );
    if (!Number.isFinite(loss) || !Number.isFinite(norm) || skipped)
      throw new Error('the loss or its gradient is no number, or the step was skipped');
    if (at > 0 && gpu.counts.buffers > created) throw new Error('a step has created a buffer');
    created = gpu.counts.buffers;
  }
  const after = await readVariables(gpu, network.parameters);
  const still = [...after].filter(([name, values]) =>
    values.every((v, i) => v === before.get(name)![i]),
  );
  console.log(`${after.size - still.length} of ${after.size} parameters have changed`);
  if (still.length > 0) throw new Error(`unchanged: ${still.map(([name]) => name).join(', ')}`);
  program.dispose();
}
