import { type Overlay, overlay } from './overlay.ts';
import { type ThreeSides, threeSides } from './skeleton.ts';
import { COLOURS } from './style.ts';
import { element, inset, type Picture, text, textWidth, wrapText } from './svg.ts';

export interface Panel {
  readonly pictures: readonly Picture[];
  readonly title?: string;
  /** A paragraph below the pictures. */
  readonly caption?: string;
  /** Height of the row of pictures; 460 by default. */
  readonly height?: number;
}

const MARGIN = 28;
const GAP = 30;
const TITLE = 22;
const CAPTION = 15.5;
const LINE = 1.45 * CAPTION;

/** Pictures side by side, brought to one height, with a title above and a caption below. */
export function panel({ pictures, title, caption, height = 460 }: Panel): Picture {
  const widths = pictures.map((picture) => (height * picture.width) / picture.height);
  const row = widths.reduce((sum, width) => sum + width + GAP, pictures.length > 0 ? -GAP : 0);
  const inner = Math.max(row, title === undefined ? 0 : textWidth(title, TITLE), 320);
  const lines = wrapText(caption ?? '', CAPTION, inner);
  const top = MARGIN + (title === undefined ? 0 : TITLE + 18);
  const bottom = top + (pictures.length > 0 ? height : 0);
  const width = inner + 2 * MARGIN;
  const total = bottom + (lines.length > 0 ? 12 + lines.length * LINE : 0) + MARGIN;
  let left = MARGIN;
  const placed = pictures.map((picture, i) => {
    const drawn = inset(picture, left, top, widths[i]!);
    left += widths[i]! + GAP;
    return drawn;
  });
  const heading =
    title === undefined
      ? ''
      : text([MARGIN, MARGIN + 0.8 * TITLE], title, {
          'font-size': TITLE,
          'font-weight': 700,
          fill: COLOURS.ink,
        });
  const words = lines.map((line, i) =>
    text([MARGIN, bottom + 12 + (i + 0.8) * LINE], line, {
      'font-size': CAPTION,
      fill: COLOURS.muted,
    }),
  );
  return {
    width,
    height: total,
    content:
      element('rect', { width, height: total, fill: COLOURS.paper }) +
      heading +
      placed.join('') +
      words.join(''),
  };
}

export interface LiftedPicture extends Overlay {
  /** The lifted pose, metres, camera frame, and another to compare it with, already aligned. */
  readonly lifted: ThreeSides['pose'];
  readonly reference?: ThreeSides['reference'];
  /** Mean distance of the reprojected joints from the given ones, pixels. */
  readonly reprojectionError?: number;
  /** The same in per cent of the person's box. */
  readonly reprojectionPercent?: number;
  readonly title?: string;
  /** What else is to be said of the picture. */
  readonly caption?: string;
}

/** A lifted person: the 2D joints over the image, the 3D pose from three sides, the error. */
export function liftedPicture(lifted: LiftedPicture): Picture {
  const { reprojectionError: pixels, reprojectionPercent: percent } = lifted;
  const share = percent === undefined ? '' : ` (${percent.toFixed(1)} % of the person’s box)`;
  const caption = [
    ...(pixels === undefined ? [] : [`Mean reprojection error ${pixels.toFixed(1)} px${share}.`]),
    ...(lifted.caption === undefined ? [] : [lifted.caption]),
  ].join(' ');
  return panel({
    pictures: [
      overlay(lifted),
      threeSides({
        pose: lifted.lifted,
        ...(lifted.reference && { reference: lifted.reference }),
      }),
    ],
    ...(lifted.title !== undefined && { title: lifted.title }),
    ...(caption !== '' && { caption }),
  });
}
