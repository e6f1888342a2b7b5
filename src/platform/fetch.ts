/** What servers give, the same in both places. */

import { BlockedError, DownloadError } from './errors.ts';
import type { FileStream } from './types.ts';

/**
 * Asks a server for a file.
 * @throws DownloadError where there is no answer or a refusal, BlockedError where the page's
 *   Content-Security-Policy forbids to ask, and what the signal was aborted with
 */
export async function openUrl(where: string | URL, signal?: AbortSignal): Promise<FileStream> {
  const response = await answer(where, signal);
  if (!response.ok)
    throw new DownloadError(`${where} was not read: the server says ${response.status}.`);
  if (!response.body) throw new DownloadError(`${where} was not read: the answer has no body.`);
  // Where the server packs the file, the length is that of what it sends.
  const packed = response.headers.has('content-encoding');
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  return {
    chunks: pieces(response.body),
    length: packed || Number.isNaN(length) ? undefined : length,
  };
}

async function answer(where: string | URL, signal: AbortSignal | undefined): Promise<Response> {
  let forbidden = false;
  const hear = ({ effectiveDirective }: Event & { effectiveDirective?: string }) => {
    forbidden ||= effectiveDirective === 'connect-src';
  };
  // The only way to tell a policy of the page from a network that is down. Node has no such events.
  const { addEventListener, removeEventListener } = globalThis as Partial<EventTarget>;
  addEventListener?.('securitypolicyviolation', hear);
  try {
    return await fetch(where, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    // The event comes in a turn of its own.
    await new Promise((resolve) => setTimeout(resolve));
    if (forbidden)
      throw new BlockedError(
        `${where} was not read: the Content-Security-Policy of the page forbids it. Add its origin to connect-src.`,
        { cause: error },
      );
    throw new DownloadError(
      `${where} was not read: the server does not answer, or does not allow this page to ask.`,
      { cause: error },
    );
  } finally {
    removeEventListener?.('securitypolicyviolation', hear);
  }
}

/** All pieces of a file as one, in memory of its own. */
export async function collect({ chunks }: FileStream): Promise<Uint8Array<ArrayBuffer>> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of all) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Not every browser iterates over streams. */
async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
