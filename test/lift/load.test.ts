/** What may go wrong before the first lift: the network, the server, the file, the user's patience. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import {
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import { KinegradError } from '../../src/gpu/faults.ts';
import { openGpu } from '../../src/gpu/gpu.ts';
import { type LoadProgress, loadLifter } from '../../src/lift/load.ts';
import { sign, UNSIGNED } from '../../src/models/checksum.ts';
import { martinez } from '../../src/models/martinez.ts';
import { readWeights } from '../../src/models/weights.ts';

const shipped = new URL('../../weights/martinez.safetensors', import.meta.url);
const weights = readFileSync(shipped);
const gpu = await openGpu();
const kept = gpu.counts.bytes;
afterAll(() => gpu.close());

/** Serves by `answer` while `use` runs. */
async function served<T>(answer: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/weights`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The error that loading from there ends with; nothing may be left on the device. */
async function failure(source: string | Uint8Array): Promise<Error> {
  const error = await loadLifter(martinez, source, { gpu }).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(KinegradError);
  expect(gpu.counts.bytes).toBe(kept);
  return error;
}

/** The shipped file with other tensors or metadata, and a checksum that is right. */
function changed(
  change: (tensors: Map<string, StoredTensor>, metadata: Record<string, string>) => void,
): Promise<Uint8Array> {
  const file = readSafetensors(weights);
  const tensors = new Map(file.tensors);
  const metadata = { ...file.metadata, sha256: UNSIGNED };
  change(tensors, metadata);
  return sign(writeSafetensors(tensors, metadata));
}

test('the file comes piece by piece, with its length known from its header', async () => {
  const seen: LoadProgress[] = [];
  const answer: RequestListener = (_, response) => {
    // No content-length, as from servers that pack on the way.
    for (let at = 0; at < weights.length; at += 2 ** 20)
      response.write(weights.subarray(at, at + 2 ** 20));
    response.end();
  };
  await served(answer, async (url) => {
    const onProgress = (progress: LoadProgress) => seen.push(progress);
    const lifter = await loadLifter(martinez, new URL(url), { gpu, onProgress });
    await lifter.dispose();
  });
  const download = seen.filter(({ phase }) => phase === 'download');
  expect(download.length).toBeGreaterThan(4);
  expect(download.at(-1)).toEqual({
    phase: 'download',
    done: weights.length,
    total: weights.length,
  });
  expect(new Set(download.slice(1).map(({ total }) => total))).toEqual(new Set([weights.length]));
  const done = seen.map(({ phase, done }) => (phase === 'download' ? 0 : 1e9) + done);
  expect(done).toEqual(done.toSorted((a, b) => a - b));
  const { done: compiled, total } = seen.at(-1)!;
  expect(compiled).toBe(total);
});

test('in Node a path will do, and without a Gpu the lifter has one of its own', async () => {
  const lifter = await loadLifter(martinez, fileURLToPath(shipped));
  expect(lifter.gpu).not.toBe(gpu);
  await lifter.dispose();
  expect(() => lifter.gpu.check()).toThrow('closed');
});

test('a download that breaks off is a TruncatedError, with and without a length', async () => {
  const half = weights.subarray(0, weights.length / 2);
  const breaksOff: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': weights.length });
    response.write(half, () => response.destroy());
  };
  const ends: RequestListener = (_, response) => response.end(half);
  for (const answer of [breaksOff, ends]) {
    const error = await served(answer, failure);
    expect(error).toMatchObject({ name: 'TruncatedError', expected: weights.length });
    expect(error.message).toMatch(/broke off after \d+ of 4913528 bytes\. Load it again\.$/);
  }
  const early = await served((_, response) => response.end(weights.subarray(0, 100)), failure);
  expect(early).toMatchObject({ name: 'TruncatedError', received: 100 });
});

test('refusals of the server, and servers that are not there, are a DownloadError', async () => {
  const refuses: RequestListener = (_, response) => {
    response.statusCode = 404;
    response.end('nothing here');
  };
  const refused = await served(refuses, failure);
  expect(refused).toMatchObject({ name: 'DownloadError' });
  expect(refused.message).toMatch(/weights was not read: the server says 404\.$/);
  const gone = await served(refuses, async (url) => url);
  expect(await failure(gone)).toMatchObject({ name: 'DownloadError' });
  const missing = await failure('/nowhere/model.safetensors');
  expect(missing).toMatchObject({ name: 'DownloadError' });
  expect(missing.message).toMatch(/there is no such file/);
});

test('files that are no weights are told from their first bytes', async () => {
  let sent = 0;
  const page: RequestListener = (_, response) => {
    // A server of pages gives one for every address, and this one never ends.
    const more = () => {
      while (response.write('<!doctype html><p>Welcome</p>'.repeat(1000))) sent++;
      response.once('drain', more);
    };
    more();
  };
  expect(await served(page, failure)).toMatchObject({ name: 'WrongFileError' });
  expect(sent).toBeLessThan(1000);
  const longer = Buffer.concat([weights, Buffer.from('more')]);
  expect(await served((_, response) => response.end(longer), failure)).toMatchObject({
    name: 'WrongFileError',
    message: expect.stringMatching(/4 bytes follow its end/),
  });
});

test('one wrong bit anywhere is a ChecksumError, or the file is no weights file any more', async () => {
  const { length } = weights;
  const header = 8 + Number(weights.readBigUInt64LE(0));
  const text = weights.toString('latin1');
  const inNotice = text.indexOf('mocap.cs.cmu.edu');
  const inChecksum = text.indexOf('"sha256":"') + 20;
  for (const at of [header, length >> 1, length - 1, inNotice, inChecksum]) {
    const damaged = Uint8Array.from(weights);
    damaged[at]! ^= 1;
    expect(await failure(damaged), `byte ${at}`).toMatchObject({ name: 'ChecksumError' });
  }
  const { tensors, metadata } = readSafetensors(weights);
  const unsigned = writeSafetensors(tensors, { ...metadata, sha256: '' });
  expect(await failure(unsigned)).toMatchObject({ name: 'ChecksumError' });
});

test('the checksum is SHA-256 of the digests of header and data, by another implementation', () => {
  const end = 8 + Number(weights.readBigUInt64LE(0));
  const { sha256 } = readSafetensors(weights).metadata as { sha256: string };
  const header = weights.toString('latin1', 0, end).replace(sha256, UNSIGNED);
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
  const parts = [Buffer.from(header, 'latin1'), weights.subarray(end)].map(digest);
  expect(digest(Buffer.concat(parts)).toString('hex')).toBe(sha256);
});

test('whole files that do not fit the model are a WrongFileError that says what differs', async () => {
  const files = {
    'is \\[768, 48\\], the file has \\[48, 768\\]': await changed((tensors) => {
      const { shape, ...rest } = tensors.get('output.weight')!;
      tensors.set('output.weight', { ...rest, shape: shape.toReversed() });
    }),
    'is \\[48\\], the file has none': await changed((tensors) => tensors.delete('output.bias')),
    'has no stranger': await changed((tensors) =>
      tensors.set('stranger', { dtype: 'F32', shape: [1], data: new Float32Array(1) }),
    ),
    'is \\[36, 512\\], the file has \\[36, 768\\]': await changed((_, metadata) => {
      metadata.options = metadata.options!.replace('768', '512');
    }),
    "format 'other'": await changed((_, metadata) => {
      metadata.format = 'other';
    }),
    'weights of other, not of martinez': await changed((_, metadata) => {
      metadata.architecture = 'other';
    }),
    'output.bias holds NaN at 3': await changed((tensors) => {
      const data = Float32Array.from(tensors.get('output.bias')!.data as Float32Array);
      data[3] = Number.NaN;
      tensors.set('output.bias', { dtype: 'F32', shape: [48], data });
    }),
  };
  for (const [message, file] of Object.entries(files)) {
    const error = await failure(file);
    expect(error.name).toBe('WrongFileError');
    expect(error.message).toMatch(new RegExp(message));
  }
});

test('a signal ends the loading wherever it is, and leaves nothing behind', async () => {
  const reason = new Error('the page was left');
  const abortAt = async (phase: LoadProgress['phase'], url: string) => {
    const controller = new AbortController();
    const loading = loadLifter(martinez, url, {
      gpu,
      signal: controller.signal,
      onProgress: (progress) => progress.phase === phase && controller.abort(reason),
    });
    await expect(loading).rejects.toBe(reason);
    expect(gpu.counts.bytes).toBe(kept);
  };
  let closed = 0;
  const stalls: RequestListener = (_, response) => {
    response.on('close', () => closed++);
    response.write(weights.subarray(0, 100_000));
  };
  await served(stalls, async (url) => {
    await abortAt('download', url);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(1);
    // While no answer has come at all.
    const loading = loadLifter(martinez, url, { gpu, signal: AbortSignal.timeout(20) });
    await expect(loading).rejects.toThrow(/aborted|timeout/i);
    await expect(
      loadLifter(martinez, url, { gpu, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
  });
  await served(
    (_, response) => response.end(weights),
    (url) => abortAt('compile', url),
  );
});

test('reading the weights gives the thread back every few milliseconds', async () => {
  await readWeights(weights);
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  });
  for (let i = 0; i < 3; i++) await readWeights(weights);
  clearInterval(timer);
  expect(longest).toBeLessThan(60);
});
