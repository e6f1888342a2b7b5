// y[n, r, c] = (red, green, blue, depth) of what the ray of pixel (r, c) meets first in scene n, given hits[n, r, c];
// parts[n, r, c] = the part of the person that it is, or 0. Without COLOURS the first three are 0.
//
// A thread takes a pixel. It looks up which things may stand between the point and the light, and casts a ray at those.
//
// A ray to the light starts off the surface. Noise is made of integers, and the same everywhere. What all threads of a scene share
// is loaded first, before any branch: there lavapipe loads it once.

// use lib/grid.wgsl
// use lib/pattern.wgsl
// use lib/random.wgsl
// use lib/ray.wgsl
// use lib/scene.wgsl

struct Params { scenes: u32, width: u32, height: u32, groups: u32 }      // workgroups of a picture

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scenes: array<vec4f>;
@group(0) @binding(2) var<storage, read> lights: array<vec4u>;
@group(0) @binding(3) var<storage, read> hits: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> parts: array<f32>;

override WIDTH: u32 = 64;                      // threads of a workgroup
override COLOURS: bool = true;

// Materials of the room.
const FLOOR = 0.0;
const WALL = 1.0;
const CEILING = 2.0;

struct Scene {
  image: u32, first: u32,
  room_x: vec4f, room_y: vec4f, room_z: vec4f, outdoors: f32,
  light: vec4f, sun: vec3f, sky: vec3f, bounce: vec3f, light_x: vec4f, light_y: vec4f,
  sensor: vec4f, depth: vec4f, waves: array<vec4f, 3>, balls: array<vec4f, MOST_BALLS>,
  pixel: f32,                                  // side of a pixel at depth 1
}
var<private> scene: Scene;

fn is_lit(origin: vec3f) -> bool {
  let at = (vec2f(dot(scene.light_x.xyz, origin), dot(scene.light_y.xyz, origin))
            - vec2f(scene.light_x.w, scene.light_y.w)) * scene.sensor.x;
  if any(at < vec2f()) || any(at >= vec2f(f32(LIGHT_CELLS))) { return true; }
  let cell = vec2u(at);
  var left = lights[(scene.image * LIGHT_CELLS + cell.y) * LIGHT_CELLS + cell.x];
  var lit = true;
  // One loop for both words: lavapipe runs the body of a loop once even where no thread wants it.
  while lit && (left.x | left.y) != 0 {
    let low = left.x != 0;
    let quad = scene.first + CONES
               + SHAPE_QUADS * select(32 + firstTrailingBit(left.y), firstTrailingBit(left.x), low);
    left = select(vec4u(0u, left.y & (left.y - 1), left.zw), vec4u(left.x & (left.x - 1), left.yzw), low);
    lit = meet_cone(scenes[quad], scenes[quad + 1], scenes[quad + 2], origin, scene.light.xyz) >= FAR;
  }
  while lit && left.z != 0 {
    let quad = scene.first + BOXES + SHAPE_QUADS * firstTrailingBit(left.z);
    left.z &= left.z - 1;
    lit = meet_box(scenes[quad], scenes[quad + 1], scenes[quad + 2], origin, scene.light.xyz) >= FAR;
  }
  return lit;
}

