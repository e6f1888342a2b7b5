// A scene as one row of quads: `src/data/scene/layout.ts` says what each holds, under the same names.

const WINDOW = 0u;
const VIEW = 1u;
const ROOM = 4u;
const LOW = 7u;
const HIGH = 8u;
const LIGHT = 9u;
const SUN = 10u;
const SKY = 11u;
const BOUNCE = 12u;
const LIGHT_X = 13u;
const LIGHT_Y = 14u;
const SENSOR = 15u;
const DEPTH = 16u;
const WAVES = 17u;
const BALLS = 20u;
const MATERIALS = 28u;
const COUNTS = 60u;
const CONES = 61u;
const BOXES = 381u;
const SCENE_QUADS = 421u;
const SHAPE_QUADS = 5u;
const MOST_BALLS = 8u;
const LIGHT_CELLS = 32u;

// Pixels of a tile of the picture.
const TILE_WIDTH = 16u;
const TILE_HEIGHT = 8u;

// v + k n (n . v)
fn mapped(v: vec3f, n: vec4f) -> vec3f {
  return v + n.xyz * (n.w * dot(n.xyz, v));
}
