/**
 * The checksum of a safetensors file, which lies in its own metadata as `sha256`: SHA-256 of two
 * digests, that of the length and the header with the checksum's digits as zeros, and that of the data.
 */

const DIGITS = 64;

/** What stands for the checksum before there is one. */
export const UNSIGNED = '0'.repeat(DIGITS);

/** Quotes within the strings of the header have a backslash before them, so this is a key. */
const KEY = new TextEncoder().encode('"sha256":"');

/** Writes the checksum of a file into it. */
export async function sign(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { at, checksum } = await measured(bytes);
  const signed = new Uint8Array(bytes);
  signed.set(new TextEncoder().encode(checksum), at);
  return signed;
}

/** Whether a file has a checksum, and it is that of its bytes. */
export async function isSigned(bytes: Uint8Array): Promise<boolean> {
  const { at, checksum } = await measured(bytes);
  const found = new TextDecoder().decode(bytes.subarray(at, at + DIGITS));
  return at > 0 && found === checksum;
}

async function measured(bytes: Uint8Array): Promise<{ at: number; checksum: string }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 8 + Number(view.getBigUint64(0, true));
  // A copy, which `slice` of a Buffer is not.
  const header = new Uint8Array(bytes.subarray(0, end));
  const at = after(header, KEY);
  header.fill(0x30, at, at + DIGITS);
  const parts = new Uint8Array(64);
  parts.set(await digest(header));
  parts.set(await digest(bytes.subarray(end)), 32);
  const checksum = Array.from(await digest(parts), (byte) => byte.toString(16).padStart(2, '0'));
  return { at, checksum: checksum.join('') };
}

const digest = async (bytes: Uint8Array) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));

/** Where the first occurrence of `part` ends; 0 where there is none. */
function after(bytes: Uint8Array, part: Uint8Array): number {
  const starts = (at: number) => part.every((byte, i) => bytes[at + i] === byte);
  for (let at = bytes.indexOf(part[0]!); at >= 0; at = bytes.indexOf(part[0]!, at + 1))
    if (starts(at)) return at + part.length;
  return 0;
}
