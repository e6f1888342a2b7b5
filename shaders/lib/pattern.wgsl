// Patterns of surfaces, blurred over what a pixel covers; the same formulas stand in `src/data/scene/pattern.ts`.

const CHECKER = 1u;
const STRIPES = 2u;
const TILES = 3u;
const BRICKS = 4u;
const BOARDS = 5u;
const NOISE = 6u;
const STEP = 7u;
const SKIN = 8u;

// A uniform number of a cell of the plane.
fn cell(at: vec2f) -> f32 {
  let c = bitcast<vec2u>(vec2i(at));
  var h = (c.x * 0x9e3779b1u) ^ (c.y * 0x85ebca6bu);
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return f32((h ^ (h >> 15)) >> 8) * 0x1p-24;
}

// 1 in odd cells of the line, 0 in even ones, the edges blurred.
fn square(x: vec2f, blur: f32) -> vec2f {
  let s = fract(x * 0.5 + 0.25);
  return saturate(0.5 + (2.0 * abs(s - 0.5) - 0.5) / blur);
}

fn smooth_noise(at: vec2f) -> f32 {
  let low = floor(at);
  let f = at - low;
  let e = f * f * (3.0 - 2.0 * f);
  let bottom = mix(cell(low), cell(low + vec2f(1.0, 0.0)), e.x);
  let top = mix(cell(low + vec2f(0.0, 1.0)), cell(low + vec2f(1.0, 1.0)), e.x);
  return mix(bottom, top, e.y);
}

// Blocks in rows with gaps: each has its own tone, gaps are of the second colour.
fn masonry(at: vec2f, long: f32, shift: f32, gap: f32, tones: f32, blur: f32) -> f32 {
  let row = floor(at.y);
  let along = at.x / long + shift * row;
  let fy = fract(at.y);
  let fx = fract(along);
  let edge = min(min(fy, 1.0 - fy), min(fx, 1.0 - fx) * long);
  let line = saturate(0.5 + (gap - edge) / blur) * min(1.0, 4.0 * gap / blur);
  let tone = tones * cell(vec2f(floor(along), row)) / (1.0 + blur);
  return tone + (1.0 - tone) * line;
}

// Share of the second colour at a place in cells of the pattern, where a pixel covers `blur` cells.
fn pattern(kind: u32, at: vec2f, blur: f32) -> f32 {
  let soft = max(blur, 1e-3);
  if kind == CHECKER || kind == STRIPES {
    let s = square(at, soft);
    return select(s.x, s.x + s.y - 2.0 * s.x * s.y, kind == CHECKER);
  }
  if kind == STEP { return saturate(0.5 - at.x / soft); }
  if kind == NOISE {
    return (0.6 * smooth_noise(at) + 0.4 * smooth_noise(2.7 * at) - 0.5) / (1.0 + soft) + 0.5;
  }
  if kind >= TILES && kind <= BOARDS {
    var kinds = array(vec4f(1.0, 0.0, 0.02, 0.12), vec4f(2.6, 0.5, 0.06, 0.35), vec4f(9.0, 0.37, 0.02, 0.4));
    let m = kinds[kind - TILES];
    return masonry(at, m.x, m.y, m.z, m.w, soft);
  }
  return 0.0;
}
