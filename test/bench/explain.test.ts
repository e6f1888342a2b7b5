/** What `--explain` says of kernels: layouts by the rules of WGSL, memory, places, lowered shaders. */

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { instructionsOf, lower } from '../../bench/explain/lowered.ts';
import { reflect } from '../../bench/explain/reflect.ts';
import { explain } from '../../bench/explain.ts';
import single from '../../shaders/lib/single.wgsl';
import matmul3 from '../../shaders/matmul_3_tile_registers.wgsl';
import softmaxWgsl from '../../shaders/softmax.wgsl';
import { openGpu } from '../../src/gpu/gpu.ts';
import { compose } from '../../src/gpu/shader.ts';

const gpu = await openGpu();
afterAll(() => gpu.close());

const reflected = (lines: readonly string[], values?: Record<string, number>) =>
  reflect(compose({ file: 'made.wgsl', text: `${lines.join('\n')}\n`, uses: [] }), values);

/** A kernel that uses these declarations. */
const made = (declarations: readonly string[], body = '') => [
  'enable f16;',
  '// y = x',
  '//',
  '// Why it is so.',
  '',
  '// Not of the header.',
  ...declarations,
  '@compute @workgroup_size(WIDTH, ROWS)',
  `fn main() { ${body} }`,
];

test('members lie where the rules of alignment put them, with the gaps between', () => {
  const { structs } = reflected([
    ...made(
      [
        'const WIDTH = 1; const ROWS = 1;',
        'struct Inner { a: vec3f, b: f16 }',
        'struct Params {',
        '  x: f32,',
        '  v: vec3f,  // at a multiple of 16, but 12 long: y fits behind',
        '  y: f32,',
        '  w: vec2f,',
        '  m: mat3x3f,',
        '  inner: Inner,',
        '  h: vec3h,',
        '  list: array<vec3f, 2>,',
        '  last: u32,',
        '}',
        'struct Unused { a: u32 }',
        '@group(0) @binding(0) var<storage> params: Params;',
      ],
      'let p = params.x;',
    ),
  ]);
  // Section 14.4.1 of the WGSL specification: vec3f is aligned to 16 and 12 long, mat3x3f is three
  // columns of 16, vec3h is aligned to 8 and 6 long, elements of an array are a multiple of their
  // alignment apart.
  const params = structs.find(({ name }) => name === 'Params')!;
  expect(params.members.map(({ name, offset, size }) => [name, offset, size])).toEqual([
    ['x', 0, 4],
    [null, 4, 12],
    ['v', 16, 12],
    ['y', 28, 4],
    ['w', 32, 8],
    [null, 40, 8],
    ['m', 48, 48],
    ['inner', 96, 16],
    ['h', 112, 6],
    [null, 118, 10],
    ['list', 128, 32],
    ['last', 160, 4],
    [null, 164, 12],
  ]);
  expect(params).toMatchObject({ size: 176, align: 16, place: 'made.wgsl:9' });
  expect(params.members[2]!.comment).toBe('at a multiple of 16, but 12 long: y fits behind');
  const inner = structs.find(({ name }) => name === 'Inner')!;
  expect(inner).toMatchObject({ size: 16, align: 16 });
  expect(structs.some(({ name }) => name === 'Unused')).toBe(false);
});

const KERNEL = made(
  [
    'override WIDTH: u32 = 64;              // threads',
    'override ON: bool = false; override FACTOR: f32 = 0.5;',
    'const ROWS = 2u;',
    'var<workgroup> slots: array<f32, WIDTH * ROWS + 1>;',
    'var<workgroup> other: array<vec4f, WIDTH>;   // other is not reached',
    'var<workgroup> flag: atomic<u32>;',
    '@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;',
    '@group(0) @binding(1) var<storage, read> x: array<vec2f>;',
    'fn unreached() { other[0] = vec4f(); }',
    'fn reached() { slots[0] = FACTOR; }  // and not other',
  ],
  'reached(); atomicStore(&flag, 1u); if ON { y[0] = x[0].xyxy; }',
);

test('what a kernel declares is read with the values of its overrides', () => {
  const found = reflected(KERNEL, { WIDTH: 8, ON: 1 });
  expect(found.header).toEqual(['y = x', '', 'Why it is so.']);
  expect(found.enables).toEqual(['f16']);
  expect(found.size).toEqual([8, 2, 1]);
  expect(found.workgroupSize).toBe('WIDTH, ROWS');
  expect(found.workgroup).toEqual([
    { name: 'slots', type: 'array<f32, 17>', bytes: 68, place: 'made.wgsl:10', comment: '' },
    { name: 'flag', type: 'atomic<u32>', bytes: 4, place: 'made.wgsl:12', comment: '' },
  ]);
  expect(found.overrides.map(({ name, initial, given }) => [name, initial, given])).toEqual([
    ['WIDTH', '64', '8'],
    ['ON', 'false', 'true'],
    ['FACTOR', '0.5', null],
  ]);
  expect(found.overrides[0]).toMatchObject({ type: 'u32', comment: 'threads' });
  expect(
    found.bindings.map(({ name, binding, access, bytes }) => [name, binding, access, bytes]),
  ).toEqual([
    ['x', 1, 'read', 8],
    ['y', 3, 'read_write', 16],
  ]);
  expect(reflected(KERNEL).size).toEqual([64, 2, 1]);
});

