/** Whether joints can be pixels of a picture, as the page takes them. */

/** Joints nearer together than this many pixels are no person in pixels. */
const SMALLEST = 2;

/**
 * The joints [n * 2] themselves.
 * @throws Error in a sentence where they are shares of the picture's size, metres, or one point
 */
export function inPixels<T extends ArrayLike<number>>(joints: T): T {
  const least = [Infinity, Infinity];
  const most = [-Infinity, -Infinity];
  for (let i = 0; i < joints.length; i++) {
    least[i & 1] = Math.min(least[i & 1]!, joints[i]!);
    most[i & 1] = Math.max(most[i & 1]!, joints[i]!);
  }
  if (Math.max(most[0]! - least[0]!, most[1]! - least[1]!) < SMALLEST)
    throw new Error(
      `joints: all of them lie within ${SMALLEST} pixels. Give pixels of the picture, not shares of its size or metres.`,
    );
  return joints;
}
