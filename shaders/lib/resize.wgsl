// Where result o of an axis lies among its `size` pixels: at (o times + plus) / parts, clamped to the first and the last. These
// are whole numbers, so that pixels are found exactly, however large the image is:
//   aligned corners  times = size - 1, plus = 0, parts = results - 1
//   half pixels      times = 2 size, plus = size - results, parts = 2 results
//   nearest          times = size, plus = 0, parts = results: the pixel before that place

// use lib/quad.wgsl
// use lib/grid.wgsl

override WIDTH: u32 = 64;                      // threads of a workgroup
override LINEAR = 1u;                          // 0: nearest

struct Axis { size: u32, results: u32, times: i32, plus: i32, parts: i32 }

struct Params {
  images: u32, columns: u32, run: u32, strips: u32,   // columns in Ts; pixels or results of a thread; threads along a row
  h: u32, oh: u32, times_y: i32, plus_y: i32, parts_y: i32,
  w: u32, ow: u32, times_x: i32, plus_x: i32, parts_x: i32,
}

@group(0) @binding(0) var<uniform> params: Params;

fn down(p: Params) -> Axis { return Axis(p.h, p.oh, p.times_y, p.plus_y, p.parts_y); }
fn across(p: Params) -> Axis { return Axis(p.w, p.ow, p.times_x, p.plus_x, p.parts_x); }

// The place of a result, in parts of a pixel.
fn place(a: Axis, o: u32) -> i32 { return clamp(i32(o) * a.times + a.plus, 0, (i32(a.size) - 1) * a.parts); }

// The weight of the pixel after the one before that place.
fn fraction(a: Axis, rest: i32) -> f32 { return select(0.0, f32(rest) / f32(a.parts), LINEAR == 1); }

// The first result at pixel i or after it.
fn first_result(a: Axis, i: u32) -> u32 {
  if i == 0 { return 0; }
  if a.times == 0 { return a.results; }
  return min(a.results, u32((i32(i) * a.parts - a.plus + a.times - 1) / a.times));
}
