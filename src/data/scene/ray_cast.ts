/**
 * The renderer in plain f64: what `shaders/render_people.wgsl` computes, without its short cuts.
 * Every pixel's ray is held against everything in the scene.
 */

import { add, dot, length, scale, subtract, type Vector3 } from '../../pose/linear.ts';
import {
  boxAxes,
  coneNormal,
  FAR,
  inBox,
  leaveRoom,
  meetBox,
  meetCone,
  type Row,
  w,
  xyz,
} from './intersect.ts';
import { SCENE_LAYOUT as L, PATTERN } from './layout.ts';
import { pattern, pcg4d } from './pattern.ts';
import { MATERIAL } from './shapes.ts';

export interface Rendered {
  /** [height, width, 4]: red, green and blue as displayed (sRGB), 0 to 1; depth in metres. */
  readonly picture: Float64Array;
  /** [height, width]: index of `PARTS` plus one, 0 for what is no person. */
  readonly parts: Float64Array;
}

/** What a ray meets first. */
export interface Hit {
  readonly point: Vector3;
  readonly normal: Vector3;
  readonly t: number;
  readonly material: number;
  readonly part: number;
  /** Metres along the surface. */
  readonly x: number;
  readonly y: number;
  /** Whether the balls of the person darken it. */
  readonly still: boolean;
  readonly sky: boolean;
}

/**
 * Renders a packed scene.
 * @param row SCENE_SIZE numbers of `packScenes`
 */
export function castScene(
  row: Row,
  { width, height }: { readonly width: number; readonly height: number },
): Rendered {
  const picture = new Float64Array(4 * width * height);
  const parts = new Float64Array(width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const { colour, depth, part } = castPixel(row, { width, height }, x, y);
    picture.set(colour, 4 * i);
    picture[4 * i + 3] = depth;
    parts[i] = part;
  }
  return { picture, parts };
}

/**
 * One pixel of it.
 * @param shift pixels by which its ray passes beside the middle
 */
export function castPixel(
  row: Row,
  { width, height }: { readonly width: number; readonly height: number },
  x: number,
  y: number,
  shift: readonly [x: number, y: number] = [0, 0],
): { readonly colour: Vector3; readonly depth: number; readonly part: number } {
  const direction = rayOf(row, (x + 0.5 + shift[0]) / width, (y + 0.5 + shift[1]) / height);
  const hit = firstHit(row, direction);
  const light = shade(row, hit, direction, row[4 * L.WINDOW + 3]! / height);
  return {
    colour: exposed(row, light, y * width + x),
    depth: hit.sky ? 0 : depthAt(row, hit.t, direction),
    part: hit.part,
  };
}

/** The ray through a place of the picture (0 to 1), camera frame; at t it is at depth t of the view. */
export function rayOf(row: Row, x: number, y: number): Vector3 {
  const window = 4 * L.WINDOW;
  const u = row[window]! + row[window + 2]! * x;
  const v = row[window + 1]! + row[window + 3]! * y;
  return add(add(scale(xyz(row, L.VIEW), u), scale(xyz(row, L.VIEW + 1), v)), xyz(row, L.VIEW + 2));
}

/** What a ray from the camera meets first. */
export function firstHit(row: Row, d: Vector3): Hit {
  const [cones, boxes] = [row[4 * L.COUNTS]!, row[4 * L.COUNTS + 1]!];
  const { t: roomT, wall, up } = leaveRoom(row, d);
  let t = roomT;
  let quad = -1;
  let isBox = false;
  for (let i = 0; i < cones + boxes; i++) {
    const box = i >= cones;
    const at = box ? L.BOXES + L.SHAPE_QUADS * (i - cones) : L.CONES + L.SHAPE_QUADS * i;
    const near = (box ? meetBox : meetCone)(row, at, [0, 0, 0], d);
    if (near >= t) continue;
    t = near;
    quad = at;
    isBox = box;
  }
  const point = scale(d, t);
  if (quad < 0) return roomHit(row, d, t, wall, up);
  const material = row[4 * (quad + 4)]!;
  const part = row[4 * (quad + 4) + 1]!;
  if (isBox) {
    const local = inBox(row, quad, point);
    const size = local.map(Math.abs);
    const face = size[0]! >= size[1]! && size[0]! >= size[2]! ? 0 : size[1]! >= size[2]! ? 1 : 2;
    const normal = scale(boxAxes(row, quad)[face]!, Math.sign(local[face]!));
    const metres = local.map((c, i) => c * w(row, quad + i));
    const [x, y] = [
      [metres[2]!, metres[1]!],
      [metres[0]!, metres[2]!],
      [metres[0]!, metres[1]!],
    ][face] as [number, number];
    return { point, normal, t, material, part, x, y, still: true, sky: false };
  }
  const n = coneNormal(row, quad, point);
  const normal = scale(n, 1 / Math.max(1e-9, length(n)));
  const x = dot(xyz(row, quad + 3), point) + w(row, quad + 3);
  return { point, normal, t, material, part, x, y: 0, still: part === 0, sky: false };
}

