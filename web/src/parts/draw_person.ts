/** A person of 17 joints in lines, on a 2D canvas. */

import { BONES } from 'kinegrad';

export type SideColours = Readonly<Record<'left' | 'right' | 'middle', string>>;

/** The colours of the sides, as the theme has them now. */
export function sideColours(): SideColours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return { left: token('--left'), right: token('--right'), middle: token('--middle') };
}

/**
 * @param at joints in pixels of the canvas, two numbers each
 * @param order bones from the farthest to the nearest; in their own order by default
 * @param casing a colour about the bones, so that they show on any picture
 */
export function drawPerson(
  context: CanvasRenderingContext2D,
  at: ArrayLike<number>,
  colours: SideColours,
  thick: number,
  { order = BONES.keys(), casing }: { order?: Iterable<number>; casing?: string } = {},
): void {
  context.lineCap = 'round';
  for (const i of order) {
    const { from, to, side } = BONES[i]!;
    context.beginPath();
    context.moveTo(at[2 * from]!, at[2 * from + 1]!);
    context.lineTo(at[2 * to]!, at[2 * to + 1]!);
    if (casing) {
      context.lineWidth = thick * 1.7;
      context.strokeStyle = casing;
      context.stroke();
    }
    context.lineWidth = thick;
    context.strokeStyle = colours[side];
    context.stroke();
  }
}
