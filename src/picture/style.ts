import type { Bone } from '../pose/skeleton.ts';
import { circle, element, type Point, segment, text, textWidth } from './svg.ts';

/**
 * Colours of all pictures. The two sides are vermilion and blue of Okabe & Ito's palette (2008),
 * which colour-blind people tell apart too: the person's right is warm, the left cool.
 */
export const COLOURS = {
  right: '#d55e00',
  left: '#0072b2',
  middle: '#475563',
  reference: '#a9b4bf',
  best: '#009e73',
  ink: '#1c2733',
  muted: '#64717f',
  faint: '#94a0ab',
  grid: '#e1e7ec',
  ground: '#b4bfc9',
  panel: '#f6f8fa',
  paper: '#ffffff',
} as const;

export const sideColour = (side: Bone['side']): string => COLOURS[side];

/** Colour `a` going over into `b`, both `#rrggbb`: t = 0 gives a, t = 1 gives b. */
export function mix(a: string, b: string, t: number): string {
  const channels = [1, 3, 5].map((i) => {
    const from = Number.parseInt(a.slice(i, i + 2), 16);
    const to = Number.parseInt(b.slice(i, i + 2), 16);
    const value = Math.round(from + (to - from) * Math.min(1, Math.max(0, t)));
    return value.toString(16).padStart(2, '0');
  });
  return `#${channels.join('')}`;
}

/** How an entry of a legend looks: a stroke with a joint in its middle, or a plain line. */
export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  readonly dashed?: boolean;
  /** A joint on the line: filled or a ring. */
  readonly dot?: 'filled' | 'ring';
}

const SAMPLE = 2.1; // length of an entry's sample, in ems
const GAP = 1.5;

/** Width of an entry of a legend with the gap after it. */
const entryWidth = (entry: LegendEntry, size: number) =>
  (SAMPLE + 0.45 + GAP) * size + textWidth(entry.label, size);

/** Entries in rows of at most a width, in order. */
export function legendRows(
  entries: readonly LegendEntry[],
  size: number,
  width: number,
): LegendEntry[][] {
  const rows: LegendEntry[][] = [];
  let used = Infinity;
  for (const entry of entries) {
    const wide = entryWidth(entry, size);
    if (used + wide - GAP * size > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(entry);
    used += wide;
  }
  return rows;
}

/** Width of one row of a legend. */
export function legendWidth(entries: readonly LegendEntry[], size: number): number {
  const widths = entries.map((entry) => entryWidth(entry, size));
  return Math.max(0, widths.reduce((sum, width) => sum + width, 0) - GAP * size);
}

/** One row of a legend; (x, y) is the left end of its base line. */
export function legendRow(
  entries: readonly LegendEntry[],
  [x, y]: Point,
  size: number,
  colour: string = COLOURS.ink,
): string {
  let left = x;
  return entries
    .map((entry) => {
      const drawn = sample(entry, [left, y - 0.34 * size], size);
      const label = text([left + (SAMPLE + 0.45) * size, y], entry.label, {
        'font-size': size,
        fill: colour,
      });
      left += entryWidth(entry, size);
      return drawn + label;
    })
    .join('');
}

function sample(entry: LegendEntry, [x, y]: Point, size: number): string {
  const thick = 0.24 * size;
  const line = segment([x + thick / 2, y], [x + SAMPLE * size - thick / 2, y], {
    stroke: entry.colour,
    'stroke-width': entry.dashed ? 0.6 * thick : thick,
    'stroke-linecap': entry.dashed ? 'butt' : 'round',
    'stroke-dasharray': entry.dashed ? `${0.34 * size} ${0.22 * size}` : undefined,
  });
  const middle: Point = [x + (SAMPLE / 2) * size, y];
  if (entry.dot === 'filled') return line + circle(middle, 0.3 * size, { fill: entry.colour });
  if (entry.dot === 'ring')
    return (
      line +
      circle(middle, 0.3 * size, {
        fill: COLOURS.paper,
        stroke: entry.colour,
        'stroke-width': 0.13 * size,
      })
    );
  return line;
}

/** A small camera seen from the side, about (x, y), its lens towards an angle in degrees. */
export function cameraMark([x, y]: Point, degrees: number): string {
  const turn = `translate(${x} ${y}) rotate(${degrees})`;
  return element(
    'g',
    { transform: turn, fill: COLOURS.muted },
    element('rect', { x: -8, y: -5, width: 11, height: 10, rx: 1.8 }),
    element('path', { d: 'M4 0L9 -4.6L9 4.6Z' }),
  );
}
