/** Two-stage lifters from the command line: begun from other runs, gone on with, exported, measured. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readWeights } from '../../src/models/weights.ts';
import { kinegrad } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-views-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]) => join(folder, ...names);
const words = (text: string) => text.split(' ');
const weightsIn = (file: string) => readWeights(readFileSync(file));

const SMALL = '--size 64 --width 0.1 --no-convolutions --batch 2 --steps 2 --judged 2';

test('a run begins at the guess of a residual lifter, goes on without it, and is exported', async () => {
  const guess = words('train martinez --data synthetic --width 8 --batch 8 --steps 2 --out');
  expect(await kinegrad(...guess, at('guess'))).toMatchObject({ code: 0 });
  const cnn = [...words(`train cnn ${SMALL} --storage f16 --from`), at('guess')];

  const without = await kinegrad(...cnn, '--out', at('run'));
  expect(without.code).toBe(1);
  expect(without.err).toContain('Give --guess 8');
  // What did not begin has left nothing in the way of what is mended.
  const begun = await kinegrad(...cnn, ...words('--guess 8 --out'), at('run'));
  expect(begun.err).toMatch(/0 of [\d,]+ parameters .*; [\d,]+ more guess first, and stay/);
  expect(begun.code).toBe(0);
  const config = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8'));
  expect(config).toMatchObject({ storage: 'f16', lossScale: 2 ** 16, from: at('guess') });
  const weights = await weightsIn(at('run', 'model.safetensors'));
  expect(weights.training).toMatchObject({ config: { from: 'guess' } });
  const { values } = await weightsIn(at('guess', 'model.safetensors'));
  for (const [name, own] of values) expect(weights.values.get(`guess.${name}`)).toEqual(own);

  rmSync(at('guess'), { recursive: true });
  writeFileSync(at('run', 'config.json'), JSON.stringify({ ...config, steps: 3 }));
  const resumed = await kinegrad('train', '--resume', at('run'));
  expect(resumed.err).toContain('step 3: MPJPE');
  expect(resumed.err).not.toContain('begin as they were');
  expect(resumed.code).toBe(0);

  const half = at('half.safetensors');
  const exported = await kinegrad('export', '--model', at('run'), '--out', half, '--f16');
  expect(exported.out).toMatch(/half\.safetensors: cnn \{/);
  const measured = words('eval --data rendered --count 3 --json --model');
  const errorOf = async (model: string) =>
    JSON.parse((await kinegrad(...measured, model)).out).mpjpe.value as number;
  expect(Math.abs((await errorOf(half)) / (await errorOf(at('run'))) - 1)).toBeLessThan(1e-2);
}, 180_000);

test('what cannot be measured so is refused in a sentence', async () => {
  const told = async (options: string) => {
    const { code, err } = await kinegrad(...words(`eval --data rendered --model mean ${options}`));
    expect(code).toBe(1);
    expect(err).not.toContain('    at ');
    return err;
  };
  expect(await told('--count 2.5')).toContain(
    '--count 2.5: it must be a whole number from 1 to 1000000',
  );
  expect(await told('--no-depth')).toContain('mean looks at joints alone');
  expect(await told('--every 4')).toContain("--every is for Human3.6M's 2D joints");
}, 60_000);

test.each([
  ['--size 32', 'size 32 must be a whole number of 64 pixels or more'],
  ['--size 64 --guess 8', '--guess 8 takes a guess that has learned before'],
])(
  'a start that fails leaves no run: %s',
  async (options, why) => {
    const start = words(`train cnn --data rendered ${options} --out`);
    const { code, err } = await kinegrad(...start, at('none'));
    expect(code).toBe(1);
    expect(err).toContain(why);
    expect(existsSync(at('none'))).toBe(false);
  },
  60_000,
);
