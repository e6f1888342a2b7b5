/** A contact sheet of rendered people. */

import { BONES, JOINT_COUNT, type PixelPose } from '../pose/skeleton.ts';
import { COLOURS, sideColour } from './style.ts';
import { circle, element, num, type Picture, type Point, segment, text } from './svg.ts';

export interface SheetEntry {
  /** What it says below. */
  readonly caption: string;
  /** Pixels of its images, all the same. */
  readonly width: number;
  readonly height: number;
  /** The picture, its depth and its parts as data URIs. */
  readonly images: readonly string[];
  /** [17 * 2], pixels of the image, and which joints can be seen. */
  readonly joints: PixelPose;
  readonly visible: ArrayLike<number>;
}

const GAP = 6;
const LINE = 18;

/**
 * People two beside each other: the picture, depth, parts, and the picture with its joints. Right
 * is warm, left is cool; joints that are hidden are rings.
 * @param size of the square that each picture is fitted into, in units of the sheet
 */
export function contactSheet(entries: readonly SheetEntry[], size: number): Picture {
  const across = Math.min(2, entries.length);
  const wide = 4 * (size + GAP);
  const cells: string[] = [];
  let top = GAP;
  for (let i = 0; i < entries.length; i += across) {
    const row = entries.slice(i, i + across);
    const high = Math.max(
      ...row.map(({ width, height }) => (size * height) / Math.max(width, height)),
    );
    row.forEach((entry, column) =>
      cells.push(
        element(
          'g',
          { transform: `translate(${GAP + column * (wide + GAP)} ${num(top)})` },
          personRow(entry, size, high),
        ),
      ),
    );
    top += high + LINE + GAP;
  }
  const width = GAP + across * (wide + GAP) - GAP;
  const paper = element('rect', { width, height: top, fill: COLOURS.paper });
  return { width, height: top, content: paper + cells.join('') };
}

function personRow(entry: SheetEntry, size: number, high: number): string {
  const { images, width, height, caption } = entry;
  const scale = size / Math.max(width, height);
  const [left, top] = [(size - scale * width) / 2, (high - scale * height) / 2];
  const drawn = [...images, images[0]!].map((href, i) =>
    element('image', {
      ...{ x: i * (size + GAP) + left, y: top, width: scale * width, height: scale * height },
      href,
    }),
  );
  const place = (joint: number): Point => [
    images.length * (size + GAP) + left + scale * entry.joints[2 * joint]!,
    top + scale * entry.joints[2 * joint + 1]!,
  ];
  const label = { 'font-size': 11, fill: COLOURS.muted };
  return drawn.join('') + skeleton(entry, place, size / 110) + text([2, high + 13], caption, label);
}

function skeleton({ visible }: SheetEntry, place: (joint: number) => Point, thick: number): string {
  const bones = BONES.map(({ from, to, side }) =>
    segment(place(from), place(to), {
      stroke: sideColour(side),
      'stroke-width': thick,
      'stroke-linecap': 'round',
    }),
  );
  const dots = Array.from({ length: JOINT_COUNT }, (_, joint) => {
    const stroke = joint === 0 ? COLOURS.ink : sideColour(BONES[joint - 1]!.side);
    const fill = visible[joint] ? stroke : 'none';
    return circle(place(joint), 1.3 * thick, { fill, stroke, 'stroke-width': 0.6 * thick });
  });
  return bones.join('') + dots.join('');
}
