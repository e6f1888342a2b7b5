import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listFiles, readFile, removeFile, writeFileAtomic } from '../../src/platform/node/files.ts';
import { canHide, runInChild } from './child.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kinegrad-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('what was written is read back, through folders that were not there', async () => {
  const path = join(folder, 'a', 'b', 'file.bin');
  await writeFileAtomic(path, new Float32Array([1, 2.5]).subarray(0) as unknown as Uint8Array);
  const bytes = await readFile(path);
  expect([...new Float32Array(bytes.buffer)]).toEqual([1, 2.5]);
  expect(await readFile(pathToFileURL(path))).toEqual(bytes);
  expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file.bin']);
});

test('a URL is fetched, and a refusal of the server is an error', async () => {
  const server = createServer((request, response) => {
    if (request.url !== '/weights') response.statusCode = 404;
    response.end('bytes');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect(new TextDecoder().decode(await readFile(`${base}/weights`))).toBe('bytes');
    await expect(readFile(new URL(`${base}/none`))).rejects.toThrow(/the server says 404\.$/);
  } finally {
    server.close();
  }
});

test('errors are one sentence that names the file', async () => {
  const file = join(folder, 'plain');
  await writeFileAtomic(file, 'text');
  await expect(readFile(join(folder, 'none'))).rejects.toThrow(
    /none was not read: there is no such file\.$/,
  );
  await expect(readFile(folder)).rejects.toThrow(/was not read: it is a folder\.$/);
  await expect(writeFileAtomic(join(file, 'under'), '')).rejects.toThrow(
    /is a file, not a folder\.$/,
  );
});

test('writers at the same time leave one whole file and no draft', async () => {
  const path = join(folder, 'many', 'file');
  const texts = Array.from({ length: 10 }, (_, i) => String(i).repeat(100_000));
  await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
  expect(texts).toContain(readFileSync(path, 'utf8'));
  expect(readdirSync(join(folder, 'many'))).toEqual(['file']);
});

test('a kill in the middle of a write loses nothing, and the next write tidies up', async () => {
  const path = join(folder, 'killed', 'checkpoint');
  const code = `
    import { writeFileAtomic } from './src/platform/node/files.ts';
    for (let i = 0; ; i++) await writeFileAtomic(${JSON.stringify(path)}, String(i % 10).repeat(4e6));
  `;
  const ends = await Promise.all([1200, 1600].map((killAfter) => runInChild(code, { killAfter })));
  expect(ends.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL']);
  expect(readFileSync(path, 'utf8')).toMatch(/^(\d)\1*$/);
  writeFileSync(`${path}.999999999-0.tmp`, 'left by a process that is no more');
  await writeFileAtomic(path, 'new');
  expect(readdirSync(join(folder, 'killed'))).toEqual(['checkpoint']);
});

test.runIf(canHide)('a full disk keeps the old file and says so', async () => {
  const { stdout, code } = await runInChild(
    `
    import { readdirSync, readFileSync } from 'node:fs';
    import { writeFileAtomic } from './src/platform/node/files.ts';
    await writeFileAtomic('/mnt/run/checkpoint', 'old');
    const error = await writeFileAtomic('/mnt/run/checkpoint', 'x'.repeat(1e6)).catch((e) => e);
    console.log(error.message);
    console.log(readdirSync('/mnt/run').join(), readFileSync('/mnt/run/checkpoint', 'utf8'));
  `,
    { hide: 'mount -t tmpfs -o size=200k none /mnt' },
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^\/mnt\/run\/checkpoint was not written: the disk is full\. .*\ncheckpoint old\n$/,
  );
});

test('files of a folder are listed and removed; what is not there is no error', async () => {
  const base = join(folder, 'runs');
  expect(await listFiles(base)).toEqual([]);
  for (const name of ['b', 'a', 'deeper/c']) await writeFileAtomic(join(base, name), name);
  expect(await listFiles(base)).toEqual(['a', 'b']);
  await removeFile(join(base, 'b'));
  await removeFile(join(base, 'b'));
  expect(await listFiles(base)).toEqual(['a']);
  await expect(removeFile(join(base, 'deeper'))).rejects.toThrow(/deeper was not removed: .+\.$/);
});
