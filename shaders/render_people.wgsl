// y[n, r, c] = (red, green, blue, depth) of what the ray through the middle of pixel (r, c) meets first in scene n;
// parts[n, r, c] = the part of the person that it is, or 0
//
// A workgroup takes a tile of the picture, a thread a pixel. The set of things that may be seen in the tile is the same for all
// its threads, so they walk through it together; the set of those that may stand before the light is looked up where the ray ends.
//
// Roots are taken of what is made small first, see `lib/ray.wgsl`; a ray to the light starts off the surface. Noise is made of
// integers, and the same everywhere.

// use lib/grid.wgsl
// use lib/pattern.wgsl
// use lib/random.wgsl
// use lib/ray.wgsl
// use lib/scene.wgsl

struct Params { scenes: u32, columns: u32, rows: u32, width: u32, height: u32 }     // of a picture: tiles, and pixels

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scenes: array<vec4f>;
@group(0) @binding(2) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(3) var<storage, read> lights: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> parts: array<f32>;

// Materials of the room.
const FLOOR = 0.0;
const WALL = 1.0;
const CEILING = 2.0;

struct Met { t: f32, quad: u32 }

fn nearest_cone(bits: u32, quad: u32, d: vec3f, best: Met) -> Met {
  var met = best;
  for (var left = bits; left != 0; left &= left - 1) {
    let at = quad + SHAPE_QUADS * firstTrailingBit(left);
    let t = meet_cone(scenes[at], scenes[at + 1], scenes[at + 2], vec3f(), d);
    if t < met.t { met = Met(t, at); }
  }
  return met;
}

fn shadowed(bits: u32, quad: u32, origin: vec3f, light: vec3f) -> bool {
  for (var left = bits; left != 0; left &= left - 1) {
    let at = quad + SHAPE_QUADS * firstTrailingBit(left);
    if meet_cone(scenes[at], scenes[at + 1], scenes[at + 2], origin, light) < FAR { return true; }
  }
  return false;
}

fn is_lit(scene: u32, image: u32, origin: vec3f, light: vec3f) -> bool {
  let x = scenes[scene + LIGHT_X];
  let y = scenes[scene + LIGHT_Y];
  let at = (vec2f(dot(x.xyz, origin), dot(y.xyz, origin)) - vec2f(x.w, y.w)) * scenes[scene + SENSOR].x;
  if any(at < vec2f()) || any(at >= vec2f(f32(LIGHT_CELLS))) { return true; }
  let cell = vec2u(at);
  let bits = lights[(image * LIGHT_CELLS + cell.y) * LIGHT_CELLS + cell.x];
  let cones = scene + CONES;
  if shadowed(bits.x, cones, origin, light) || shadowed(bits.y, cones + 32 * SHAPE_QUADS, origin, light) { return false; }
  for (var left = bits.z; left != 0; left &= left - 1) {
    let quad = scene + BOXES + SHAPE_QUADS * firstTrailingBit(left);
    if meet_box(scenes[quad], scenes[quad + 1], scenes[quad + 2], origin, light) < FAR { return false; }
  }
  return true;
}

// How much of what is above a point no ball of the person hides.
fn openness(scene: u32, p: vec3f, normal: vec3f) -> f32 {
  var open = 1.0;
  for (var i = 0u; i < MOST_BALLS; i++) {
    let ball = scenes[scene + BALLS + i];
    let way = ball.xyz - p;
    let square = dot(way, way);
    let facing = max(0.0, dot(normal, way)) * inverseSqrt(square);
    open *= 1.0 - min(0.75, facing * (ball.w * ball.w / square));
  }
  return open;
}

// The coordinates of a face along which patterns lie.
fn across(p: vec3f, face: u32) -> vec2f {
  return select(select(p.xy, p.xz, face == 1), p.zy, face == 0);
}

struct Surface { normal: vec3f, material: f32, at: vec2f, part: f32, sky: bool }

fn surface_of(scene: u32, met: Met, room_t: vec3f, d: vec3f) -> Surface {
  let p = met.t * d;
  if met.quad == 0 {
    let face = select(select(2u, 1u, room_t.y <= met.t), 0u, room_t.x <= met.t);
    let wall = scenes[scene + ROOM + face].xyz;
    let up = dot(wall, d) > 0.0;
    let local = vec3f(dot(scenes[scene + ROOM].xyz, p), dot(scenes[scene + ROOM + 1].xyz, p),
                      dot(scenes[scene + ROOM + 2].xyz, p));
    let place = vec3f(scenes[scene + ROOM].w, scenes[scene + ROOM + 1].w, scenes[scene + ROOM + 2].w);
    let material = select(WALL, select(FLOOR, CEILING, up), face == 1);
    let sky = scenes[scene + HIGH].w > 0.5 && (face != 1 || up);
    return Surface(select(wall, -wall, up), material, across(local + place, face), 0.0, sky);
  }
  let a = scenes[met.quad];
  let b = scenes[met.quad + 1];
  let c = scenes[met.quad + 2];
  let what = scenes[met.quad + 4];
  if met.quad >= scene + BOXES {
    let half_size = vec3f(a.w, b.w, c.w);
    let local = in_axes(b.xyz, c.xyz, p - a.xyz);
    let size = abs(local / half_size);
    let face = select(select(2u, 1u, size.y >= size.z), 0u, size.x >= size.y && size.x >= size.z);
    let axis = select(select(cross(b.xyz, c.xyz), c.xyz, face == 1), b.xyz, face == 0);
    return Surface(axis * sign(local[face]), what.x, across(local, face), 0.0, false);
  }
  let normal = cone_normal(a, b, c, p);
  let along = scenes[met.quad + 3];
  return Surface(normal / max(1e-9, length(normal)), what.x, vec2f(dot(along.xyz, p) + along.w, 0.0), what.y, false);
}

