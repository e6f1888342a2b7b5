import { BONES, JOINT_COUNT } from '../pose/skeleton.ts';
import { boundsOf, jointList, type SpacePose } from './joints.ts';
import { COLOURS, cameraMark, type LegendEntry, legendRow, mix, sideColour } from './style.ts';
import { circle, element, type Picture, type Point, segment, text } from './svg.ts';

/**
 * The directions from which a skeleton is shown, by parallel projection. `map` gives metres to the
 * right, metres downwards, and metres away from the viewer, of a point of the camera frame.
 */
const VIEWS = [
  { name: 'front', note: 'as the camera sees it', map: ([x, y, z]: Axes) => [x, y, z] },
  { name: 'side', note: 'from the camera’s right', map: ([x, y, z]: Axes) => [z, y, -x] },
  { name: 'top', note: 'from above', map: ([x, y, z]: Axes) => [x, -z, y] },
] as const;

type Axes = readonly [x: number, y: number, z: number];
type View = (typeof VIEWS)[number];
/** One view's joints: right, down and away from the viewer, metres. */
type Seen = readonly (readonly number[] | undefined)[];

const PAD = 0.16; // metres about the skeleton
const LEAST = 0.7; // metres shown at least
const PLOT_HEIGHT = 430;
const PLOT_WIDTH = 1000; // of the three together, at most
const GAP = 18;
const HEADER = 44;
const FOOTER = 40;
const BONE = 6;

export interface ThreeSides {
  /** The 3D pose, metres, camera frame (x right, y down, z forward). */
  readonly pose: SpacePose;
  /** A second pose, drawn in grey at its own place: align the two first. */
  readonly reference?: SpacePose;
  /** What the legend calls it; `reference` by default. */
  readonly called?: string;
}

/**
 * A 3D skeleton from the front (along the camera's axis, as the camera sees it), from the side (the
 * camera's right, so that the camera stands at the left) and from the top (the camera stands
 * below), all three at one scale, over a grid in metres. The right side is warm, the left cool;
 * what is far is pale. The strong line stands at the height of the lowest joint.
 * @throws for a pose of another length
 */
export function threeSides({ pose, reference, called = 'reference' }: ThreeSides): Picture {
  const joints = jointList(pose, 3);
  const other = reference ? jointList(reference, 3) : [];
  const bounds = boundsOf([...joints, ...other]) ?? { low: [0, 0, 0], high: [0, 0, 0] };
  const middle = bounds.low.map((low, axis) => (low + bounds.high[axis]!) / 2);
  const size = bounds.low.map((low, axis) => bounds.high[axis]! - low + 2 * PAD);
  const [across, , along] = size as [number, number, number];
  const down = Math.max(size[1]!, along, LEAST);
  const least = 0.5 * down; // a cell that is too slim has no room for its words
  const widths = [across, along, across].map((width) => Math.max(width, least, LEAST));
  const total = widths.reduce((sum, width) => sum + width);
  const scale = Math.min(PLOT_HEIGHT / down, PLOT_WIDTH / total);
  const height = down * scale;
  let left = 0;
  const cells = VIEWS.map((view, i) => {
    const width = widths[i]! * scale;
    const centre = view.map(middle as unknown as Axes);
    const seen = (points: Seen) => points.map((p) => p && view.map(p as unknown as Axes));
    const place = (p: readonly number[]): Point => [
      left + width / 2 + (p[0]! - centre[0]!) * scale,
      HEADER + height / 2 + (p[1]! - centre[1]!) * scale,
    ];
    const cell = { x: left, y: HEADER, width, height };
    const drawn =
      heading(view, left) +
      grid(cell, place, view.map([middle[0]!, bounds.high[1]!, middle[2]!]), scale, view) +
      skeleton(seen(other), place, true) +
      skeleton(seen(joints), place, false);
    left += width + GAP;
    return drawn;
  });
  const width = left - GAP;
  return {
    width,
    height: HEADER + height + FOOTER,
    content:
      element('rect', { width, height: HEADER + height + FOOTER, fill: COLOURS.paper }) +
      cells.join('') +
      footer(width, HEADER + height, scale, reference && called),
  };
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function heading({ name, note }: View, left: number): string {
  return (
    text([left, 17], name, { 'font-size': 17, 'font-weight': 700, fill: COLOURS.ink }) +
    text([left, 34], note, { 'font-size': 12.5, fill: COLOURS.muted })
  );
}

/** Lines every `gridStep` metres, from the point `origin`, which is on the ground. */
function grid(
  cell: Cell,
  place: (p: readonly number[]) => Point,
  origin: readonly number[],
  scale: number,
  { name }: View,
): string {
  const { x, y, width, height } = cell;
  const [ox, oy] = place(origin);
  const step = gridStep(scale) * scale;
  const line = { stroke: COLOURS.grid, 'stroke-width': 1 };
  const lines: string[] = [];
  for (let at = x + ((((ox - x) % step) + step) % step); at < x + width; at += step)
    lines.push(segment([at, y], [at, y + height], line));
  for (let at = y + ((((oy - y) % step) + step) % step); at < y + height; at += step)
    lines.push(segment([x, at], [x + width, at], line));
  const ground = { stroke: COLOURS.ground, 'stroke-width': 2 };
  if (name !== 'top') lines.push(segment([x, oy], [x + width, oy], ground));
  if (name === 'side') lines.push(cameraMark([x + 18, y + 18], 0));
  if (name === 'top') lines.push(cameraMark([x + width - 18, y + height - 18], -90));
  return element('rect', { ...cell, rx: 6, fill: COLOURS.panel }) + lines.join('');
}

/** Metres between the lines: a round number that is at least 36 units long. */
function gridStep(scale: number): number {
  const steps = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100];
  return steps.find((step) => step * scale >= 36) ?? 1000;
}

