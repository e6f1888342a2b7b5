/** The bytes of a weights file, as they come. */

import { openFile } from '#platform';
import { safetensorsLength } from '../formats/safetensors_header.ts';
import { KinegradError, TruncatedError, WrongFileError } from '../platform/errors.ts';

/** Bytes to begin with; the header of a weights file has a few thousand. */
const FIRST = 65_536;

/**
 * Downloads a weights file. What it is, and how long, is known as soon as its header is there.
 * @throws DownloadError, TruncatedError, BlockedError, and WrongFileError where the beginning is not
 *   that of a weights file, or more than the whole of one comes
 */
export async function downloadWeights(
  where: string | URL,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number | undefined) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const { chunks, length } = await openFile(where, signal);
  let bytes = new Uint8Array(FIRST);
  let received = 0;
  let total: number | undefined;
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      bytes = withRoom(bytes, received, received + chunk.length, total ?? length);
      bytes.set(chunk, received);
      received += chunk.length;
      total ??= wholeLength(bytes.subarray(0, received), where);
      if (total !== undefined && received > total)
        throw new WrongFileError(
          `${where} is no weights file: ${received - total} bytes follow its end. Give a model.safetensors.`,
        );
      onProgress(received, total ?? length);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof KinegradError) throw error;
    throw new TruncatedError(String(where), received, total, { cause: error });
  }
  if (received !== total) throw new TruncatedError(String(where), received, total ?? length);
  return bytes.byteLength === received ? bytes : bytes.slice(0, received);
}

/** The buffer, or a copy that is as large as is needed, and as all of the file where that is known. */
function withRoom(
  bytes: Uint8Array<ArrayBuffer>,
  received: number,
  needed: number,
  all: number | undefined,
): Uint8Array<ArrayBuffer> {
  if (needed <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(needed, all ?? 2 * bytes.length));
  larger.set(bytes.subarray(0, received));
  return larger;
}

function wholeLength(start: Uint8Array, where: string | URL): number | undefined {
  try {
    return safetensorsLength(start);
  } catch (error) {
    throw new WrongFileError(
      `${where} is no weights file: ${(error as Error).message} Give a model.safetensors.`,
      { cause: error },
    );
  }
}
