import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FORMAT, type Results } from '../../bench/rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const root = fileURLToPath(new URL('../..', import.meta.url));

function bench(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/run.mjs', 'bench/run.ts', ...args],
    { cwd: root, encoding: 'utf8' },
  );
  const said = stderr.split('\n').filter((line) => line && !line.startsWith('Warning'));
  return { status, stdout, said };
}

test('a filtered run prints a row and writes it with all that machines need', () => {
  const json = join(folder, 'rows.json');
  const { status, stdout } = bench(
    ...['--filter', 'softmax forward', '--shape', '64,100'],
    ...['--rounds', '2', '--samples', '2', '--json', json],
  );
  expect(stdout).toContain('64 x 100');
  expect(status).toBe(0);
  const { header, rows, failures }: Results = JSON.parse(readFileSync(json, 'utf8'));
  expect(failures).toEqual([]);
  expect(header).toMatchObject({ format: FORMAT, node: process.version });
  for (const key of ['copy_gbps', 'fma_gflops_f32', 'encode_us', 'dispatch_us'] as const)
    expect(header[key]).toBeGreaterThan(0);
  expect(header.bandwidth.length).toBeGreaterThan(0);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    engine: 'kinegrad',
    family: 'softmax',
    pass: 'forward',
    shape: [64, 100],
    dtype: 'f32',
    count: 4,
    agrees: true,
  });
  for (const key of ['variant', 'spread_ms', 'gflops', 'gbps', 'roofline_percent'] as const)
    expect(rows[0]).toHaveProperty(key);
});

test.each([
  [['--filter', 'nonsense'], 'nothing has this name. The families are'],
  [['--filter', 'softmax', '--shape', '4,x'], 'It must be a whole number above 0'],
  [['--compare', 'absent.json', 'absent.json'], 'absent.json cannot be read'],
  [['--compare', 'one.json'], '--compare takes two files'],
  [['--explain', 'matmull'], 'Did you mean matmul?'],
  [
    ['--model', 'nonsense', '--infer'],
    'there is no model nonsense. There are martinez, irb-se, wasp, cnn, vit, vit-block',
  ],
  [['--watch', '--json', 'rows.json'], 'leave --json and --html out'],
  [['--watch', '--tune'], 'are two commands'],
  // Whether there is such an adapter is not even asked.
  [['--adapter', 'hardware', '--filter', 'matmul', '--shape', '16,16'], 'takes --shape m,k,n'],
  [['--infer'], '--infer goes with --model'],
  [['--uses', 'absent.wgsl'], 'nothing that is chosen runs these files'],
  [['--ladder', '--filter', 'reduce'], 'has no ladder'],
])('%s is one clear line and a status that is not 0', (args, line) => {
  const { status, said } = bench(...args);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(line);
  expect(status).toBe(1);
});

test('a shape that a family cannot have is a failure, and the rest is measured', () => {
  const { status, stdout } = bench(
    ...['--filter', 'forward', '--shape', '16,16', '--rounds', '1', '--samples', '1'],
  );
  expect(stdout).toMatch(/FAILED: matmul: matmul takes --shape m,k,n/);
  expect(stdout).toMatch(/16 x 16 +forward/);
  expect(status).toBe(1);
});

test('a results file of another format is named', () => {
  const file = join(folder, 'other.json');
  writeFileSync(file, '{"header":{"format":"else"}}');
  expect(bench('--compare', file, file).said[0]).toContain(`${file} is of format "else"`);
  writeFileSync(file, JSON.stringify({ header: { format: FORMAT }, rows: [] }));
  expect(bench('--compare', file, file).said[0]).toContain(`${file} is damaged`);
});
