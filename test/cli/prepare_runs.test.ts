/** Runs that make shards: killed, resumed, repeated, stopped, and with workers that die. */

import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openShards } from '../../src/data/shards/dataset.ts';
import { decodeImage, readFile } from '../../src/platform/node/index.ts';
import { kinegrad, start } from './command.ts';
import { at, gradient, many, open } from './prepare_photos.ts';

const shardsOf = (out: string) => readdirSync(out).filter((name) => name.endsWith('.safetensors'));
const contents = (out: string) =>
  Object.fromEntries(
    readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'base64')]),
  );

test('a run that is killed in the middle goes on, and gives the same bytes', async () => {
  const args = await many('kill', 240);
  const [whole, killed] = [at('kill/whole'), at('kill/killed')];
  expect((await kinegrad(...args, '--out', whole)).code).toBe(0);

  const run = start([...args, '--out', killed, '--workers', '2']);
  // a shard counts as whole when its record is there
  const records = () => readdirSync(killed).filter((name) => /^shard-\d+\.json$/.test(name));
  while (!existsSync(killed) || records().length < 2)
    await new Promise((resolve) => setTimeout(resolve, 2));
  run.child.kill('SIGKILL');
  await run.ended;
  await expect(openShards(killed, { readFile, decodeImage })).rejects.toThrow(/no finished shards/);
  // the processes that made shards end with the one that told them to
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const kept = shardsOf(killed);
  expect(kept.length).toBeLessThan(12);
  const before = new Map(kept.map((name) => [name, statSync(join(killed, name)).mtimeMs]));
  const resumed = await kinegrad(...args, '--out', killed);
  expect(resumed.code).toBe(0);
  expect(resumed.err).toMatch(/\d+ shards to make \(\d+ there and up to date\)/);
  expect(contents(killed)).toEqual(contents(whole));
  const untouched = kept.filter(
    (name) => statSync(join(killed, name)).mtimeMs === before.get(name),
  );
  expect(untouched.length).toBeGreaterThanOrEqual(2);
});

test('a second run writes nothing; changed inputs, options and damage are noticed', async () => {
  const args = await many('again', 60);
  const out = at('again/out');
  const to = [...args, '--out', out];
  expect((await kinegrad(...to)).code).toBe(0);
  const times = () => readdirSync(out).map((name) => statSync(join(out, name)).mtimeMs);
  const before = times();
  expect((await kinegrad(...to)).err).toContain('nothing to do: all 3 shards are there');
  expect(times()).toEqual(before);

  const other = await kinegrad(...to, '--size', '64');
  expect(other.code).toBe(1);
  expect(other.err).toMatch(/holds shards made with size 512, not 64\. .*--replace/);

  await gradient('again/images/030.jpg', 1, 200);
  const changed = await kinegrad(...to);
  expect(changed.err).toContain(
    '1 shard to make (2 there and up to date, 1 made before, from other inputs',
  );
  const { data, samples } = await open('again/out');
  expect(samples[30]!.rgba[2]).toBeGreaterThan(150);
  expect(data.index.count).toBe(60);

  writeFileSync(join(out, 'shard-00002.safetensors'), 'cut');
  const cut = await openShards(out, { readFile, decodeImage });
  await expect(cut.sample(59)).rejects.toThrow(/shard-00002\.safetensors has 3 bytes/);
  rmSync(join(out, 'shard-00002.safetensors'));
  expect((await kinegrad(...to)).err).toContain('1 shard to make (2 there');
  expect((await open('again/out')).samples).toHaveLength(60);

  for (let i = 20; i < 60; i++) rmSync(at('again/images', `0${i}.jpg`));
  expect((await kinegrad(...to)).code).toBe(0);
  expect(shardsOf(out)).toEqual(['shard-00000.safetensors']);

  const touched = new Date(Date.now() - 1e6);
  utimesSync(at('again/images/000.jpg'), touched, touched);
  expect((await kinegrad(...to, '--size', '64', '--replace')).code).toBe(0);
  expect((await open('again/out')).samples[0]!.width).toBe(64);
});

test('Ctrl-C stops, and says how to go on', async () => {
  const args = await many('stop', 240);
  const run = start([...args, '--out', at('stop/out')]);
  while (!existsSync(at('stop/out')) || shardsOf(at('stop/out')).length < 1)
    await new Promise((resolve) => setTimeout(resolve, 2));
  run.child.kill('SIGINT');
  const { code, err } = await run.ended;
  expect(code).toBe(130);
  expect(err).toMatch(/stopped; the same command goes on/);
  expect((await kinegrad(...args, '--out', at('stop/out'))).code).toBe(0);
});

/** The processes that a process has started, on Linux. */
const childrenOf = (pid: number): number[] => {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return list ? list.split(' ').map(Number) : [];
  } catch {
    return [];
  }
};

test.skipIf(!existsSync(`/proc/${process.pid}/task/${process.pid}/children`))(
  'a process that dies is replaced; where all die, the run ends with a reason',
  async () => {
    const args = await many('dying', 120);
    for (const [out, kills] of [
      ['once', 1],
      ['always', Number.POSITIVE_INFINITY],
    ] as const) {
      const run = start([...args, '--workers', '1', '--out', at('dying', out)]);
      let ended = false;
      const result = run.ended.finally(() => (ended = true));
      const killed = new Set<number>();
      while (!ended && killed.size < kills) {
        for (const pid of childrenOf(run.child.pid!))
          if (
            !killed.has(pid) &&
            readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('prepare-worker')
          ) {
            killed.add(pid);
            process.kill(pid, 'SIGKILL');
          }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const { code, err } = await result;
      expect(err).not.toContain('    at ');
      expect(code).toBe(kills === 1 ? 0 : 1);
      if (kills === 1) expect((await open('dying/once')).samples).toHaveLength(120);
      else expect(err).toMatch(/end by themselves, on shard-00000\.safetensors again and again/);
    }
  },
);
