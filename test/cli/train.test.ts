/** Training from the command line: what it leaves behind, and what survives a kill. */

import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { kinegrad, start } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const config = at('config.json');
const settings = {
  data: 'synthetic',
  width: 16,
  batch: 16,
  steps: 60,
  dropout: 0.2,
  validateEvery: 20,
  checkpointEvery: 5,
};
writeFileSync(config, JSON.stringify(settings));
const train = (out: string) => ['train', 'martinez', '--config', config, '--out', at(out)];
const weightsOf = (out: string) => readFileSync(join(at(out), 'model.safetensors'));
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('a run leaves its configuration, log, checkpoint, weights and curve; a killed one goes on as if nothing had been', async () => {
  const whole = await kinegrad(...train('whole'));
  expect(whole.err).toContain('step 60: MPJPE');
  expect(whole.code).toBe(0);
  const files = ['config.json', 'log.jsonl', 'checkpoint.safetensors', 'model.safetensors'];
  for (const file of [...files, 'curve.png'])
    expect(existsSync(join(at('whole'), file))).toBe(true);
  const log = readFileSync(join(at('whole'), 'log.jsonl'), 'utf8')
    .trim()
    .split('\n');
  expect(log.map((line) => JSON.parse(line).step)).toEqual(
    Array.from({ length: 60 }, (_, i) => i + 1),
  );

  const killed = start(train('killed'));
  await until(() => existsSync(join(at('killed'), 'checkpoint.safetensors')));
  killed.child.kill('SIGKILL');
  await killed.ended;
  const resumed = await kinegrad('train', '--resume', at('killed'));
  expect(resumed.code).toBe(0);
  expect(weightsOf('killed').equals(weightsOf('whole'))).toBe(true);
  const steps = readFileSync(join(at('killed'), 'log.jsonl'), 'utf8')
    .trim()
    .split('\n');
  expect(steps.map((line) => JSON.parse(line).step)).toEqual(
    Array.from({ length: 60 }, (_, i) => i + 1),
  );

  const again = await kinegrad('train', '--resume', at('whole'));
  expect(again.err).toContain('is done: all 60 steps are made');
});

test('Ctrl-C saves the very step, and the run goes on from there', async () => {
  const stopped = start(train('stopped'));
  await until(() => existsSync(join(at('stopped'), 'checkpoint.safetensors')));
  stopped.child.kill('SIGINT');
  const { code, err } = await stopped.ended;
  // A quick machine may have finished before the signal came.
  if (code !== 0) {
    expect(code).toBe(130);
    expect(err).toMatch(/stopped at step \d+; go on with 'kinegrad train --resume/);
    expect((await kinegrad('train', '--resume', at('stopped'))).code).toBe(0);
  }
  const log = readFileSync(join(at('stopped'), 'log.jsonl'), 'utf8')
    .trim()
    .split('\n');
  expect(JSON.parse(log.at(-1)!).step).toBe(60);
});

test('a folder that holds a run is not overwritten', async () => {
  writeFileSync(at('config.json'), JSON.stringify(settings));
  const { code, err } = await kinegrad('train', 'martinez', '--out', folder, '--config', config);
  expect(code).toBe(1);
  expect(err).toMatch(/holds a run already.*--resume/);
});

test.skipIf(!existsSync('/dev/full'))(
  'a full disk gives one sentence, and keeps the checkpoint',
  async () => {
    const run = start(train('full'));
    await until(() => existsSync(join(at('full'), 'config.json')));
    symlinkSync('/dev/full', join(at('full'), 'log.jsonl'));
    const { code, err } = await run.ended;
    expect(code).toBe(1);
    expect(err).toMatch(/log\.jsonl was not written: .*(full|space)/i);
    expect(err).not.toContain('    at ');
  },
);

test('halves and an average are settings; what overflows is told', async () => {
  const run = [...train('halves'), '--steps', '12', '--storage', 'f16', '--loss-scale', '16777216'];
  const made = await kinegrad(...run, '--average', '0.9', '--batch', '4');
  expect(made.code).toBe(0);
  expect(made.err).toMatch(/it takes \d.* of the device: .* for the step, .* for what it learns/);
  expect(made.err).toMatch(/; \d+ overflowed and were skipped, the loss is scaled by \d+/);
  const written = JSON.parse(readFileSync(join(at('halves'), 'config.json'), 'utf8'));
  const given = { storage: 'f16', lossScale: 2 ** 24, average: 0.9 };
  expect(written).toMatchObject(given);
  const log = readFileSync(join(at('halves'), 'log.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const last = JSON.parse(log.at(-1)!);
  expect(last.skippedSteps).toBeGreaterThan(0);
  expect(last.lossScale).toBeLessThan(2 ** 24);
});