// How much of what is above a point no ball of the person hides.
fn openness(p: vec3f, normal: vec3f) -> f32 {
  var open = 1.0;
  for (var i = 0u; i < MOST_BALLS; i++) {
    let ball = scene.balls[i];
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

fn wall(face: u32, p: vec3f, d: vec3f) -> Surface {
  let axis = select(select(scene.room_z, scene.room_y, face == 1), scene.room_x, face == 0).xyz;
  let up = dot(axis, d) > 0.0;
  let local = vec3f(dot(scene.room_x.xyz, p) + scene.room_x.w, dot(scene.room_y.xyz, p) + scene.room_y.w,
                    dot(scene.room_z.xyz, p) + scene.room_z.w);
  let material = select(WALL, select(FLOOR, CEILING, up), face == 1);
  let sky = scene.outdoors > 0.5 && (face != 1 || up);
  return Surface(select(axis, -axis, up), material, across(local, face), 0.0, sky);
}

fn surface_of(quad: u32, p: vec3f, d: vec3f) -> Surface {
  if quad < 3 { return wall(quad, p, d); }
  let at = scene.first + quad;
  let a = scenes[at];
  let b = scenes[at + 1];
  let c = scenes[at + 2];
  let what = scenes[at + 4];
  if quad >= BOXES {
    let half_size = vec3f(a.w, b.w, c.w);
    let local = in_axes(b.xyz, c.xyz, p - a.xyz);
    let size = abs(local / half_size);
    let face = select(select(2u, 1u, size.y >= size.z), 0u, size.x >= size.y && size.x >= size.z);
    let axis = select(select(cross(b.xyz, c.xyz), c.xyz, face == 1), b.xyz, face == 0);
    let side = select(select(local.z, local.y, face == 1), local.x, face == 0);
    return Surface(axis * sign(side), what.x, across(local, face), 0.0, false);
  }
  let normal = cone_normal(a, b, c, p);
  let along = scenes[at + 3];
  return Surface(normal / max(1e-9, length(normal)), what.x, vec2f(dot(along.xyz, p) + along.w, 0.0), what.y, false);
}

// Linear light that comes back along a ray.
fn shade(s: Surface, t: f32, d: vec3f) -> vec3f {
  let up = scene.room_y.xyz;
  let distance = length(d);
  if s.sky { return mix(vec3f(0.86, 0.88, 0.9), vec3f(0.3, 0.5, 0.85), sqrt(max(0.0, dot(up, d) / distance))); }
  let material = scene.first + MATERIALS + 2 * u32(s.material);
  let first = scenes[material];
  let second = scenes[material + 1];
  let kind = u32(first.w);
  let facing = max(0.08, abs(dot(s.normal, d)) / distance);
  let colour = mix(first.xyz, second.xyz, pattern(kind, s.at / second.w, t * scene.pixel / (facing * second.w)));

  let wrap = select(0.0, scene.light.w, kind == SKIN);
  var lit = max(0.0, (dot(s.normal, scene.light.xyz) + wrap) / (1.0 + wrap));
  if lit > 0.0 && !is_lit(t * d + 0.004 * s.normal) { lit = 0.0; }
  var open = 1.0;
  if s.part == 0.0 { open = openness(t * d, s.normal); }
  return colour * (scene.sun * lit + mix(scene.bounce, scene.sky, 0.5 + 0.5 * dot(s.normal, up)) * open);
}

// About standard normal numbers: sums of four uniform ones, of 16 bits each.
fn bell(a: vec3u, b: vec3u) -> vec3f {
  let sum = (a & vec3u(0xffff)) + (a >> vec3u(16)) + (b & vec3u(0xffff)) + (b >> vec3u(16));
  return (vec3f(sum) * 0x1p-16 - 2.0) * 1.7320508;
}

// What the sensor makes of light: noise, the end of its range, and sRGB's transfer function (IEC 61966-2-1).
fn exposed(light: vec3f, pixel: u32) -> vec3f {
  let keys = vec2u(scene.depth.xy);
  let first = pcg4d(vec4u(pixel, keys, 0u));
  let again = pcg4d(vec4u(pixel, keys, 1u));
  let seen = light * scene.sensor.y;
  let noise = bell(vec3u(first.xz, again.x), vec3u(first.yw, again.y));
  let c = saturate(seen + noise * sqrt(max(vec3f(), scene.sensor.z * seen) + scene.sensor.w * scene.sensor.w));
  return select(1.055 * pow(max(c, vec3f(1e-6)), vec3f(1.0 / 2.4)) - 0.055, 12.92 * c, c <= vec3f(0.0031308));
}

// The depth of a point as the depth map has it.
fn depth_at(t: f32, d: vec3f) -> f32 {
  var bias = 1.0;
  for (var i = 0u; i < 3; i++) {
    let wave = scene.waves[i];
    bias += wave.w * sin(6.2831853 * fract(dot(wave.xy, d.xy) / d.z + wave.z));
  }
  return select(t * scene.depth.z * bias, 0.0, t > scene.depth.w);
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let g = min(line(group, groups), params.scenes * params.groups - 1);
  scene.image = g / params.groups;
  scene.first = scene.image * SCENE_QUADS;
  let f = scene.first;
  scene.room_x = scenes[f + ROOM];
  scene.room_y = scenes[f + ROOM + 1];
  scene.room_z = scenes[f + ROOM + 2];
  scene.outdoors = scenes[f + HIGH].w;
  scene.light = scenes[f + LIGHT];
  scene.sun = scenes[f + SUN].xyz;
  scene.sky = scenes[f + SKY].xyz;
  scene.bounce = scenes[f + BOUNCE].xyz;
  scene.light_x = scenes[f + LIGHT_X];
  scene.light_y = scenes[f + LIGHT_Y];
  scene.sensor = scenes[f + SENSOR];
  scene.depth = scenes[f + DEPTH];
  scene.waves = array(scenes[f + WAVES], scenes[f + WAVES + 1], scenes[f + WAVES + 2]);
  let b = f + BALLS;
  scene.balls = array(scenes[b], scenes[b + 1], scenes[b + 2], scenes[b + 3],
                      scenes[b + 4], scenes[b + 5], scenes[b + 6], scenes[b + 7]);
  let window = scenes[f + WINDOW];
  scene.pixel = window.w / f32(params.height);

  let count = params.width * params.height;
  let wanted = g % params.groups * WIDTH + lane;
  let pixel = min(wanted, count - 1);
  let place = vec2f(f32(pixel % params.width), f32(pixel / params.width)) + 0.5;
  let plane = window.xy + window.zw * place / vec2f(f32(params.width), f32(params.height));
  let d = plane.x * scenes[f + VIEW].xyz + plane.y * scenes[f + VIEW + 1].xyz + scenes[f + VIEW + 2].xyz;

  let at = scene.image * count + pixel;
  let hit = hits[at];
  let s = surface_of(u32(hit.y), hit.x * d, d);
  var colour = vec3f();
  if COLOURS { colour = exposed(shade(s, hit.x, d), pixel); }
  let depth = select(depth_at(hit.x, d), 0.0, s.sky);
  if wanted < count && line(group, groups) == g {
    y[at] = vec4f(colour, depth);
    parts[at] = s.part;
  }
}
