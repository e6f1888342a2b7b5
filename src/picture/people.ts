/** Lifted people beside the truth. */

import { evaluate } from '../pose/metrics.ts';
import type { Coordinates, PixelPose } from '../pose/skeleton.ts';
import { overlay } from './overlay.ts';
import { threeSides } from './skeleton.ts';
import { COLOURS } from './style.ts';
import { element, inset, type Picture, text } from './svg.ts';

export interface LiftedPerson {
  readonly name: string;
  /** Its view: pixels of a side, and the picture as a data URI. */
  readonly size: number;
  readonly href: string;
  /** [17 * 2] pixels of the view. */
  readonly joints: PixelPose;
  /** [17 * 3] metres from the pelvis, in the view's frame, and by what it was made. */
  readonly lifted: readonly { readonly by: string; readonly pose: Coordinates<'metric'> }[];
  /** The same, as it is. */
  readonly truth?: Coordinates<'metric'>;
}

const MARGIN = 28;
const GAP = 26;
/** Of the columns: the view, and each lifted pose. */
const WIDTHS = { view: 236, pose: 436 };
const HEIGHT = 262;
const HEAD = 30;
const TITLE = 22;
const WORDS = 16;

/** MPJPE of one pose in millimetres, all 17 joints, pelvis on pelvis. */
export const mpjpeOf = (pose: ArrayLike<number>, truth: ArrayLike<number>): number =>
  evaluate(pose, truth).mpjpe.value;

/**
 * A row for each person: the view with the joints that were given, and the lifted poses from three
 * sides, the truth in grey.
 */
export function liftedPeople(people: readonly LiftedPerson[], title: string): Picture {
  const most = Math.max(...people.map(({ lifted }) => lifted.length));
  const width = 2 * MARGIN + WIDTHS.view + most * (GAP + WIDTHS.pose);
  const head = MARGIN + TITLE + GAP;
  const rows = people.map((person, i) =>
    element(
      'g',
      { transform: `translate(${MARGIN} ${head + i * (HEAD + HEIGHT + GAP)})` },
      rowOf(person),
    ),
  );
  const height = head + people.length * (HEAD + HEIGHT + GAP) - GAP + MARGIN;
  const style = { 'font-size': TITLE, 'font-weight': 700, fill: COLOURS.ink };
  return {
    ...{ width, height },
    content:
      element('rect', { width, height, fill: COLOURS.paper }) +
      text([MARGIN, MARGIN + 0.8 * TITLE], title, style) +
      rows.join(''),
  };
}

function rowOf({ name, size, href, joints, lifted, truth }: LiftedPerson): string {
  const seen = overlay({ image: { width: size, height: size, href }, pose: joints });
  const cells = lifted.map(({ by, pose }, i) => {
    const drawn = threeSides({ pose, ...(truth && { reference: truth, called: 'truth' }) });
    const left = WIDTHS.view + GAP + i * (WIDTHS.pose + GAP);
    const error = truth && `MPJPE ${mpjpeOf(pose, truth).toFixed(0)} mm`;
    return cell(drawn, { left, width: WIDTHS.pose }, by, error);
  });
  return cell(seen, { left: 0, width: WIDTHS.view }, name) + cells.join('');
}

/** A picture fitted into a column below words, and what is said of it at their end. */
function cell(
  picture: Picture,
  { left, width }: { left: number; width: number },
  words: string,
  said?: string,
): string {
  const across = Math.min(width, (HEIGHT * picture.width) / picture.height);
  const style = { 'font-size': WORDS, 'font-weight': 700 };
  const end = { ...style, 'text-anchor': 'end', fill: COLOURS.right };
  return (
    text([left, 0.8 * WORDS], words, { ...style, fill: COLOURS.ink }) +
    (said === undefined ? '' : text([left + width, 0.8 * WORDS], said, end)) +
    inset(picture, left, HEAD, across)
  );
}
