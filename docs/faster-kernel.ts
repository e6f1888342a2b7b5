/** Moves 16 MiB and scales them on the way, in the forms of `shaders/roof_stream.wgsl`. */

import { compile, openGpu } from 'kinegrad';
import { median } from 'simple-statistics';
import { type StreamForm, stream } from '../bench/measure/roof_kernels.ts';
import { openSampler } from '../bench/measure/sampler.ts';

const BYTES = 2 ** 24;
const forms: StreamForm[] = [
  { op: 'scale', width: 64, steps: 1, four: false },
  { op: 'scale', width: 8, steps: 1, four: false },
  { op: 'scale', width: 64, steps: 4, four: true },
  { op: 'scale', width: 64, steps: 1024, four: false },
  { op: 'scale', width: 8, steps: 1024, four: false },
];

const gpu = await openGpu();
const sampler = await openSampler(gpu);
const x = [BYTES / 4];
const programs = await Promise.all(
  forms.map((form) => compile(gpu, ({ x }) => ({ y: stream(x, x, form) }), { x })),
);
for (const program of programs) await program.run({ x: new Float32Array(BYTES / 4) });
const samples = await sampler.sample(programs, 15);
forms.forEach(({ width, steps, four }, i) => {
  const rate = (2 * BYTES) / median(samples[i]!) / 1e6;
  const how = `${steps} quads a thread${four ? ', four at a time' : ''}, ${width} threads a group`;
  console.log(`${how}: ${rate.toFixed(1)} GB/s`);
});
gpu.close();
