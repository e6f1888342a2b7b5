/**
 * Holds the full-size transformer lifter to what PyTorch gave for it: 144 million weights drawn by
 * formula, one view, pose and image tokens within 1e-3. It takes 3 GB of memory and, on a CPU, a
 * minute; so it is no part of the tests, whose members of the family are small.
 *
 *   node scripts/run.mjs scripts/vit-full.ts
 *
 * `test/golden/vit_full.py` has made the numbers.
 */

import { readFileSync } from 'node:fs';
import { openGpu } from '../src/gpu/gpu.ts';
import { compile } from '../src/graph/program.ts';
import { writeVariables } from '../src/graph/store.ts';
import { vit } from '../src/models/vit.ts';
import { arrayOf, type Source, uniform } from '../test/golden/uniform.ts';

interface Golden {
  readonly inputs: Readonly<Record<'image' | 'depth' | 'joints' | 'view', Source>>;
  readonly variables: readonly (Source & { readonly name: string })[];
  readonly tokens: { projection: number; numbers: [number, number, number] };
  readonly poses: readonly number[];
}

const MOST = 1e-3;
const golden = JSON.parse(
  readFileSync(new URL('../test/golden/vit_full.json', import.meta.url), 'utf8'),
) as Golden;
const { inputs, variables, tokens, poses } = golden;

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const gpu = await openGpu();
console.log(gpu.adapter.name);

const network = vit();
let since = performance.now();
await writeVariables(
  gpu,
  network.parameters,
  new Map(variables.map((row) => [row.name, arrayOf(row)])),
);
console.log(`weights drawn and written in ${seconds(since)}`);

const shapes = {
  image: inputs.image.shape,
  depth: inputs.depth.shape,
  joints: inputs.joints.shape,
  view: inputs.view.shape,
};
since = performance.now();
const program = await compile(gpu, (views) => ({ poses: network(views) }), shapes);
const look = await compile(gpu, (views) => ({ image: network.streams(views).image }), shapes);
const mib = (program.plan.bytes / 2 ** 20).toFixed(0);
console.log(`${program.plan.dispatches.length} dispatches, ${mib} MiB, in ${seconds(since)}`);

const depth = arrayOf(inputs.depth).map((v, i) => (i % 7 === 0 ? 0 : v));
const batch = {
  image: arrayOf(inputs.image),
  depth,
  joints: arrayOf(inputs.joints),
  view: arrayOf(inputs.view),
};
since = performance.now();
const found = await program.run(batch, { read: ['poses'] });
console.log(`the first forward pass took ${seconds(since)}`);
since = performance.now();
await program.run(batch, { read: ['poses'] });
console.log(`the second ${seconds(since)}`);
const { image } = await look.run(batch, { read: ['image'] });

const largest = poses.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
const worst = poses.reduce((m, v, i) => Math.max(m, Math.abs(found.poses[i]! - v)), 0) / largest;
const [projected, norm] = tokens.numbers;
const projection = image.reduce((sum, v, i) => sum + v * uniform(tokens.projection, i), 0);
const off = Math.abs(projection - projected) / norm;
console.log(`pose off by ${worst.toExponential(1)} of its largest value, ${largest} m`);
console.log(`image tokens' projection off by ${off.toExponential(1)} of their norm`);
gpu.close();
if (!(worst < MOST && off < MOST)) {
  console.error(`That is more than ${MOST}.`);
  process.exitCode = 1;
}
