import type { Camera } from '../pose/camera.ts';
import { add, cross, dot, normalise, scale, subtract, type Vector3 } from '../pose/linear.ts';
import type { Body } from './body.ts';
import { element, named, type Point, polygon } from './svg.ts';

const WALL = '#e4eaf0';
const WALL_LOW = '#d3dce5';
const FLOOR_FAR = '#e9e3d9';
const FLOOR_NEAR = '#d8cfc1';
const NEAREST = 0.2; // metres; what is nearer to the camera is cut off
const BEHIND = 2.2; // metres from the person to the wall
const TILE = 0.6;
const SOFT = 0.016; // metres over which a shadow's edge fades, about

/** Outline of the convex hull of circles. */
export function hull(circles: readonly { readonly at: Point; readonly r: number }[]): Point[] {
  const points = circles.flatMap(({ at, r }) =>
    Array.from({ length: 40 }, (_, i): Point => {
      const angle = (i / 40) * 2 * Math.PI;
      return [at[0] + r * Math.cos(angle), at[1] + r * Math.sin(angle)];
    }),
  );
  return convexHull(points);
}

/** Andrew's monotone chain. */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  if (sorted.length < 3) return sorted;
  const chain = (list: readonly Point[]) => {
    const out: Point[] = [];
    for (const p of list) {
      while (out.length > 1 && turn(out.at(-2)!, out.at(-1)!, p) <= 0) out.pop();
      out.push(p);
    }
    return out.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

const turn = (a: Point, b: Point, c: Point) =>
  (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

/** Wall and tiled floor behind a person. */
export function room(camera: Camera, up: Vector3, floor: number, pose: ArrayLike<number>): string {
  const { width, height } = camera;
  const level = subtract([0, 0, 1], scale(up, up[2]));
  if (Math.hypot(...level) < 0.1)
    // straight down: nothing but floor
    return element('rect', { width, height, fill: FLOOR_FAR });
  const ahead = normalise(level);
  const right = normalise(cross(ahead, up));
  const n = pose.length / 3;
  const along = (axis: Vector3, i: number) =>
    dot([pose[3 * i]!, pose[3 * i + 1]!, pose[3 * i + 2]!], axis);
  const deepest = Math.max(...Array.from({ length: n }, (_, i) => along(ahead, i)));
  const middle = along(right, 0);
  const wall = Math.ceil((deepest + BEHIND) / TILE) * TILE;
  const at = (x: number, z: number): Vector3 =>
    add(add(scale(right, x), scale(ahead, z)), scale(up, floor));
  const wide = 4 * wall + 20;
  const seen = (corners: readonly Vector3[]) => polygon(project(clip(corners), camera));
  const ground = seen([
    at(middle - wide, wall),
    at(middle + wide, wall),
    at(middle + wide, -wall),
    at(middle - wide, -wall),
  ]);
  const lines: string[] = [];
  const strip = (a: Vector3, b: Vector3, thick: Vector3) => {
    const d = seen([a, b, add(b, thick), add(a, thick)]);
    if (d !== '') lines.push(d);
  };
  const grout = 0.012;
  for (let z = wall; z > -wall; z -= TILE)
    strip(at(middle - wide, z), at(middle + wide, z), scale(ahead, -grout));
  const reach = Math.ceil((wall * width) / camera.fx / TILE) + 1;
  for (let i = -reach; i <= reach; i++) {
    const x = Math.round(middle / TILE + i) * TILE;
    strip(at(x, wall), at(x, -wall), scale(right, grout));
  }
  const skirting = seen([
    at(middle - wide, wall),
    at(middle + wide, wall),
    add(at(middle + wide, wall), scale(up, 0.09)),
    add(at(middle - wide, wall), scale(up, 0.09)),
  ]);
  const [upper, lower] = [fade(WALL, WALL_LOW), fade(FLOOR_FAR, FLOOR_NEAR)];
  return [
    upper.definition,
    lower.definition,
    element('rect', { width, height, fill: `url(#${upper.id})` }),
    element('path', { d: ground, fill: `url(#${lower.id})` }),
    element('path', { d: lines.join(''), fill: '#b9ad9b', 'fill-opacity': 0.55 }),
    element('path', { d: skirting, fill: '#f7f9fb' }),
  ].join('');
}

const fade = (top: string, bottom: string) =>
  named(
    element(
      'linearGradient',
      { x1: 0, y1: 0, x2: 0, y2: 1 },
      element('stop', { offset: 0, 'stop-color': top }),
      element('stop', { offset: 1, 'stop-color': bottom }),
    ),
  );

/** The body's shadow on the floor, soft at its edge. */
export function shadow(
  { parts, floor }: Body,
  camera: Camera,
  up: Vector3,
  light: Vector3,
): string {
  const fallen = (centre: Vector3): Vector3 => {
    const height = Math.max(0, dot(centre, up) - floor);
    return subtract(centre, scale(light, height / dot(light, up)));
  };
  const ahead = normalise(cross(up, Math.abs(up[0]) < 0.9 ? [1, 0, 0] : [0, 0, 1]));
  const right = cross(ahead, up);
  const shapes = parts.map(({ balls }) => {
    const rim = balls.flatMap(({ centre, radius }) => {
      const middle = fallen(centre);
      return Array.from({ length: 16 }, (_, i) => {
        const angle = (i / 16) * 2 * Math.PI;
        const out = add(scale(right, Math.cos(angle)), scale(ahead, Math.sin(angle)));
        return add(middle, scale(out, radius));
      });
    });
    return rim.some((p) => p[2] < NEAREST) ? '' : polygon(convexHull(project(rim, camera)));
  });
  const depth = parts[0]!.balls[0]!.centre[2];
  const softness = { stdDeviation: (SOFT * camera.fx) / Math.max(depth, NEAREST) };
  const blur = named(element('filter', {}, element('feGaussianBlur', softness)));
  const path = { d: shapes.join(''), fill: '#4a4238', 'fill-opacity': 0.3 };
  return blur.definition + element('path', { ...path, filter: `url(#${blur.id})` });
}

/** Points of the camera frame on the image, without the lens distortion. */
function project(points: readonly Vector3[], { fx, fy, cx, cy }: Camera): Point[] {
  return points.map(([x, y, z]): Point => [(fx * x) / z + cx, (fy * y) / z + cy]);
}

/** The part of a polygon that is before the camera (Sutherland & Hodgman). */
function clip(corners: readonly Vector3[]): Vector3[] {
  return corners.flatMap((a, i) => {
    const b = corners[(i + 1) % corners.length]!;
    const kept = a[2] >= NEAREST ? [a] : [];
    if (a[2] >= NEAREST === b[2] >= NEAREST) return kept;
    const t = (NEAREST - a[2]) / (b[2] - a[2]);
    return [...kept, add(scale(a, 1 - t), scale(b, t))];
  });
}