// Linear light that comes back along a ray.
fn shade(scene: u32, image: u32, s: Surface, t: f32, d: vec3f) -> vec3f {
  let up = scenes[scene + ROOM + 1].xyz;
  let distance = length(d);
  if s.sky { return mix(vec3f(0.86, 0.88, 0.9), vec3f(0.3, 0.5, 0.85), sqrt(max(0.0, dot(up, d) / distance))); }
  let first = scenes[scene + MATERIALS + 2 * u32(s.material)];
  let second = scenes[scene + MATERIALS + 2 * u32(s.material) + 1];
  let kind = u32(first.w);
  let facing = max(0.08, abs(dot(s.normal, d)) / distance);
  let pixel = scenes[scene + WINDOW].w / f32(params.height);
  let colour = mix(first.xyz, second.xyz, pattern(kind, s.at / second.w, t * pixel / (facing * second.w)));

  let light = scenes[scene + LIGHT];
  let wrap = select(0.0, light.w, kind == SKIN);
  var lit = max(0.0, (dot(s.normal, light.xyz) + wrap) / (1.0 + wrap));
  if lit > 0.0 && !is_lit(scene, image, t * d + 0.004 * s.normal, light.xyz) { lit = 0.0; }
  var open = 1.0;
  if s.part == 0.0 { open = openness(scene, t * d, s.normal); }
  let above = 0.5 + 0.5 * dot(s.normal, up);
  return colour * (scenes[scene + SUN].xyz * lit + mix(scenes[scene + BOUNCE].xyz, scenes[scene + SKY].xyz, above) * open);
}

// About standard normal numbers: sums of four uniform ones, of 16 bits each.
fn bell(a: vec3u, b: vec3u) -> vec3f {
  let sum = (a & vec3u(0xffff)) + (a >> vec3u(16)) + (b & vec3u(0xffff)) + (b >> vec3u(16));
  return (vec3f(sum) * 0x1p-16 - 2.0) * 1.7320508;
}

// What the sensor makes of light: noise, the end of its range, and sRGB's transfer function (IEC 61966-2-1).
fn exposed(scene: u32, light: vec3f, pixel: u32) -> vec3f {
  let sensor = scenes[scene + SENSOR];
  let keys = vec2u(scenes[scene + DEPTH].xy);
  let first = pcg4d(vec4u(pixel, keys, 0u));
  let again = pcg4d(vec4u(pixel, keys, 1u));
  let seen = light * sensor.y;
  let noise = bell(vec3u(first.xz, again.x), vec3u(first.yw, again.y));
  let c = saturate(seen + noise * sqrt(max(vec3f(), sensor.z * seen) + sensor.w * sensor.w));
  return select(1.055 * pow(max(c, vec3f(1e-6)), vec3f(1.0 / 2.4)) - 0.055, 12.92 * c, c <= vec3f(0.0031308));
}

// The depth of a point as the depth map has it.
fn depth_at(scene: u32, t: f32, d: vec3f) -> f32 {
  let depth = scenes[scene + DEPTH];
  var bias = 1.0;
  for (var i = 0u; i < 3; i++) {
    let wave = scenes[scene + WAVES + i];
    bias += wave.w * sin(6.2831853 * fract(dot(wave.xy, d.xy) / d.z + wave.z));
  }
  return select(t * depth.z * bias, 0.0, t > depth.w);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let g = line(group, groups);
  let image = g / (params.columns * params.rows);
  if image >= params.scenes { return; }
  let tile = g % (params.columns * params.rows);
  let c = tile % params.columns * TILE + lane % TILE;
  let r = tile / params.columns * TILE + lane / TILE;
  if c >= params.width || r >= params.height { return; }
  let scene = image * SCENE_QUADS;

  let window = scenes[scene + WINDOW];
  let plane = window.xy + window.zw * (vec2f(f32(c), f32(r)) + 0.5) / vec2f(f32(params.width), f32(params.height));
  let d = plane.x * scenes[scene + VIEW].xyz + plane.y * scenes[scene + VIEW + 1].xyz + scenes[scene + VIEW + 2].xyz;

  // The room is left through the nearest of three walls.
  let to = away(vec3f(dot(scenes[scene + ROOM].xyz, d), dot(scenes[scene + ROOM + 1].xyz, d), dot(scenes[scene + ROOM + 2].xyz, d)));
  let place = vec3f(scenes[scene + ROOM].w, scenes[scene + ROOM + 1].w, scenes[scene + ROOM + 2].w);
  let room_t = (select(scenes[scene + LOW].xyz, scenes[scene + HIGH].xyz, to > vec3f()) - place) / to;
  var met = Met(min(room_t.x, min(room_t.y, room_t.z)), 0u);

  let bits = tiles[g];
  met = nearest_cone(bits.x, scene + CONES, d, met);
  met = nearest_cone(bits.y, scene + CONES + 32 * SHAPE_QUADS, d, met);
  for (var left = bits.z; left != 0; left &= left - 1) {
    let quad = scene + BOXES + SHAPE_QUADS * firstTrailingBit(left);
    let t = meet_box(scenes[quad], scenes[quad + 1], scenes[quad + 2], vec3f(), d);
    if t < met.t { met = Met(t, quad); }
  }

  let s = surface_of(scene, met, room_t, d);
  let pixel = r * params.width + c;
  let colour = exposed(scene, shade(scene, image, s, met.t, d), pixel);
  let at = image * params.width * params.height + pixel;
  y[at] = vec4f(colour, select(depth_at(scene, met.t, d), 0.0, s.sky));
  parts[at] = s.part;
}
