/** The header of a safetensors file: its length in 8 bytes, and JSON. */

import { KinegradError } from '../platform/errors.ts';

/** A file that breaks the format: where (in bytes from its start) and why. */
export class SafetensorsError extends KinegradError {
  override name = 'SafetensorsError';
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(`safetensors: ${reason} (at byte ${offset}).`);
    this.offset = offset;
  }
}

/** The format's own limit on the header, which keeps a broken length from asking for gigabytes. */
const LONGEST_HEADER = 100_000_000;

/**
 * Bytes of the whole file, from its first ones; undefined where they do not hold all of the header.
 * @throws SafetensorsError where they are not the beginning of such a file
 */
export function safetensorsLength(start: Uint8Array): number | undefined {
  if (start.length < 8 || start.length < headerEnd(start)) return undefined;
  const { end, header } = readHeader(start);
  const ends = Object.values(header).map((entry) =>
    isObject(entry) && Array.isArray(entry.data_offsets) ? Number(entry.data_offsets[1]) : 0,
  );
  const length = end + Math.max(0, ...ends);
  if (!isCount(length)) throw new SafetensorsError(8, 'a tensor has no whole number of bytes');
  return length;
}

/** Where the header ends, from the first 8 bytes; one more, where it is there, must begin an object. */
function headerEnd(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > LONGEST_HEADER)
    throw new SafetensorsError(
      0,
      `the header is said to have ${length} bytes; ${LONGEST_HEADER} is the most there may be`,
    );
  if (length === 0n || (bytes.length > 8 && bytes[8] !== 0x7b))
    throw new SafetensorsError(8, "the header does not begin with '{'");
  return 8 + Number(length);
}

/** The header, where it ends, and where its keys are. */
export function readHeader(bytes: Uint8Array) {
  if (bytes.length < 8)
    throw new SafetensorsError(
      bytes.length,
      `the file ends within the 8 bytes of the header's length; it has only ${bytes.length}`,
    );
  const end = headerEnd(bytes);
  if (end > bytes.length)
    throw new SafetensorsError(
      bytes.length,
      `the file ends within the header, which is said to reach byte ${end}`,
    );
  const raw = bytes.subarray(8, end);
  let header: Record<string, unknown>;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
    header = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new SafetensorsError(8, `the header is not JSON in UTF-8: ${(error as Error).message}`);
  }
  return { end, header, entries: namesInHeader(raw) };
}

/**
 * The byte offset in the file of each key of the header, which is known to be JSON. JSON.parse
 * keeps only the last of two equal keys, so they are looked for here: at the top, and in the
 * objects below it.
 */
function namesInHeader(raw: Uint8Array): Map<string, number> {
  const keys: Map<string, number>[] = [];
  let top = new Map<string, number>();
  let depth = 0;
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i]!;
    if (c === 0x7b || c === 0x5b) keys[++depth] = new Map();
    else if (c === 0x7d || c === 0x5d) depth--;
    else if (c === 0x22) {
      const start = i++;
      while (raw[i] !== 0x22) i += raw[i] === 0x5c ? 2 : 1;
      let after = i + 1;
      while (raw[after]! <= 0x20) after++;
      if (raw[after] !== 0x3a || depth > 2) continue;
      const name = JSON.parse(new TextDecoder().decode(raw.subarray(start, i + 1))) as string;
      const seen = keys[depth]!;
      if (seen.has(name))
        throw new SafetensorsError(8 + start, `the header has the name '${name}' twice`);
      seen.set(name, 8 + start);
      if (depth === 1) top = seen;
    }
  }
  return top;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
