/** The tuning database: what is read, what is refused, and what is found in it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findTuning, tunedVariants } from '../../src/gpu/tuning.ts';
import { writeTuning } from '../../src/platform/node/tuning.ts';
import {
  parseTuning,
  TUNING_VERSION,
  type TuningDatabase,
  tuningText,
} from '../../src/platform/tuning.ts';

const adapter = { kind: 'lavapipe', name: 'llvmpipe (LLVM 15.0.6)', driver: 'Mesa 25' } as const;
const entry = { family: 'matmul', shape: [1, 64, 1024, 1024, 0, 0], variant: 'naive', us: 12.5 };
const database: TuningDatabase = {
  format: 'kinegrad tuning',
  version: TUNING_VERSION,
  adapter,
  date: '2026-01-31T12:00:00.000Z',
  entries: [entry, { ...entry, shape: [1, 1, 4, 4, 0, 1], beat: { tile: 20 } }],
};
const { entries } = database;
const names = entries.map(({ variant }) => variant);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kinegrad-tuning-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'caches'));
  vi.stubEnv('KINEGRAD_TUNING', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('a database is what it was before it was written, an entry a line', () => {
  const text = tuningText(database);
  expect(parseTuning(text, 'x.json')).toEqual(database);
  expect(text.split('\n').filter((line) => line.includes('"family"'))).toHaveLength(2);
  const empty = { ...database, entries: [] };
  expect(parseTuning(tuningText(empty), 'x.json')).toEqual(empty);
});

describe('a corrupt file is named, with what is wrong', () => {
  const broken = (change: object) => JSON.stringify({ ...database, ...change });
  const cut = tuningText(database).slice(0, 200);
  test.each<[why: string, text: string, said: RegExp]>([
    ['no JSON', 'tuning', /it is no JSON/],
    ['a file cut off', cut, /it is no JSON/],
    ['nothing', 'null', /format must be 'kinegrad tuning', got nothing/],
    ['another format', broken({ format: 'tuning 2' }), /got "tuning 2"/],
    ['no version', broken({ version: '1' }), /version must be a whole number, got "1"/],
    ['no adapter', broken({ adapter: 'llvmpipe' }), /adapter must have kind, name and driver/],
    ['no date', broken({ date: 5 }), /date must be a text, got 5/],
    ['no entries', broken({ entries: {} }), /entries must be a list/],
    ['a shape with a half', broken({ entries: [{ ...entry, shape: [0.5] }] }), /entry 0: shape/],
    ['no time', broken({ entries: [entry, { ...entry, us: null }] }), /entry 1: us must be a time/],
    ['a variant that is no name', broken({ entries: [{ ...entry, variant: 3 }] }), /variant must/],
    ['losers without times', broken({ entries: [{ ...entry, beat: { tile: '1' } }] }), /beat must/],
  ])('%s', async (_, text, said) => {
    expect(() => parseTuning(text, 'some/tuning.json')).toThrow(said);
    expect(() => parseTuning(text, 'some/tuning.json')).toThrow(/^some\/tuning.json is no tuning/);
    vi.stubEnv('KINEGRAD_TUNING', file('broken.json', text));
    await expect(findTuning(adapter)).rejects.toThrow(join(folder, 'broken.json'));
  });
});

describe('a database of something else is ignored, with one warning that names it', () => {
  test.each<[why: string, change: Partial<TuningDatabase>, said: RegExp]>([
    ['another version', { version: TUNING_VERSION + 1 }, /its version is \d+, and these kernels/],
    [
      'another adapter',
      { adapter: { ...adapter, name: 'Radeon' } },
      /adapter 'Radeon', and this is 'llvmpipe \(LLVM 15.0.6\)'/,
    ],
    [
      'another driver',
      { adapter: { ...adapter, driver: 'Mesa 26' } },
      /driver 'Mesa 26', and this is 'Mesa 25'/,
    ],
  ])('%s', async (_, change, said) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const path = file('other.json', tuningText({ ...database, ...change }));
    vi.stubEnv('KINEGRAD_TUNING', path);
    for (let i = 0; i < 2; i++)
      expect(await findTuning(adapter)).toEqual({ source: 'shipped defaults', entries: [] });
    expect(warn).toHaveBeenCalledTimes(1);
    const [line] = warn.mock.calls[0] as [string];
    expect(line).toContain(path);
    expect(line).toMatch(said);
    expect(line).not.toContain('\n');
  });

  test('entries of another version may look like anything', () => {
    const later = { ...database, version: TUNING_VERSION + 1, entries: [{ of: 'the future' }] };
    expect(parseTuning(JSON.stringify(later), 'x.json').entries).toEqual([]);
  });
});

test('what is given comes before KINEGRAD_TUNING, that before the cache, that before nothing', async () => {
  const used = async (given?: TuningDatabase) => {
    const { source, entries } = await findTuning(adapter, given);
    return [source, ...entries.map(({ variant }) => variant)];
  };
  const of = (variant: string) => ({ ...database, entries: [{ ...entry, variant }] });
  expect(await used()).toEqual(['shipped defaults']);

  const cached = await writeTuning(adapter.name, tuningText(of('cached')));
  expect(cached).toBe(join(folder, 'caches', 'kinegrad', 'tuning-llvmpipe-llvm-15-0-6.json'));
  expect(await used()).toEqual([cached, 'cached']);
  expect((await findTuning({ ...adapter, name: 'SwiftShader' })).source).toBe('shipped defaults');

  const named = file('named.json', tuningText(of('named')));
  vi.stubEnv('KINEGRAD_TUNING', named);
  expect(await used()).toEqual([named, 'named']);
  expect(await used(of('given'))).toEqual(['openGpu({ tuning })', 'given']);

  // What is not asked may be broken.
  file(join('caches', 'kinegrad', 'tuning-llvmpipe-llvm-15-0-6.json'), '{');
  expect(await used()).toEqual([named, 'named']);
  vi.stubEnv('KINEGRAD_TUNING', '');
  await expect(used()).rejects.toThrow(`${cached} is no tuning database`);
  expect(await used(of('given'))).toEqual(['openGpu({ tuning })', 'given']);

  vi.stubEnv('KINEGRAD_TUNING', 'none');
  expect(await used()).toEqual(['shipped defaults']);
});

test('KINEGRAD_TUNING must name a file that can be read', async () => {
  vi.stubEnv('KINEGRAD_TUNING', join(folder, 'absent.json'));
  await expect(findTuning(adapter)).rejects.toThrow(
    `KINEGRAD_TUNING: ${join(folder, 'absent.json')} was not read: there is no such file.`,
  );
  vi.stubEnv('KINEGRAD_TUNING', folder);
  await expect(findTuning(adapter)).rejects.toThrow(`${folder} was not read: it is a folder.`);
});

test('looking for a database leaves no folder behind', async () => {
  await findTuning(adapter);
  rmSync(join(folder, 'caches'), { recursive: false, force: true });
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'none', 'here'));
  await findTuning(adapter);
  expect(() => rmSync(join(folder, 'none'))).toThrow(/ENOENT/);
});

describe('the variant for a shape', () => {
  const measured = [
    { family: 'f', shape: [64, 64, 0], variant: 'square', us: 1 },
    { family: 'f', shape: [128, 64, 0], variant: 'tall', us: 1 },
    { family: 'f', shape: [64, 64, 1], variant: 'turned', us: 1 },
    { family: 'g', shape: [64, 64, 0], variant: 'other family', us: 1 },
  ];
  test.each<[why: string, shape: number[], found: string[]]>([
    ['that shape', [64, 64, 0], ['square', 'tall']],
    ['nearer the smaller one on a scale of ratios', [90, 64, 0], ['square', 'tall']],
    ['nearer the larger one', [91, 64, 0], ['tall', 'square']],
    ['just a factor of 2 away', [32, 64, 0], ['square']],
    ['a factor of 2 in every dimension', [32, 128, 0], ['square']],
    ['further away', [31, 64, 0], []],
    ['further away in one dimension', [64, 129, 0], []],
    ['1 is not near 0', [64, 64, 1], ['turned']],
    ['another number of dimensions', [64, 64], []],
  ])('%s', (_, shape, found) => {
    expect(tunedVariants(measured, 'f', shape)).toEqual(found);
  });

  test('of a family that was not measured there is none', () => {
    expect(names).toEqual(['naive', 'naive']);
    expect(tunedVariants(entries, 'softmax', [64, 64])).toEqual([]);
  });
});
