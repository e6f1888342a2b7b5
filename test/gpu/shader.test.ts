/** Shader sources: composition, specialisation, and errors that point at the place. */

import { afterAll, expect, test } from 'vitest';
import copyWgsl from '../../shaders/copy.wgsl';
import fillWgsl from '../../shaders/fill.wgsl';
import { ShaderError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { compose, type KernelFile, type ShaderFile } from '../../src/gpu/shader.ts';
import { kernel } from '../../src/kernels/kernel.ts';
import { fill } from '../../src/kernels/layout.ts';

const gpu = await openGpu();
afterAll(() => gpu.close());

const library: ShaderFile = {
  file: 'lib/half.wgsl',
  text: ['const FACTOR: f32 = 0.5;', 'fn half_of(x: f32) -> f32 { return FACTOR * x; }', ''].join(
    '\n',
  ),
  uses: [],
};

const source = [
  '// y = x / 2',
  'override OFFSET: f32 = 0;',
  'const ROWS: u32 = 64u;  // of a tile',
  'alias T = f32;',
  '@group(0) @binding(0) var<storage, read_write> y: array<T>;',
  'var<private> tile: array<T, ROWS>;',
  '@compute @workgroup_size(1)',
  'fn main() { tile[0] = y[0]; y[0] = half_of(tile[0]) + OFFSET; }',
];

const file = (lines = source, uses: readonly ShaderFile[] = [library]): KernelFile => ({
  file: 'half.wgsl',
  text: `${lines.join('\n')}\n`,
  uses,
  storage: [{ name: 'y', binding: 0, writes: true }],
  uniforms: [],
  params: [],
  paramsSize: 0,
});

const compile = (kernel: KernelFile, more: object = {}) =>
  gpu.pipelines.get({ kernel, overrides: {}, constants: {}, editions: {}, ...more });

/** The same shader under a name of its own: pipelines of one name are compiled once. */
let names = 0;
const fresh = (kernel: KernelFile): KernelFile => ({ ...kernel, file: `half${names++}.wgsl` });

test('a kernel and its library compile, as do other values, other types and other editions', async () => {
  const third: ShaderFile = {
    ...library,
    file: 'lib/third.wgsl',
    text: 'fn half_of(x: f32) -> f32 { return x / 3; }',
  };
  const pipelines = await Promise.all([
    compile(file()),
    compile(file(), { constants: { ROWS: '8u', FACTOR: 0.25 } }),
    compile(file(), { overrides: { OFFSET: 2 } }),
    compile(file(), { editions: { 'lib/half.wgsl': third } }),
    compile(file()),
  ]);
  expect(new Set(pipelines).size).toBe(4);
  expect(pipelines[4]).toBe(pipelines[0]);
});

test('a constant is replaced by value, wherever it is declared, and nothing else', () => {
  const { code } = compose(file(), { ROWS: '16u', FACTOR: '$1', T: 'f16' });
  const lines = code.split('\n');
  expect(lines[2]).toBe('const ROWS: u32 = 16u;  // of a tile');
  expect(lines[3]).toBe('alias T = f16;');
  expect(lines[9]).toBe('const FACTOR: f32 = $1;');
  expect(lines.filter((line, i) => line !== compose(file()).code.split('\n')[i])).toHaveLength(3);
});

test('each library comes once, after the kernel, though several use it', () => {
  const other: ShaderFile = { file: 'lib/other.wgsl', text: '// other', uses: [library] };
  const { code, locate } = compose(file(source, [other, library]));
  expect(code.split('const FACTOR').length).toBe(2);
  expect(locate(2)).toEqual({ file: 'half.wgsl', line: 2, text: source[1] });
  expect(locate(10)).toEqual({ file: 'lib/other.wgsl', line: 1, text: '// other' });
  expect(locate(12).file).toBe('lib/half.wgsl');
  expect(locate(12).line).toBe(2);
});

const failing: [why: string, kernel: KernelFile, more: object, expected: string | RegExp][] = [
  [
    'a mistake in the kernel',
    file(source.with(7, 'fn main() { y[0] = half_off(y[0]); }')),
    {},
    /half\d\.wgsl:8:20 .*half_off.*\n {4}fn main\(\) \{ y\[0\] = half_off\(y\[0\]\); \}\n {23}\^$/,
  ],
  [
    'a mistake in a library that it uses, with its own name and line',
    file(source, [
      {
        ...library,
        text: 'const FACTOR: f32 = 0.5;\n\nfn half_of(x: f32) -> f32 { return x * true; }\n',
      },
    ]),
    {},
    /lib\/half\.wgsl:3:36 .*operator \* \(f32, bool\).*\n {4}fn half_of\(x: f32\) -> f32 \{ return x \* true; \}\n {39}\^\n/,
  ],
  [
    'a constant with a value that does not fit, at its place',
    file(),
    { constants: { ROWS: '-1' } },
    /half\d\.wgsl:3:\d+ .*\n {4}const ROWS: u32 = -1; {2}\/\/ of a tile\n {4} +\^/,
  ],
  [
    'a mistake that shows after a constant was replaced: lines keep their numbers',
    file(source.with(7, 'fn main() { y[0] = 1u; }')),
    { constants: { ROWS: '12345u', FACTOR: '0.125' } },
    /half\d\.wgsl:8:\d+ .*\n {4}fn main\(\) \{ y\[0\] = 1u; \}\n {4} +\^/,
  ],
  ['an override that is not there', file(), { overrides: { OFSET: 1 } }, /OFSET/],
];

for (const [why, kernel, more, expected] of failing) {
  test(`${why} is shown with file, line, column and caret`, async () => {
    const error = await compile(fresh(kernel), more).catch((error) => error);
    expect(error).toBeInstanceOf(ShaderError);
    expect(error.message).toMatch(/^half\d\.wgsl.* does not compile\n/);
    expect(error.message).toMatch(expected);
    gpu.check();
  });
}

test('tabs are kept before the caret, so that it stands below the mistake', async () => {
  const lines = source.with(7, 'fn main() {\n\t\ty[0] = half_off(y[0]);\n}');
  const error = await compile(fresh(file(lines))).catch((error) => error);
  expect(error.message).toMatch(/\n {4}\t\ty\[0\] = half_off\(y\[0\]\);\n {4}\t\t {7}\^$/);
});

test('a constant that is nowhere declared is an error, before the device sees it', async () => {
  await expect(compile(fresh(file()), { constants: { COLS: 3 } })).rejects.toThrow(
    /^half\d\.wgsl has no top-level const or alias COLS to set to 3: declare it there or in a file it uses$/,
  );
  // Within a function it is not top-level.
  const lines = source.with(7, 'fn main() {\n  const N = 4;\n  y[0] = f32(N);\n}');
  expect(() => compose(file(lines), { N: 3 })).toThrow(ShaderError);
});

test('a binding that says something else than its WGSL fails when it is loaded', () => {
  const rest = { groups: () => 1, cost: () => ({ bytes: 0, flops: 0 }) };
  expect(() => kernel(copyWgsl, { reads: ['x', 'z'], writes: ['y'], ...rest })).toThrow(
    new ShaderError('copy.wgsl reads [x], its binding says [x, z]: make them the same'),
  );
  expect(() => kernel(copyWgsl, { reads: ['x', 'y'], writes: [], ...rest })).toThrow(
    new ShaderError('copy.wgsl reads [x], its binding says [x, y]: make them the same'),
  );
  expect(() => kernel(fillWgsl, { reads: [], writes: ['z'], ...rest })).toThrow(ShaderError);
  expect(fill.file.storage).toEqual([{ name: 'y', binding: 1, writes: true }]);
});
