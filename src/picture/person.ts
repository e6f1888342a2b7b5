import type { Camera } from '../pose/camera.ts';
import { raysToPixels, toRays } from '../pose/camera.ts';
import { add, cross, dot, normalise, scale, type Vector3 } from '../pose/linear.ts';
import { type Coordinates, JOINT_COUNT } from '../pose/skeleton.ts';
import { type Ball, type Body, bodyParts, type Fabric, type Part } from './body.ts';
import { hull, room, shadow } from './room.ts';
import { mix } from './style.ts';
import { circle, element, named, num, type Picture, type Point, polygon } from './svg.ts';

/** Colours of a drawn person, `#rrggbb`. */
export type Outfit = Readonly<Record<Fabric, string>>;

export const OUTFITS: readonly Outfit[] = [
  { skin: '#e8b796', shirt: '#7ea58d', trousers: '#4c5b70', shoes: '#f1efe9', hair: '#4a342a' },
  { skin: '#8d5b3e', shirt: '#e7c46b', trousers: '#5b6577', shoes: '#ece7df', hair: '#221a17' },
  { skin: '#c98f68', shirt: '#b9a3cf', trousers: '#3f4a5a', shoes: '#e5e0d8', hair: '#2b1f1a' },
  { skin: '#f0c8ab', shirt: '#c97f7a', trousers: '#65707d', shoes: '#f4f1ec', hair: '#a9743f' },
];

export interface Person {
  /** [17 * 3] metres, camera frame (x right, y down, z forward), all in front of the camera. */
  readonly pose: Coordinates<'metric'>;
  /** The picture has its size; a unit is one of its pixels. */
  readonly camera: Camera;
  /** The direction away from the floor in the camera frame; that of a level camera by default. */
  readonly up?: Vector3;
  readonly outfit?: Outfit;
}

/**
 * A drawn person in a bright room, seen by a camera: limbs, trunk and head about the joints, the
 * nearer before the farther, lit from above left. The joints' images lie within their limbs, so
 * that the drawing can stand in for a photo.
 * @throws for a joint that is not finite or not in front of the camera
 */
export function person({ pose, camera, up = [0, -1, 0], outfit = OUTFITS[0]! }: Person): Picture {
  if (pose.length !== 3 * JOINT_COUNT)
    throw new Error(
      `person: a pose of ${pose.length} numbers; ${JOINT_COUNT} joints of 3 are needed.`,
    );
  for (let i = 0; i < pose.length; i += 3)
    if (!(Number.isFinite(pose[i]! + pose[i + 1]!) && pose[i + 2]! > 0.3 && pose[i + 2]! < 1e4))
      throw new Error(
        `person: joint ${i / 3} is at (${pose[i]}, ${pose[i + 1]}, ${pose[i + 2]}) m; ` +
          'a drawn person must be at least 0.3 m in front of the camera.',
      );
  const above = normalise(up);
  const body = bodyParts(pose, above);
  const light = normalise(add(scale(above, 0.9), [-0.5, 0, -0.62]));
  const distance = ({ balls, lift }: Part) =>
    balls.reduce((sum, { centre }) => sum + Math.hypot(...centre), 0) / balls.length - lift;
  const parts = [...body.parts]
    .sort((a, b) => distance(b) - distance(a))
    .map((part) => drawPart(part, camera, light, outfit[part.fabric]) + faceOn(part, body, camera));
  const { width, height } = camera;
  return {
    width,
    height,
    content: [
      room(camera, above, body.floor, pose),
      shadow(body, camera, above, light),
      ...parts,
    ].join(''),
  };
}

/** A ball's image; the outline of a sphere off the axis is taken as a circle. */
export function imageOf(ball: Ball, camera: Camera): { at: Point; r: number } {
  const centre: Vector3 = [ball.centre[0], ball.centre[1], Math.max(0.05, ball.centre[2])];
  const [x, y] = raysToPixels(camera, toRays([...centre])) as unknown as Point;
  return { at: [x, y], r: (Math.sqrt(camera.fx * camera.fy) * ball.radius) / centre[2] };
}

function drawPart(part: Part, camera: Camera, light: Vector3, colour: string): string {
  const images = part.balls.map((ball) => imageOf(ball, camera));
  const fill = gradient(part, images, light, colour);
  const edge = Math.max(...images.map(({ r }) => r)) * 0.045;
  return (
    fill.definition +
    element('path', {
      d: polygon(hull(images)),
      fill: `url(#${fill.id})`,
      stroke: mix(colour, '#1c1a24', 0.38),
      'stroke-width': Math.max(0.5, edge),
      'stroke-linejoin': 'round',
    })
  );
}

/** Lambert's law across a round part: the colours from one edge of its image to the other. */
function gradient(
  { axis }: Part,
  images: readonly { at: Point; r: number }[],
  light: Vector3,
  colour: string,
): { id: string; definition: string } {
  // the direction across the part on the image, and the one towards the viewer, both square to it
  const flat = Math.hypot(axis[0], axis[1]);
  const side: Vector3 = flat > 1e-6 ? [-axis[1] / flat, axis[0] / flat, 0] : [1, 0, 0];
  const towards = normalise(cross(side, flat > 1e-6 ? axis : [0, -1, 0]));
  const front = towards[2] < 0 ? towards : scale(towards, -1);
  const reach = images.map(({ at, r }) => [
    at[0] * side[0] + at[1] * side[1] - r,
    at[0] * side[0] + at[1] * side[1] + r,
  ]);
  const low = Math.min(...reach.map(([from]) => from!));
  const high = Math.max(...reach.map(([, to]) => to!));
  const middle = images[0]!.at[0] * -side[1] + images[0]!.at[1] * side[0];
  const end = (along: number): Point => [
    along * side[0] - middle * side[1],
    along * side[1] + middle * side[0],
  ];
  const stops = [-1, -0.75, -0.5, -0.2, 0.1, 0.4, 0.7, 1].map((s) => {
    const normal = add(scale(side, s), scale(front, Math.sqrt(1 - s * s)));
    const lit = Math.max(0, dot(normal, light));
    const shade = mix(mix(colour, '#2c2440', 0.42), colour, lit / 0.55);
    const stop = mix(shade, '#fffaf0', 0.3 * Math.max(0, (lit - 0.55) / 0.45));
    return element('stop', { offset: (s + 1) / 2, 'stop-color': stop });
  });
  const [x1, y1] = end(low);
  const [x2, y2] = end(high);
  const place = { gradientUnits: 'userSpaceOnUse', x1, y1, x2, y2 };
  const definition = element('linearGradient', place, ...stops);
  return named(definition);
}

/** Eyes, where this part is the head and the face is turned to the camera. */
function faceOn(part: Part, { parts, head }: Body, camera: Camera): string {
  if (part !== parts.findLast(({ fabric }) => fabric === 'skin')) return '';
  const { ball, face, crown } = head;
  const left = cross(face, crown);
  const unit = ball.radius / 0.095;
  return [-1, 1]
    .map((side) => {
      const normal = normalise(add(face, scale(left, 0.42 * side)));
      const eye = add(add(ball.centre, scale(crown, 0.012 * unit)), scale(normal, 0.082 * unit));
      const facing = -dot(normal, normalise(eye));
      if (facing < 0.25) return '';
      const { at, r } = imageOf({ centre: eye, radius: 0.0095 * unit }, camera);
      return circle(at, r, { fill: '#2a211f', 'fill-opacity': num(Math.min(1, 1.6 * facing)) });
    })
    .join('');
}
