// y[n, cell] = the set of things of scene n that may be seen in a cell: bit i of the first two words is round cone i, bit i of
// the third is box i
//
// A thread takes a cell: a tile of the picture, or, with FROM_LIGHT, a square of the plane across the light. It draws a circle about
// the cell, and about the picture of each thing the hull of two circles; the bit is set where they meet.
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
fn circle(scene: u32, p: vec3f, r: f32) -> vec3f {
  if FROM_LIGHT { return vec3f(dot(scenes[scene + LIGHT_X].xyz, p), dot(scenes[scene + LIGHT_Y].xyz, p), r); }
  let x = dot(scenes[scene + VIEW].xyz, p);
  let y = dot(scenes[scene + VIEW + 1].xyz, p);
  let z = dot(scenes[scene + VIEW + 2].xyz, p);
  if z < 1.2 * r + 0.01 { return vec3f(0.0, 0.0, EVERYWHERE); }
  let at = vec2f(x, y) / z;
  return vec3f(at, r * sqrt(1.0 + dot(at, at)) / (z - r));
}

// Whether the hull of two circles, the larger one's size at both ends, meets a circle.
fn meets(from_circle: vec3f, to_circle: vec3f, cell: vec3f) -> bool {
  let along = to_circle.xy - from_circle.xy;
  let way = cell.xy - from_circle.xy;
  let t = saturate(dot(way, along) / max(dot(along, along), 1e-12));
  let rest = way - t * along;
  let reach = max(from_circle.z, to_circle.z) + cell.z;
  return dot(rest, rest) < reach * reach;
}

fn circle_of(scene: u32, column: f32, row: f32) -> vec3f {
  if FROM_LIGHT {
    let side = 1.0 / scenes[scene + SENSOR].x;
    let low = vec2f(scenes[scene + LIGHT_X].w, scenes[scene + LIGHT_Y].w);
    return vec3f(low + side * vec2f(column + 0.5, row + 0.5), 0.7072 * side);
  }
  let window = scenes[scene + WINDOW];
  let pixel = window.zw / vec2f(params.width, params.height);
  let tile = f32(TILE) * pixel;
  return vec3f(window.xy + tile * vec2f(column + 0.5, row + 0.5), 0.5 * length(tile));
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let cells = params.columns * params.rows;
  // A workgroup has one scene, so that all its threads read the same.
  let each = (cells + WIDTH - 1) / WIDTH;
  let g = line(group, groups);
  let image = g / each;
  let at = g % each * WIDTH + lane;
  if image >= params.scenes || at >= cells { return; }
  let scene = image * SCENE_QUADS;
  let cell = circle_of(scene, f32(at % params.columns), f32(at / params.columns));

  let counts = vec2u(scenes[scene + COUNTS].xy);
  var bits = vec4u();
  for (var i = 0u; i < counts.x; i++) {
    let quad = scene + CONES + SHAPE_QUADS * i;
    let n = scenes[quad + 2];
    let back = vec4f(n.xyz, -n.w / (1.0 + n.w));          // undoes the flattening's map
    let a = mapped(scenes[quad].xyz, back);
    let b = a + mapped(scenes[quad + 1].xyz, back);
    let hit = meets(circle(scene, a, scenes[quad].w), circle(scene, b, scenes[quad + 1].w), cell);
    let bit = select(0u, 1u << (i & 31), hit);
    bits.x |= select(0u, bit, i < 32);
    bits.y |= select(bit, 0u, i < 32);
  }
  for (var i = 0u; i < counts.y; i++) {
    let quad = scene + BOXES + SHAPE_QUADS * i;
    let half_size = vec3f(scenes[quad].w, scenes[quad + 1].w, scenes[quad + 2].w);
    let ball = circle(scene, scenes[quad].xyz, length(half_size));
    bits.z |= select(0u, 1u << i, meets(ball, ball, cell));
  }
  y[image * cells + at] = bits;
}