test('workgroup memory of the engine’s own kernels', () => {
  const bytes = ({ workgroup }: ReturnType<typeof reflect>) => workgroup.map(({ bytes }) => bytes);
  // A slot for each thread.
  expect(bytes(reflect(compose(softmaxWgsl), { WIDTH: 64 }))).toEqual([256]);
  expect(bytes(reflect(compose(softmaxWgsl), { WIDTH: 8 }))).toEqual([32]);
  // Two tiles of 16 by 64 values.
  const tiles = compose(matmul3, {}, { 'lib/quad.wgsl': single });
  expect(bytes(reflect(tiles))).toEqual([4096, 4096]);
});

test('every line of the source comes with its file and its number there', async () => {
  const text = await explain('matmul_3_tile_registers', { gpu });
  const shown = new Map<string, string[]>();
  for (const [, file, line, code] of text.matchAll(/^(\S+):(\d+) +│ ?(.*)$/gm)) {
    const lines = shown.get(file!) ?? [];
    shown.set(file!, lines);
    expect(Number(line)).toBe(lines.push(code!));
  }
  expect([...shown.keys()].slice(0, 2)).toEqual([
    'matmul_3_tile_registers.wgsl',
    'lib/matmul.wgsl',
  ]);
  expect(shown.has('lib/single.wgsl') && !shown.has('lib/quad.wgsl')).toBe(true);
  for (const [file, lines] of shown) {
    const path = new URL(`../../shaders/${file}`, import.meta.url);
    expect(`${lines.join('\n')}\n`, file).toBe(readFileSync(path, 'utf8').replace(/ +$/gm, ''));
  }
  expect(text).toMatch(/^threads +256 a workgroup/m);
  expect(text).toMatch(/^memory +8,192 bytes of workgroup memory/m);
});

test('a family is shown whole, what its kernels share once', async () => {
  const text = await explain('softmax', { gpu });
  const files = readdirSync(new URL('../../shaders/', import.meta.url));
  const count = files.filter((file) => file.startsWith('softmax')).length;
  expect(text).toMatch(new RegExp(`^softmax: ${count} kernels on `));
  expect(text.match(/│ fn combine/g)).toHaveLength(1);
  expect(text).toMatch(/^lib\/reduce\.wgsl +│ \d+ lines, as above$/m);
  expect(text).toMatch(/^y = softmax\(x\) along the last axis\.$/m);
  expect(text).toMatch(/^dx = y \* \(dy - sum\(y \* dy\)\)/m);
});

test('every kernel can be explained', async () => {
  for (const letter of 'abcdefghijklmnopqrstuvwxyz')
    await explain(letter, { gpu }).catch(({ message }) =>
      expect(message).toMatch(/^--explain \w: no kernel/),
    );
});

test('a name that is not there is one line, with those that are near', async () => {
  const said = (name: string) => explain(name, { gpu }).catch(({ message }) => message);
  expect(await said('matmull')).toBe(
    '--explain matmull: no kernel in shaders/ has this name, or one that begins so. Did you mean matmul?',
  );
  expect(await said('softmax_backwards.wgsl')).toMatch(/Did you mean softmax_backward[,?]/);
  expect(await said('softmax.wgs')).toMatch(/Did you mean softmax/);
  expect(await said('')).toMatch(/There are accumulate, adamw, /);
});

test('the lowered shader is that of the kernel as it is called', async () => {
  const text = await explain('softmax.wgsl', { gpu, lowered: true });
  const [, threads] = text.match(/^threads +(\d+) a workgroup/m)!;
  expect(text).toMatch(/^Lowered: /m);
  if (process.platform !== 'linux') return;
  // Of the driver's own binary: the workgroup size after overrides, and the barriers.
  expect(text).toContain(`OpExecutionMode %main LocalSize ${threads} 1 1`);
  expect(text).toMatch(/^Lowered: SPIRV disassembly, \d+ lines\n[\d,]+ instructions/m);
  expect(text).toContain('OpControlBarrier');
});

test('a kernel that does not compile says where, and the others are shown', async () => {
  const key = { overrides: {}, constants: {}, editions: {} };
  const wrong = { ...softmaxWgsl, text: softmaxWgsl.text.replace('var m = x[row]', 'var m = z') };
  const [broken, sound] = await lower(gpu, [
    { kernel: wrong, ...key },
    { kernel: softmaxWgsl, ...key, overrides: { WIDTH: 16 } },
  ]);
  expect(broken).toEqual({ failed: expect.stringMatching(/softmax\.wgsl:24:11 .*'z'/) });
  expect(sound).toMatchObject({ code: expect.stringMatching(/./) });
});

test('instructions are counted by what they do and to which memory', () => {
  const counts = instructionsOf(
    [
      '          %8 = OpVariable %_ptr_StorageBuffer_y StorageBuffer',
      '       %sum = OpVariable %_ptr_Private_float Private',
      '       %main = OpFunction %void None %17',
      '         %18 = OpLabel',
      '         %21 = OpAccessChain %_ptr_StorageBuffer_float %8 %uint_0 %16',
      '         %24 = OpLoad %float %21 NonPrivatePointer',
      '         %25 = OpLoad %float %sum',
      '         %26 = OpFAdd %float %24 %25',
      '               OpStore %sum %26',
      '         %27 = OpLoad %float %21',
      '               OpReturn',
      '               OpFunctionEnd',
    ].join('\n'),
  );
  expect(Object.fromEntries(counts)).toEqual({
    AccessChain: 1,
    'Load StorageBuffer': 2,
    'Load Private': 1,
    FAdd: 1,
    'Store Private': 1,
    Return: 1,
  });
  expect(counts[0]).toEqual(['Load StorageBuffer', 2]);
});
