// What the kernels of a convolution by Winograd's F(2x2, 3x3) share: sizes, and which tiles of 2 x 2 pixels of y there are.
//
// x is [images, h, w, channels], y [images, oh, ow, channels]; channels are counted in Ts. Tile (ty, tx) of an image has the pixels
// (2 ty, 2 tx) to (2 ty + 1, 2 tx + 1) of y, and sees 4 x 4 of x. Each thread walks along a row of tiles.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params {
  images: u32, h: u32, w: u32, oh: u32, ow: u32, channels: u32,
  tiles_y: u32, tiles_x: u32,
  top: i32, left: i32,                         // padding; of a gradient it may be negative
  first: u32,                                  // index of the first value of y
  c0: f32, c1: f32, c2: f32, c3: f32,
  s0: u32, s1: u32, s2: u32, s3: u32,
}

override WIDTH: u32 = 64;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;

struct Four { a: T, b: T, c: T, d: T }         // a column of values
