/** Files whose contents are parsed: an error names the file. */

import { readFile } from '#platform';

/** What `parse` makes of the bytes of a file. */
export async function parsed<T>(
  path: string | URL,
  parse: (bytes: Uint8Array<ArrayBuffer>) => T | Promise<T>,
): Promise<T> {
  const bytes = await readFile(path);
  try {
    return await parse(bytes);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The text of a file. */
export const text = async (path: string): Promise<string> =>
  new TextDecoder().decode(await readFile(path));

/** @throws unless the value of an option is a whole number in a range */
export function whole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`--${name} ${value}: it must be a whole number from ${least} to ${most}`);
}
