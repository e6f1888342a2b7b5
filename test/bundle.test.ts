/** What a page downloads: sizes of bundles, and what is in them. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { build as viteBuild } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import webpack from 'webpack';
import { bare } from '../scripts/wgsl-module.mjs';
import { root } from './built.ts';
import { openConsumer } from './consumer.ts';

let project: string;
let remove: () => void;

beforeAll(async () => {
  ({ folder: project, remove } = await openConsumer());
});
afterAll(() => remove());

const LIFTS = `export { openGpu, loadLifter, martinez } from 'kinegrad';`;
/** Shaders that only gradients need. */
const GRADIENT = /backward|gradient|weights|_dq_|_dkv_|attention_stats|_sums|taps_slide|pool_taps/;
const TRAINS = `
  export {
    openGpu, loadLifter, martinez, openTraining, trainingSteps, configOf, bodySource,
    readCheckpoint, writeCheckpoint, readFile, writeFileAtomic, writeWeights, readWeights,
  } from 'kinegrad';
`;

async function bundle(contents: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: project },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    metafile: true,
  });
  const { inputs } = Object.values(metafile.outputs)[0]!;
  const shaders = Object.entries(inputs).flatMap(([file, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (file.match(/shaders\/(.*)\.wgsl\.js$/)?.slice(1) ?? []) : [],
  );
  const [file] = outputFiles as [(typeof outputFiles)[number]];
  return { text: file.text, size: gzipSync(file.contents, { level: 9 }).length, shaders };
}

test('a page that lifts downloads at most 40 kB, and the shaders of its model', async () => {
  const { size, shaders, text } = await bundle(LIFTS);
  expect(size).toBeLessThan(40_000);
  expect(shaders).toEqual(expect.arrayContaining(['elementwise', 'matmul_row', 'lib/stage']));
  const strangers =
    /softmax|layer_norm|gather|adamw|sgd|reduce|batch_norm|backward|squares|roof|fill/;
  expect(shaders.filter((name) => strangers.test(name))).toEqual([]);
  expect(text).not.toMatch(/\beval\(|new Function\(|createObjectURL|blob:|node:|#platform/);
});

test('a page that trains downloads at most 75 kB', async () => {
  const { size, shaders } = await bundle(TRAINS);
  expect(size).toBeLessThan(75_000);
  expect(shaders).toEqual(expect.arrayContaining(['adamw', 'batch_norm_backward']));
  const strangers =
    /softmax|layer_norm|gather|roof|conv|depthwise|attention|pool|resize|excite|image|heatmap|soft_arg/;
  expect(shaders.filter((name) => strangers.test(name))).toEqual([]);
});

const RUNS = `export { compile, openGpu } from 'kinegrad';`;
const base = () => bundle(RUNS).then(({ size }) => size);

test('a page that runs a convolution downloads neither its gradients nor other ops', async () => {
  const { size, shaders } = await bundle(`${RUNS} export { conv2d } from 'kinegrad/forward';`);
  expect(size).toBeLessThan(37_000);
  expect(shaders).toEqual(expect.arrayContaining(['conv_1_naive', 'conv_4_subgroup_8']));
  const strangers = /depthwise|attention|pool|resize|excite|softmax|_norm|heatmap|soft_arg/;
  expect(shaders.filter((name) => GRADIENT.test(name) || strangers.test(name))).toEqual([]);
});

/** What a bundle of that op alone grows by, forward only and with `grad`. */
test.each([
  ['addLayerNorm', 3_000],
  ['attention', 11_000],
  ['avgPool2d', 4_000],
  ['conv2d', 9_000],
  ['convTranspose2d', 9_000],
  ['depthwiseConv2d', 7_000],
  ['gaussianHeatmaps', 2_500],
  ['layerNorm', 3_000],
  ['maxPool2d', 4_000],
  ['resizeBilinear', 2_500],
  ['resizeNearest', 2_500],
  ['skeletonImage', 3_000],
  ['softArgmax2d', 2_500],
  ['softArgmax3d', 2_500],
  ['softmax', 2_000],
  ['squeezeExcite', 7_000],
])('%s comes with its gradients only where it is asked for them', async (name, most) => {
  const run = await bundle(`${RUNS} export { ${name} } from 'kinegrad/forward';`);
  const gradients = run.shaders.filter((name) => GRADIENT.test(name));
  // The mean over an image is a forward kernel, too.
  expect(gradients).toEqual(name === 'squeezeExcite' ? ['image_sums'] : []);
  expect(run.size - (await base())).toBeLessThan(most);
  const whole = await bundle(`${RUNS} export { ${name} } from 'kinegrad';`);
  expect(whole.shaders.filter((name) => GRADIENT.test(name)).length).toBeGreaterThan(
    gradients.length,
  );
});

test('Vite, which shakes the tree in its own way, comes to about the same', async () => {
  const page = join(project, 'page.js');
  writeFileSync(page, LIFTS);
  const result = await viteBuild({
    root: project,
    logLevel: 'silent',
    configFile: false,
    build: { write: false, lib: { entry: page, formats: ['es'] }, minify: true },
  });
  const [{ output }] = result as unknown as [{ output: { code?: string }[] }];
  expect(output).toHaveLength(1);
  const code = output[0]!.code!;
  expect(code).not.toMatch(/softmax|layer_norm|adamw|from ['"]|#platform/);
  expect(gzipSync(code).length).toBeLessThan(45_000);
});

test('webpack does, too', async () => {
  const page = join(project, 'page.js');
  writeFileSync(page, LIFTS);
  const compiler = webpack({
    mode: 'production',
    context: project,
    entry: page,
    // Its minifier takes seconds, so that ours follows; what is unused is gone by then.
    optimization: { minimize: false },
    performance: false,
    experiments: { outputModule: true },
    output: { path: join(project, 'webpack'), filename: 'page.js', library: { type: 'module' } },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  expect(stats!.toString({ all: false, errors: true, warnings: true })).toBe('');
  const written = readFileSync(join(project, 'webpack/page.js'), 'utf8');
  const { code } = await transform(written, { minify: true, format: 'esm' });
  expect(code).not.toMatch(/softmax|layer_norm|adamw|#platform|\beval\(|new Function\(/);
  expect(gzipSync(code).length).toBeLessThan(45_000);
});

test('the file for pages without a bundler imports nothing, and has all that the package has', async () => {
  const text = readFileSync(join(root, 'dist/kinegrad.js'), 'utf8');
  expect(text).not.toMatch(
    /\bimport\b *[({"'*]|\bfrom *["']|\beval\(|new Function\(|createObjectURL|blob:/,
  );
  const last = text.slice(text.lastIndexOf('export{'));
  const exported = new Set([...last.matchAll(/([\w$]+)(?=[,}])/g)].map(([, name]) => name));
  const all = Object.keys(await import('../src/index.ts'));
  expect(all.filter((name) => !exported.has(name))).toEqual([]);
});

test('what is left out of shipped shaders is no part of the program', () => {
  const tokens = (wgsl: string) =>
    wgsl.replace(/\/\/.*/g, '').match(/[\w.]+|[<>]|[-+*/%&|^=!]+=?|\S/g);
  const folder = join(root, 'shaders');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((name) => name.endsWith('.wgsl'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  for (const text of texts) {
    expect(tokens(bare(text))).toEqual(tokens(text));
    expect(bare(text).split('\n')).toHaveLength(text.split('\n').length);
    expect(text).not.toContain('/*');
  }
});
