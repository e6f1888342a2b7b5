// y[n, cell] = the set of things of scene n that may be seen in a cell: bit i of the first two words is round cone i, bit i of
// the third is box i
//
// A cell is a tile of the picture or, with FROM_LIGHT, a square of the plane across the light. A thread takes four of a column. It
// draws a circle about each, and about the picture of each thing the hull of two circles; the bit is set where they meet.
//
// Circles are drawn large: a ball of radius r at (X Z, Y Z, Z) lies within r |(X, Y, 1)| / (Z - r) about (X, Y) of the plane
// at depth 1. What comes near the camera's plane has no circle there and is in every cell.

// use lib/grid.wgsl
// use lib/scene.wgsl

struct Params { scenes: u32, columns: u32, rows: u32, width: f32, height: f32 }     // of a picture: cells, and pixels

override WIDTH: u32 = 64;                      // threads of a workgroup
override FROM_LIGHT: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scenes: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4u>;

const EVERYWHERE = 1e9;

// A circle: its centre and radius on the plane of the cells.
var<private> axis_x: vec4f;
var<private> axis_y: vec4f;
var<private> axis_z: vec4f;

fn circle(p: vec3f, r: f32) -> vec3f {
  let at = vec2f(dot(axis_x.xyz, p), dot(axis_y.xyz, p));
  if FROM_LIGHT { return vec3f(at, r); }
  let z = dot(axis_z.xyz, p);
  let seen = at / z;
  let wide = vec3f(seen, r * sqrt(1.0 + dot(seen, seen)) / (z - r));
  return select(wide, vec3f(0.0, 0.0, EVERYWHERE), z < 1.2 * r + 0.01);
}

// Whether the hull of two circles, the larger one's size at both ends, meets a circle.
fn meets(a: vec3f, along: vec2f, over: f32, reach: f32, cell: vec2f) -> bool {
  let way = cell - a.xy;
  let rest = way - saturate(dot(way, along) * over) * along;
  return dot(rest, rest) < reach * reach;
}

var<private> bits0: vec4u;
var<private> bits1: vec4u;
var<private> bits2: vec4u;
var<private> bits3: vec4u;

// Sets a thing's bit, of one word, in the cells of this thread that it meets.
fn put(a: vec3f, b: vec3f, bit: vec4u, cell: vec3f, down: vec2f) {
  let along = b.xy - a.xy;
  let over = 1.0 / max(dot(along, along), 1e-12);
  let reach = max(a.z, b.z) + cell.z;
  bits0 |= select(vec4u(), bit, meets(a, along, over, reach, cell.xy));
  bits1 |= select(vec4u(), bit, meets(a, along, over, reach, cell.xy + down));
  bits2 |= select(vec4u(), bit, meets(a, along, over, reach, cell.xy + 2.0 * down));
  bits3 |= select(vec4u(), bit, meets(a, along, over, reach, cell.xy + 3.0 * down));
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  // A workgroup has one scene, so that all its threads read the same.
  let fours = (params.rows + 3) / 4;
  let each = (params.columns * fours + WIDTH - 1) / WIDTH;
  let g = min(line(group, groups), params.scenes * each - 1);
  let image = g / each;
  let at = g % each * WIDTH + lane;
  let column = at % params.columns;
  let row = at / params.columns * 4;
  let scene = image * SCENE_QUADS;

  let window = scenes[scene + WINDOW];
  let light_x = scenes[scene + LIGHT_X];
  let light_y = scenes[scene + LIGHT_Y];
  let counts = vec2u(scenes[scene + COUNTS].xy);
  var low = vec2f(light_x.w, light_y.w);
  var side = vec2f(1.0 / scenes[scene + SENSOR].x);
  axis_x = light_x;
  axis_y = light_y;
  if !FROM_LIGHT {
    axis_x = scenes[scene + VIEW];
    axis_y = scenes[scene + VIEW + 1];
    axis_z = scenes[scene + VIEW + 2];
    low = window.xy;
    side = window.zw * vec2f(f32(TILE_WIDTH), f32(TILE_HEIGHT)) / vec2f(params.width, params.height);
  }
  let cell = vec3f(low + side * vec2f(f32(column) + 0.5, f32(row) + 0.5), 0.5001 * length(side));
  let down = vec2f(0.0, side.y);

  for (var i = 0u; i < counts.x; i++) {
    let quad = scene + CONES + SHAPE_QUADS * i;
    let n = scenes[quad + 2];
    let a = scenes[quad];
    let b = scenes[quad + 1];
    let back = vec4f(n.xyz, -n.w / (1.0 + n.w));          // undoes the flattening's map
    let place = mapped(a.xyz, back);
    let bit = 1u << (i & 31);
    let word = select(vec4u(0u, bit, 0u, 0u), vec4u(bit, 0u, 0u, 0u), i < 32);
    put(circle(place, a.w), circle(place + mapped(b.xyz, back), b.w), word, cell, down);
  }
  for (var i = 0u; i < counts.y; i++) {
    let quad = scene + BOXES + SHAPE_QUADS * i;
    let half_size = vec3f(scenes[quad].w, scenes[quad + 1].w, scenes[quad + 2].w);
    let ball = circle(scenes[quad].xyz, length(half_size));
    put(ball, ball, vec4u(0u, 0u, 1u << i, 0u), cell, down);
  }
  let to = (image * params.rows + row) * params.columns + column;
  let inside = row < params.rows && line(group, groups) == g;
  if inside { y[to] = bits0; }
  if inside && row + 1 < params.rows { y[to + params.columns] = bits1; }
  if inside && row + 2 < params.rows { y[to + 2 * params.columns] = bits2; }
  if inside && row + 3 < params.rows { y[to + 3 * params.columns] = bits3; }
}