function roomHit(row: Row, d: Vector3, t: number, wall: 0 | 1 | 2, up: boolean): Hit {
  const point = scale(d, t);
  const local = [0, 1, 2].map((i) => dot(xyz(row, L.ROOM + i), point) + w(row, L.ROOM + i));
  const axis = xyz(row, L.ROOM + wall);
  const normal = scale(axis, up ? -1 : 1);
  const floor = wall === 1 && !up;
  const material = wall === 1 ? (up ? MATERIAL.ceiling : MATERIAL.floor) : MATERIAL.wall;
  const [x, y] = [
    [local[2]!, local[1]!],
    [local[0]!, local[2]!],
    [local[0]!, local[1]!],
  ][wall] as [number, number];
  const sky = w(row, L.HIGH) > 0.5 && !floor;
  return { point, normal, t, material, part: 0, x, y, still: true, sky };
}

/** Linear light that comes back along a ray. */
function shade(row: Row, hit: Hit, d: Vector3, pixel: number): Vector3 {
  const up = xyz(row, L.ROOM + 1);
  const far = length(d);
  if (hit.sky) {
    const height = Math.sqrt(Math.max(0, dot(up, d) / far));
    return mix([0.86, 0.88, 0.9], [0.3, 0.5, 0.85], height);
  }
  const quad = L.MATERIALS + 2 * hit.material;
  const kind = w(row, quad);
  const size = w(row, quad + 1);
  const facing = Math.max(0.08, Math.abs(dot(hit.normal, d)) / far);
  const blur = (hit.t * pixel) / (facing * size);
  const second = pattern(kind, hit.x / size, hit.y / size, blur);
  const colour = mix(xyz(row, quad), xyz(row, quad + 1), second);

  const light = xyz(row, L.LIGHT);
  const wrap = kind === PATTERN.skin ? w(row, L.LIGHT) : 0;
  const facingLight = Math.max(0, (dot(hit.normal, light) + wrap) / (1 + wrap));
  const origin = add(hit.point, scale(hit.normal, 0.004));
  const lit = facingLight > 0 && isShadowed(row, origin, light) ? 0 : facingLight;
  const open = hit.still ? openness(row, hit) : 1;
  const above = 0.5 + 0.5 * dot(hit.normal, up);
  const ambient = scale(mix(xyz(row, L.BOUNCE), xyz(row, L.SKY), above), open);
  const sun = xyz(row, L.SUN);
  return [0, 1, 2].map((i) => colour[i]! * (sun[i]! * lit + ambient[i]!)) as unknown as Vector3;
}

function isShadowed(row: Row, origin: Vector3, light: Vector3): boolean {
  const [cones, boxes] = [row[4 * L.COUNTS]!, row[4 * L.COUNTS + 1]!];
  for (let i = 0; i < cones; i++)
    if (meetCone(row, L.CONES + L.SHAPE_QUADS * i, origin, light) < FAR) return true;
  for (let i = 0; i < boxes; i++)
    if (meetBox(row, L.BOXES + L.SHAPE_QUADS * i, origin, light) < FAR) return true;
  return false;
}

/** How much of what is above a point no ball of the person hides. */
function openness(row: Row, { point, normal }: Hit): number {
  let open = 1;
  for (let i = 0; i < L.MOST_BALLS; i++) {
    const way = subtract(xyz(row, L.BALLS + i), point);
    const square = dot(way, way);
    const radius = w(row, L.BALLS + i);
    const facing = Math.max(0, dot(normal, way)) / Math.sqrt(square);
    open *= 1 - Math.min(0.75, facing * ((radius * radius) / square));
  }
  return open;
}

/** What the sensor makes of light: noise, the end of its range, and sRGB's transfer function. */
function exposed(row: Row, light: Vector3, pixel: number): Vector3 {
  const exposure = row[4 * L.SENSOR + 1]!;
  const shot = row[4 * L.SENSOR + 2]!;
  const read = row[4 * L.SENSOR + 3]!;
  const [first, again] = [0, 1].map((k) =>
    pcg4d(Uint32Array.of(pixel, row[4 * L.DEPTH]!, row[4 * L.DEPTH + 1]!, k)),
  );
  const words = [
    [first![0]!, first![1]!],
    [first![2]!, first![3]!],
    [again![0]!, again![1]!],
  ];
  return light.map((value, i) => {
    const seen = value * exposure;
    const normal = bell(words[i]![0]!, words[i]![1]!);
    return coded(seen + normal * Math.sqrt(Math.max(0, shot * seen) + read * read));
  }) as unknown as Vector3;
}

/** About a standard normal number: the sum of four uniform ones, of 16 bits each. */
function bell(a: number, b: number): number {
  const sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16);
  return (sum / 65536 - 2) * Math.sqrt(3);
}

/** sRGB's transfer function (IEC 61966-2-1), clipped to 0 and 1. */
function coded(x: number): number {
  const c = Math.min(1, Math.max(0, x));
  return c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055;
}

/** The depth of a point as the depth map has it. */
function depthAt(row: Row, t: number, [x, y, z]: Vector3): number {
  const scale = row[4 * L.DEPTH + 2]!;
  const reach = row[4 * L.DEPTH + 3]!;
  if (t > reach) return 0;
  let bias = 1;
  for (let i = 0; i < 3; i++) {
    const wave = xyz(row, L.WAVES + i);
    bias +=
      w(row, L.WAVES + i) * Math.sin(2 * Math.PI * ((wave[0] * x + wave[1] * y) / z + wave[2]));
  }
  return t * scale * bias;
}

const mix = (a: Vector3, b: Vector3, share: number): Vector3 =>
  add(scale(a, 1 - share), scale(b, share));
