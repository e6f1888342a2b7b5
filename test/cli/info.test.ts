/** `kinegrad info` says which tuning is in use. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TUNING_FORMAT, TUNING_VERSION, tuningText } from '../../src/platform/tuning.ts';
import type { AdapterReport } from '../../src/platform/types.ts';
import { kinegrad } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-info-'));
const before = process.env.KINEGRAD_TUNING;
afterAll(() => {
  process.env.KINEGRAD_TUNING = before;
  rmSync(folder, { recursive: true, force: true });
});

test('shipped defaults, or the file and how much it holds', async () => {
  const { out, code } = await kinegrad('info', '--json');
  expect(code).toBe(0);
  const { reports, tuning } = JSON.parse(out);
  expect(tuning).toEqual({ source: 'shipped defaults', entries: 0 });

  const { kind, name, driver } = reports.find(({ chosen }: AdapterReport) => chosen);
  const entry = { family: 'matmul', shape: [1, 4, 4, 4, 0, 0], variant: 'naive', us: 3 };
  const path = join(folder, 'mine.json');
  const adapter = { kind, name, driver };
  const database = {
    format: TUNING_FORMAT,
    version: TUNING_VERSION,
    adapter,
    date: 'today',
  } as const;
  writeFileSync(path, tuningText({ ...database, entries: [entry, entry] }));
  process.env.KINEGRAD_TUNING = path;
  expect((await kinegrad('info')).out).toContain(`tuning    2 choices of variants, from ${path}`);
  expect(JSON.parse((await kinegrad('info', '--json')).out).tuning).toEqual({
    source: path,
    entries: 2,
  });

  process.env.KINEGRAD_TUNING = join(folder, 'lost.json');
  const lost = await kinegrad('info');
  expect(lost.code).toBe(1);
  expect(lost.err).toContain(`KINEGRAD_TUNING: ${join(folder, 'lost.json')} was not read`);
});