/** Bones and joints, the farthest first; the far ones paler and thinner. */
function skeleton(seen: Seen, place: (p: readonly number[]) => Point, grey: boolean): string {
  const depths = seen.filter((p) => p !== undefined).map((p) => p[2]!);
  const nearest = Math.min(...depths);
  const span = Math.max(0.4, Math.max(...depths) - nearest);
  const far = (depth: number) => (depth - nearest) / span;
  const paint = (side: 'left' | 'right' | 'middle', depth: number) =>
    grey ? COLOURS.reference : mix(sideColour(side), COLOURS.panel, 0.62 * far(depth));
  const thick = (depth: number) => (grey ? 0.75 : 1.15 - 0.4 * far(depth)) * BONE;
  const items: { depth: number; drawn: string }[] = [];
  const jointDepths = seen.map((p) => p?.[2] ?? 0); // a joint stands before all of its bones
  for (const { from, to, side } of BONES) {
    const [a, b] = [seen[from], seen[to]];
    if (!a || !b) continue;
    const depth = (a[2]! + b[2]!) / 2;
    for (const end of [from, to]) jointDepths[end] = Math.min(jointDepths[end]!, depth);
    const stroke = (colour: string, width: number) =>
      segment(place(a), place(b), {
        stroke: colour,
        'stroke-width': width,
        'stroke-linecap': 'round',
      });
    const casing = grey ? '' : stroke(COLOURS.panel, thick(depth) + 3);
    items.push({ depth, drawn: casing + stroke(paint(side, depth), thick(depth)) });
  }
  for (let i = 0; i < JOINT_COUNT; i++) {
    const p = seen[i];
    if (!p) continue;
    const fill = paint(i === 0 ? 'middle' : BONES[i - 1]!.side, p[2]!);
    const ring = grey ? {} : { stroke: COLOURS.panel, 'stroke-width': 1.5 };
    const drawn = circle(place(p), 0.82 * thick(p[2]!), { fill, ...ring });
    items.push({ depth: jointDepths[i]! - 1e-6, drawn });
  }
  return items
    .sort((a, b) => b.depth - a.depth)
    .map(({ drawn }) => drawn)
    .join('');
}

/** What the colours mean at the left, the scale bar at the right. */
function footer(width: number, top: number, scale: number, reference?: string): string {
  const size = 13.5;
  const y = top + 27;
  const entries: LegendEntry[] = [
    { label: 'right side', colour: COLOURS.right, dot: 'filled' },
    { label: 'left side', colour: COLOURS.left, dot: 'filled' },
    ...(reference ? [{ label: reference, colour: COLOURS.reference, dot: 'filled' } as const] : []),
  ];
  const step = gridStep(scale);
  const bar = step * scale;
  const ends = { stroke: COLOURS.ink, 'stroke-width': 1.5 };
  const right = width - 1;
  const label = `${step} m`;
  return (
    legendRow(entries, [0, y], size) +
    segment([right - bar, y - 5], [right, y - 5], ends) +
    segment([right - bar, y - 9], [right - bar, y - 1], ends) +
    segment([right, y - 9], [right, y - 1], ends) +
    text([right - bar - 8, y], label, {
      'font-size': size,
      'text-anchor': 'end',
      fill: COLOURS.ink,
    })
  );
}
