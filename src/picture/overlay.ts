import { BONES, JOINT_COUNT } from '../pose/skeleton.ts';
import { boundsOf, type ImagePose, jointList } from './joints.ts';
import { COLOURS, type LegendEntry, legendRow, legendRows, sideColour } from './style.ts';
import { circle, element, num, type Picture, type Point, segment } from './svg.ts';

/** A rectangle in pixels of the image. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Overlay {
  /** Size of the image in pixels, and the image as a data URI of a PNG or JPEG file, if any. */
  readonly image: { readonly width: number; readonly height: number; readonly href?: string };
  /** The 2D joints that were given, pixels. */
  readonly pose: ImagePose;
  /** The lifted pose, projected back into the image: dashed, with rings for joints; pixels. */
  readonly reprojected?: ImagePose;
  /** The person's box; that of the joints by default. */
  readonly box?: Box;
}

type Points = readonly (Point | undefined)[];

/** Joints outside the image are shown on a margin up to this part of the image's size. */
const MARGIN = 0.2;

/**
 * A 2D pose over its image, and a legend below. The person's right side is warm, the left cool. A
 * unit of the picture is a pixel of the image.
 * @throws for a size that is not positive, or a pose of another length
 */
export function overlay({ image, pose, reprojected, box }: Overlay): Picture {
  const { width, height } = image;
  if (!(width > 0 && height > 0 && Number.isFinite(width * height)))
    throw new Error(`overlay: an image of ${width} x ${height} pixels; both must be positive.`);
  const given = jointList(pose, 2) as Points;
  const again = reprojected ? (jointList(reprojected, 2) as Points) : [];
  const person = box ?? boxOf(given) ?? { x: 0, y: 0, width, height };
  const thick = boneThickness(image, person);
  const frame = frameAround(image, [...given, ...again], 3.5 * thick);
  const fontSize = Math.min(0.034 * frame.height, 0.055 * frame.width);
  const legend = legendRows(entries(reprojected !== undefined), fontSize, frame.width);
  const lineHeight = 1.55 * fontSize;
  const total = frame.height + 0.75 * fontSize + legend.length * lineHeight;
  const view = `${num(frame.x)} ${num(frame.y)} ${num(frame.width)} ${num(frame.height)}`;
  return {
    width: frame.width,
    height: total,
    content: [
      element('rect', { width: frame.width, height: total, fill: COLOURS.paper }),
      element(
        'svg',
        { width: frame.width, height: frame.height, viewBox: view },
        element('rect', { ...frame, fill: COLOURS.paper }),
        background(image),
        corners(person, 0.32 * thick),
        bones(given, thick),
        ghost(again, thick),
        dots(given, thick),
      ),
      ...legend.map((row, i) =>
        legendRow(row, [0, frame.height + (i + 1.05) * lineHeight], fontSize),
      ),
    ].join(''),
  };
}

/** The box about the joints that are there, or nothing where there are none. */
export function boxOf(points: readonly (readonly number[] | undefined)[]): Box | undefined {
  const bounds = boundsOf(points);
  if (!bounds) return undefined;
  const [x, y] = bounds.low as [number, number];
  return { x, y, width: bounds.high[0]! - x, height: bounds.high[1]! - y };
}

/** In proportion to the person, within what is legible in an image of this size; pixels. */
function boneThickness(image: { width: number; height: number }, person: Box): number {
  const diagonal = Math.hypot(image.width, image.height);
  const wanted = 0.0165 * Math.hypot(person.width, person.height);
  return Math.min(0.012 * diagonal, Math.max(0.0045 * diagonal, wanted));
}

function frameAround(image: { width: number; height: number }, points: Points, pad: number): Box {
  const bounds = boundsOf(points);
  const side = (low: number, high: number, size: number) => {
    const beyond = (by: number) => (by > 0 ? Math.min(by + pad, MARGIN * size) : 0);
    return { before: beyond(-low), after: beyond(high - size) };
  };
  const x = side(bounds?.low[0] ?? 0, bounds?.high[0] ?? 0, image.width);
  const y = side(bounds?.low[1] ?? 0, bounds?.high[1] ?? 0, image.height);
  return {
    x: 0 - x.before,
    y: 0 - y.before,
    width: image.width + x.before + x.after,
    height: image.height + y.before + y.after,
  };
}

