import { WrongFileError } from '../platform/errors.ts';
import { inflate } from './deflate.ts';

/** A file inside a ZIP archive, packed still. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Unpacks it and checks its CRC. @throws WrongFileError where it is damaged */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * The files of a ZIP archive (PKWARE's APPNOTE 6.3), stored or deflated, ZIP64 included. That is
 * what `numpy.savez` writes.
 * @throws WrongFileError for bytes that are no such archive or break off
 */
export function readZip(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return entriesOf(bytes, view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new WrongFileError('zip: the archive breaks off. Copy or download it again.');
  }
}

function entriesOf(bytes: Uint8Array, view: DataView): ZipEntry[] {
  const end = findEnd(view);
  if (end === undefined)
    throw new WrongFileError(
      'zip: there is no directory of files at the end: it is no ZIP archive, or it breaks off.',
    );
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (end >= 20 && view.getUint32(end - 20, true) === LOCATOR_64) {
    const end64 = long(view, end - 20 + 8);
    if (view.getUint32(end64, true) !== END_64)
      throw new WrongFileError('zip: its ZIP64 directory is not where it says. Copy it again.');
    count = long(view, end64 + 32);
    at = long(view, end64 + 48);
  }
  return Array.from({ length: count }, () => {
    if (view.getUint32(at, true) !== CENTRAL)
      throw new WrongFileError(`zip: the directory is damaged at byte ${at}. Copy it again.`);
    const [nameLength, extraLength, comment] = [28, 30, 32].map((o) =>
      view.getUint16(at + o, true),
    );
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength!));
    const extra = at + 46 + nameLength!;
    const [size, packed, local] = wide(view, extra, extraLength!, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const crc = view.getUint32(at + 16, true);
    at = extra + extraLength! + comment!;
    const read = async () => {
      if (flags & 1 || (method !== STORED && method !== DEFLATED))
        throw new WrongFileError(
          `zip: '${name}' is ${flags & 1 ? 'encrypted' : `packed by method ${method}`}; only files that are stored or deflated can be read.`,
        );
      if (local! + 30 > bytes.length || view.getUint32(local!, true) !== LOCAL)
        throw new WrongFileError(`zip: '${name}' is not where the directory says. Copy it again.`);
      const from =
        local! + 30 + view.getUint16(local! + 26, true) + view.getUint16(local! + 28, true);
      const held = bytes.subarray(from, from + packed!);
      const unpacked = await unpack(name, held, method === STORED, size!);
      if (crc32(unpacked) !== crc)
        throw new WrongFileError(`zip: '${name}' is damaged, its checksum differs. Copy it again.`);
      return unpacked;
    };
    return { name, size: size!, read };
  });
}

async function unpack(name: string, held: Uint8Array, stored: boolean, size: number) {
  try {
    if (!stored) return await inflate(held, 'deflate-raw', size);
  } catch (error) {
    throw new WrongFileError(`zip: '${name}': ${(error as Error).message}. Copy it again.`);
  }
  if (held.length !== size) throw new WrongFileError(`zip: '${name}' breaks off. Copy it again.`);
  return new Uint8Array(held);
}

/** The record at the end, which a comment of up to 64 kB may follow. */
function findEnd(view: DataView): number | undefined {
  const last = Math.max(0, view.byteLength - 22 - 0xffff);
  for (let at = view.byteLength - 22; at >= last; at--)
    if (view.getUint32(at, true) === END) return at;
  return undefined;
}

/** Numbers that did not fit 32 bits come, in this order, from the ZIP64 extra field. */
function wide(view: DataView, extra: number, length: number, numbers: number[]): number[] {
  for (let at = extra; at + 4 <= extra + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let from = at + 4;
    return numbers.map((number) => {
      if (number !== 0xffffffff) return number;
      from += 8;
      return long(view, from - 8);
    });
  }
  return numbers;
}

const long = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

let table: Uint32Array | undefined;

/** CRC-32 of ISO 3309, as ZIP and PNG have it. */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
