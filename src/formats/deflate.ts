/** DEFLATE (RFC 1951) by the streams that Node and browsers both have. */

type Form = 'deflate' | 'deflate-raw';

/** Packs bytes; `deflate` has zlib's header and checksum, `deflate-raw` neither. */
export const deflate = (bytes: Uint8Array, form: Form): Promise<Uint8Array<ArrayBuffer>> =>
  through(bytes, new CompressionStream(form));

/**
 * Unpacks bytes.
 * @param size bytes that must come out
 * @throws Error where the bytes are damaged, or others come out
 */
export async function inflate(
  bytes: Uint8Array,
  form: Form,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let unpacked: Uint8Array<ArrayBuffer>;
  try {
    unpacked = await through(bytes, new DecompressionStream(form), size);
  } catch (error) {
    throw new Error(`the packed bytes are damaged: ${(error as Error).message}`, { cause: error });
  }
  if (unpacked.length !== size)
    throw new Error(`${unpacked.length} bytes were unpacked where ${size} are stated`);
  return unpacked;
}

/** Nothing beyond `limit` is kept, so that a small file cannot fill the memory. */
async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
  limit = Number.POSITIVE_INFINITY,
): Promise<Uint8Array<ArrayBuffer>> {
  const writer = stream.writable.getWriter();
  // What goes wrong is told by the reader, too.
  const written = writer.write(bytes as Uint8Array<ArrayBuffer>).then(() => writer.close());
  written.catch(() => {});
  const reader = stream.readable.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new Error(`more than the stated ${limit} bytes come out`);
    }
    parts.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
