// y[n, p, c] = x[n, p, c] scale[n, c] + shift[n, c]           p is a pixel; the shift only with SHIFT
//
// A thread takes a T of channels of one image, its scale and shift once, and walks over `length` pixels. Stages follow in registers: see
// lib/column_epilogue.wgsl.
//
// One rounding for each operation.

// use lib/quad.wgsl
// use lib/column_epilogue.wgsl
// use lib/grid.wgsl

struct Params {
  images: u32, pixels: u32, channels: u32,     // channels in Ts
  length: u32,                                 // pixels of a thread
  first: u32,                                  // index of the first value, when y is a piece of something larger
  c0: f32, c1: f32, c2: f32, c3: f32,
  s0: u32, s1: u32, s2: u32, s3: u32,
}

override WIDTH: u32 = 64;                      // threads of a workgroup
override SHIFT: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> scale: array<T>;
@group(0) @binding(3) var<storage, read> shift: array<T>;
@group(0) @binding(4) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let parts = (params.pixels + params.length - 1) / params.length;
  let c = id % params.channels;
  let part = id / params.channels % parts;
  let image = id / params.channels / parts;
  if image >= params.images { return; }
  let factor = scale[image * params.channels + c];
  var offset = T(0.0);
  if SHIFT { offset = shift[image * params.channels + c]; }
  hold_rows(c);
  let end = image * params.pixels + min((part + 1) * params.length, params.pixels);
  for (var pixel = image * params.pixels + part * params.length; pixel < end; pixel++) {
    let at = pixel * params.channels + c;
    var r = x[at] * factor;
    if SHIFT { r += offset; }
    y[at] = column_epilogue(r, Place(pixel, c, at));
  }
}
