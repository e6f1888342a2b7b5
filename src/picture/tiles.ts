/** Rows of small pictures with words beside and below them. */

import { COLOURS } from './style.ts';
import { element, type Picture, text, textWidth, wrapText } from './svg.ts';

export interface Tile {
  /** Its picture as a data URI. */
  readonly href: string;
  readonly label?: string;
  /** SVG elements over it, in thousandths of its side. */
  readonly over?: string;
}

export interface TileRow {
  /** What stands at the left. */
  readonly title?: string;
  readonly note?: string;
  readonly tiles: readonly Tile[];
}

export interface Tiles {
  readonly rows: readonly TileRow[];
  /** Side of a tile. */
  readonly side: number;
  /** Of the words at the left of the rows; as wide as the widest title by default. */
  readonly margin?: number;
}

const GAP = 8;
const LABEL = 13;
const LINE = 19;
const TITLE = 16;
const NOTE = 13;

/** All tiles are squares of one size, row below row. */
export function tiles({ rows, side, margin = widestOf(rows) }: Tiles): Picture {
  const most = Math.max(...rows.map(({ tiles }) => tiles.length));
  const width = margin + most * (side + GAP) - GAP;
  let top = 0;
  const drawn = rows.map((row) => {
    const labelled = row.tiles.some(({ label }) => label !== undefined);
    const content =
      words(row, top, side, margin) +
      row.tiles
        .map((tile, i) => {
          const x = margin + i * (side + GAP);
          return tileAt(tile, x, top, side);
        })
        .join('');
    top += side + (labelled ? LINE : 0) + GAP;
    return content;
  });
  const height = top - GAP;
  const paper = element('rect', { width, height, fill: COLOURS.paper });
  return { width, height, content: paper + drawn.join('') };
}

function widestOf(rows: readonly TileRow[]): number {
  const widths = rows.flatMap(({ title }) => (title ? [textWidth(title, TITLE) + 2 * GAP] : []));
  return Math.ceil(Math.max(0, ...widths));
}

function words({ title, note }: TileRow, top: number, side: number, margin: number): string {
  const lines = wrapText(note ?? '', NOTE, margin - 2 * GAP);
  const high = (title === undefined ? 0 : TITLE) + lines.length * 1.4 * NOTE;
  let y = top + (side - high) / 2 + 0.8 * TITLE;
  const parts: string[] = [];
  if (title !== undefined) {
    const style = { 'font-size': TITLE, 'font-weight': 700, fill: COLOURS.ink };
    parts.push(text([0, y], title, style));
    y += 1.4 * NOTE + 2;
  }
  for (const line of lines) {
    parts.push(text([0, y], line, { 'font-size': NOTE, fill: COLOURS.muted }));
    y += 1.4 * NOTE;
  }
  return parts.join('');
}

function tileAt({ href, label, over }: Tile, x: number, y: number, side: number): string {
  const frame = { width: side, height: side };
  const place = { transform: `translate(${x} ${y})` };
  const image = element('image', { ...frame, href, preserveAspectRatio: 'none' });
  const marks = over ? element('svg', { ...frame, viewBox: '0 0 1000 1000' }, over) : '';
  const below =
    label === undefined
      ? ''
      : text([side / 2, side + LABEL + 1], label, {
          'font-size': LABEL,
          'text-anchor': 'middle',
          fill: COLOURS.muted,
        });
  return element('g', place, image + marks + below);
}
