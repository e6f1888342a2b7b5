/**
 * A scene as one row of numbers, in quads of four: what `shaders/lib/scene.wgsl` reads. Both name
 * the quads alike, and a test holds them together. All places are metres in the frame of the camera
 * that took the picture, which looks from the origin; colours are linear.
 */
export const SCENE_LAYOUT = {
  /** left, top, width, height of the picture on the plane at depth 1 of the view. */
  WINDOW: 0,
  /** Rows of the rotation camera -> view. */
  VIEW: 1,
  /** Rows of the rotation camera -> room, with the camera's place in the room: y up, floor at 0. */
  ROOM: 4,
  /** Lowest corner of the room. */
  LOW: 7,
  /** Highest corner of the room; 1 where all but the floor is sky. */
  HIGH: 8,
  /** Direction towards the main light; how far light wraps around skin. */
  LIGHT: 9,
  /** Colours: of the main light, of what comes from above and from below. */
  SUN: 10,
  SKY: 11,
  BOUNCE: 12,
  /** Axes of the plane across the light, each with the lowest coordinate of its grid of cells. */
  LIGHT_X: 13,
  LIGHT_Y: 14,
  /** Cells of that grid to a metre; exposure; shot noise; read noise. */
  SENSOR: 15,
  /** Two keys of the noise, whole numbers below 2^24; scale of the depth; reach of the depth. */
  DEPTH: 16,
  /** Three waves of the depth's error: cycles to a unit of x/z and y/z, phase, amplitude. */
  WAVES: 17,
  /** Balls that darken what is near: centre, radius. */
  BALLS: 20,
  /** Materials: colour and pattern; second colour and scale of the pattern in metres. */
  MATERIALS: 28,
  /** How many round cones and boxes there are. */
  COUNTS: 60,
  /** Round cones: see `ROUND_CONE` in `pack.ts`. */
  CONES: 61,
  BOXES: 381,
  SCENE_QUADS: 421,
  /** Quads of a round cone, and of a box. */
  SHAPE_QUADS: 5,
  MOST_BALLS: 8,
  /** Cells of the light's grid along each side. */
  LIGHT_CELLS: 32,
} as const;

export const MOST_CONES = 64;
export const MOST_BOXES = 8;
export const MOST_MATERIALS = 16;

/** Numbers of a row. */
export const SCENE_SIZE = 4 * SCENE_LAYOUT.SCENE_QUADS;

/** What `mix` of two colours a material shows. */
export const PATTERN = {
  plain: 0,
  checker: 1,
  stripes: 2,
  tiles: 3,
  bricks: 4,
  boards: 5,
  noise: 6,
  /** The second colour where the coordinate is below 0. */
  step: 7,
  /** Skin: no pattern, but light wraps around it. */
  skin: 8,
} as const;