function background({ width, height, href }: Overlay['image']): string {
  if (href === undefined)
    return element('rect', { width, height, fill: COLOURS.panel, stroke: COLOURS.grid });
  return element('image', { width, height, href, preserveAspectRatio: 'none' });
}

function entries(both: boolean): LegendEntry[] {
  return [
    { label: 'right side', colour: COLOURS.right },
    { label: 'left side', colour: COLOURS.left },
    ...(both
      ? [
          { label: '2D joints', colour: COLOURS.middle, dot: 'filled' } as const,
          { label: '3D pose reprojected', colour: COLOURS.ink, dashed: true, dot: 'ring' } as const,
        ]
      : []),
  ];
}

function bones(points: Points, thick: number): string {
  const layer = (stroke: string | undefined, width: number) =>
    lines(points, (side) => ({
      stroke: stroke ?? sideColour(side),
      'stroke-width': width,
      'stroke-linecap': 'round',
    }));
  return layer(COLOURS.paper, 1.5 * thick) + layer(undefined, 0.9 * thick);
}

function dots(points: Points, thick: number): string {
  return dotsOf(points, (at, side) =>
    circle(at, 0.72 * thick, {
      fill: sideColour(side),
      stroke: COLOURS.paper,
      'stroke-width': 0.3 * thick,
    }),
  );
}

/**
 * Thin dashes and rings, dark on light, so that they show on any image and over the other pose;
 * where both agree a ring stands around a dot.
 */
function ghost(points: Points, thick: number): string {
  const dash = `${num(1.1 * thick)} ${num(0.8 * thick)}`;
  const layer = (stroke: string, width: number) => {
    const style = { stroke, 'stroke-width': width * thick, fill: 'none' };
    return (
      lines(points, () => ({ ...style, 'stroke-dasharray': dash })) +
      dotsOf(points, (at) => circle(at, 1.05 * thick, style))
    );
  };
  return layer(COLOURS.paper, 0.55) + layer(COLOURS.ink, 0.27);
}

function lines(
  points: Points,
  style: (side: 'left' | 'right' | 'middle') => Record<string, string | number>,
): string {
  return BONES.map(({ from, to, side }) => {
    const [a, b] = [points[from], points[to]];
    return a && b ? segment(a, b, style(side)) : '';
  }).join('');
}

function dotsOf(
  points: Points,
  draw: (at: Point, side: 'left' | 'right' | 'middle') => string,
): string {
  return Array.from({ length: JOINT_COUNT }, (_, i) => {
    const at = points[i];
    return at ? draw(at, i === 0 ? 'middle' : BONES[i - 1]!.side) : '';
  }).join('');
}

/** The four corners of the person's box. */
function corners(box: Box, width: number): string {
  const pad = 7 * width;
  const [x0, y0] = [box.x - pad, box.y - pad];
  const [x1, y1] = [box.x + box.width + pad, box.y + box.height + pad];
  const arm = 0.12 * Math.max(x1 - x0, y1 - y0);
  const corner = (x: number, y: number, sx: number, sy: number) =>
    `M${num(x + sx * arm)} ${num(y)}L${num(x)} ${num(y)}L${num(x)} ${num(y + sy * arm)}`;
  const d =
    corner(x0, y0, 1, 1) + corner(x1, y0, -1, 1) + corner(x0, y1, 1, -1) + corner(x1, y1, -1, -1);
  const path = (stroke: string, strokeWidth: number) =>
    element('path', { d, fill: 'none', stroke, 'stroke-width': strokeWidth });
  return path(COLOURS.paper, 2.2 * width) + path(COLOURS.ink, width);
}
