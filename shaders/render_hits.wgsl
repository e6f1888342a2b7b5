// hits[n, r, c] = (t, quad) of what the ray through the middle of pixel (r, c) meets first in scene n: how far along it is, and
// which round cone or box, by the place of its quads in the row, or 0 to 2 for the walls of the room
//
// A workgroup takes a tile of 16 x 8 pixels, a thread four of a column, so that what is loaded of a thing serves four rays. The
// set of things that may be seen in the tile is the same for all its threads, and they walk through it together.
//
// Roots are taken of what is made small first, see `lib/ray.wgsl`. Pixels beyond the picture are those of its edge, computed
// and not stored: lavapipe loads once what all threads share only where none can have left.

// use lib/grid.wgsl
// use lib/ray.wgsl
// use lib/scene.wgsl

struct Params { scenes: u32, columns: u32, rows: u32, width: u32, height: u32 }     // of a picture: tiles, and pixels

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scenes: array<vec4f>;
@group(0) @binding(2) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> hits: array<vec2f>;

struct Met { t: f32, quad: u32 }

fn nearer(met: Met, t: f32, quad: u32) -> Met {
  return Met(min(met.t, t), select(met.quad, quad, t < met.t));
}

var<private> met0: Met;
var<private> met1: Met;
var<private> met2: Met;
var<private> met3: Met;

fn meet_cones(left_bits: u32, scene: u32, first: u32, d: vec3f, down: vec3f) {
  for (var left = left_bits; left != 0; left &= left - 1) {
    let quad = first + SHAPE_QUADS * firstTrailingBit(left);
    let a = scenes[scene + quad];
    let b = scenes[scene + quad + 1];
    let n = scenes[scene + quad + 2];
    met0 = nearer(met0, meet_cone(a, b, n, vec3f(), d), quad);
    met1 = nearer(met1, meet_cone(a, b, n, vec3f(), d + down), quad);
    met2 = nearer(met2, meet_cone(a, b, n, vec3f(), d + 2.0 * down), quad);
    met3 = nearer(met3, meet_cone(a, b, n, vec3f(), d + 3.0 * down), quad);
  }
}

// The room is left through the nearest of three walls.
fn leave(low: vec3f, high: vec3f, x: vec4f, y: vec4f, z: vec4f, d: vec3f) -> Met {
  let to = away(vec3f(dot(x.xyz, d), dot(y.xyz, d), dot(z.xyz, d)));
  let t = (select(low, high, to > vec3f()) - vec3f(x.w, y.w, z.w)) / to;
  return nearer(nearer(Met(t.x, 0u), t.y, 1u), t.z, 2u);
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let count = params.columns * params.rows;
  let g = min(line(group, groups), params.scenes * count - 1);
  let image = g / count;
  let tile = g % count;
  let c = tile % params.columns * TILE_WIDTH + lane % TILE_WIDTH;
  let r = tile / params.columns * TILE_HEIGHT + lane / TILE_WIDTH * 4;
  let scene = image * SCENE_QUADS;
  let window = scenes[scene + WINDOW];
  let right = scenes[scene + VIEW];
  let below = scenes[scene + VIEW + 1];
  let ahead = scenes[scene + VIEW + 2];
  let x = scenes[scene + ROOM];
  let y = scenes[scene + ROOM + 1];
  let z = scenes[scene + ROOM + 2];
  let low = scenes[scene + LOW].xyz;
  let high = scenes[scene + HIGH].xyz;
  let bits = tiles[g];

  let pixel = window.zw / vec2f(f32(params.width), f32(params.height));
  let plane = window.xy + pixel * (vec2f(f32(c), f32(r)) + 0.5);
  let d = plane.x * right.xyz + plane.y * below.xyz + ahead.xyz;
  let down = pixel.y * below.xyz;
  met0 = leave(low, high, x, y, z, d);
  met1 = leave(low, high, x, y, z, d + down);
  met2 = leave(low, high, x, y, z, d + 2.0 * down);
  met3 = leave(low, high, x, y, z, d + 3.0 * down);
  meet_cones(bits.x, scene, CONES, d, down);
  meet_cones(bits.y, scene, CONES + 32 * SHAPE_QUADS, d, down);
  for (var left = bits.z; left != 0; left &= left - 1) {
    let quad = BOXES + SHAPE_QUADS * firstTrailingBit(left);
    let centre = scenes[scene + quad];
    let u = scenes[scene + quad + 1];
    let v = scenes[scene + quad + 2];
    met0 = nearer(met0, meet_box(centre, u, v, vec3f(), d), quad);
    met1 = nearer(met1, meet_box(centre, u, v, vec3f(), d + down), quad);
    met2 = nearer(met2, meet_box(centre, u, v, vec3f(), d + 2.0 * down), quad);
    met3 = nearer(met3, meet_box(centre, u, v, vec3f(), d + 3.0 * down), quad);
  }

  let at = (image * params.height + r) * params.width + c;
  let inside = c < params.width && line(group, groups) == g;
  if inside && r < params.height { hits[at] = vec2f(met0.t, f32(met0.quad)); }
  if inside && r + 1 < params.height { hits[at + params.width] = vec2f(met1.t, f32(met1.quad)); }
  if inside && r + 2 < params.height { hits[at + 2 * params.width] = vec2f(met2.t, f32(met2.quad)); }
  if inside && r + 3 < params.height { hits[at + 3 * params.width] = vec2f(met3.t, f32(met3.quad)); }
}
