/** The house stands on its layers: who may import whom, and what may stand where. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** What each folder of `src/` may import, itself aside. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  gpu: ['platform'],
  kernels: ['gpu', 'platform'],
  graph: ['kernels', 'gpu', 'platform'],
  pose: [],
  formats: ['platform/errors.ts'],
  data: ['pose', 'formats'],
  picture: ['pose', 'platform/types.ts'],
  models: ['graph', 'kernels', 'gpu', 'platform', 'pose', 'formats'],
  train: ['lift', 'models', 'graph', 'kernels', 'gpu', 'platform', 'pose', 'formats', 'data'],
  lift: ['models', 'graph', 'kernels', 'gpu', 'platform', 'pose', 'formats'],
  cli: [
    'lift',
    'train',
    'models',
    'graph',
    'kernels',
    'gpu',
    'platform',
    'pose',
    'data',
    'picture',
    'formats',
  ],
};

const filesUnder = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(root, folder, name));

const sources = filesUnder('src', '.ts').map((file) => ({
  file: relative(root, file),
  layer: relative(join(root, 'src'), file).split('/')[0]!,
  text: readFileSync(file, 'utf8'),
}));

/** The files under `src/` that a text imports, as paths from there. */
function imports(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:from |import |import\()'([^']+)'/g)].map(
    ([, to]) => to!,
  );
  return specifiers
    .filter((to) => to.startsWith('.') || to === '#platform')
    .map((to) => (to === '#platform' ? 'platform/index.ts' : resolveFrom(file, to)))
    .filter((to) => !to.startsWith('..'));
}

const resolveFrom = (file: string, to: string) =>
  relative(join(root, 'src'), resolve(root, file, '..', to));

/** The lines that match, as `file:line: text`. */
const found = (files: readonly { file: string; text: string }[], pattern: RegExp) =>
  files.flatMap(({ file, text }) =>
    text
      .split('\n')
      .map((line, i) => `${file}:${i + 1}: ${line.trim()}`)
      .filter((line) => pattern.test(line)),
  );

test('imports run one way', () => {
  const wrong = sources.flatMap(({ file, layer, text }) => {
    const allowed = MAY_IMPORT[layer];
    if (!allowed) return layer.endsWith('.ts') ? [] : [`${file}: src/${layer} is no layer`];
    return imports(file, text)
      .filter((to) => ![layer, ...allowed].some((path) => to === path || to.startsWith(`${path}/`)))
      .map((to) => `${file} imports src/${to}`);
  });
  expect(wrong).toEqual([]);
});

test('pose and data know neither Node nor the GPU', () => {
  const pure = sources.filter(({ layer }) => ['pose', 'data', 'picture'].includes(layer));
  expect(found(pure, /'node:|\bprocess\.|\bGPU[A-Z]/)).toEqual([]);
});

test('only src/gpu talks to WebGPU', () => {
  const others = sources.filter(({ layer }) => layer !== 'gpu');
  const calls =
    /\.(create(Buffer|BindGroup\w*|ShaderModule|\w*Pipeline\w*)|requestDevice)\(|queue\.submit\(/;
  expect(found(others, calls)).toEqual([]);
});

test('WGSL is in files of its own, and adds no floats by compare and swap', () => {
  expect(found(sources, /@compute|@workgroup_size|@group\(|var<storage/)).toEqual([]);
  const shaders = filesUnder('shaders', '.wgsl').map((file) => ({
    file: relative(root, file),
    text: readFileSync(file, 'utf8'),
  }));
  expect(shaders.length).toBeGreaterThan(0);
  expect(found(shaders, /atomicCompareExchange/)).toEqual([]);
});
