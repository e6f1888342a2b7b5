/** Whether a picture has room for a person, and joints can be pixels of it, as the page takes them. */

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

/** Pixels on a side of the smallest and of the largest picture that is shown. */
const LEAST = 8;
const MOST = 16_384;
/** Beyond this many times as long as wide, nobody can be seen in a picture. */
const LONGEST = 20;

/** @throws Error in a sentence where nobody could be seen in a picture of this size */
export function checkRoom(width: number, height: number): void {
  const short = Math.min(width, height);
  const long = Math.max(width, height);
  if (short < LEAST || long > Math.min(MOST, LONGEST * short))
    throw new Error(
      `Nobody could be seen in a picture of ${width} x ${height} pixels. Give one of ${LEAST} to ${MOST} on each side, and none more than ${LONGEST} times the other.`,
    );
}
