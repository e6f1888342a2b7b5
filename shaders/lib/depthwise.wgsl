// What all kernels of depthwise convolution share: sizes, storage, and the store with its epilogue.
//
// x is [images, h, w, c], taps [KH, KW, 1, c], y [images, oh, ow, c]; channels are counted in Ts. With FLIP the taps are
// read from the last to the first: the gradient of the input is the convolution of dy with them, where the stride is 1.

// use lib/quad.wgsl
// use lib/column_epilogue.wgsl
// use lib/grid.wgsl

struct Params {
  images: u32, h: u32, w: u32, oh: u32, ow: u32, channels: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  top: i32, left: i32,                         // padding; of a gradient it may be negative
  blocks: u32,                                 // of rows of an image
  phases_y: u32, phases_x: u32,                // rows and columns that share no input
  length: u32,                                 // columns that a strip has at most
  strips: u32,                                 // of a block of rows
  spans: u32,                                  // strips that a thread takes
  first: u32,                                  // index of the first value, when y is a piece of something larger
  c0: f32, c1: f32, c2: f32, c3: f32,
  s0: u32, s1: u32, s2: u32, s3: u32,
}

override WIDTH: u32 = 64;                      // threads of a workgroup
override FLIP: bool = false;

const KH = 3u;
const KW = 3u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> taps: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;

fn tap(ky: u32, kx: u32, c: u32) -> T {
  let at = ky * KW + kx;
  return taps[select(at, KH * KW - 1 - at, FLIP) * params.channels + c];
}

fn store(image: u32, oy: u32, ox: u32, c: u32, value: T) {
  store_at(((image * params.oh + oy) * params.ow + ox) * params.channels + c, c, value);
}

fn store_at(at: u32, c: u32, value: T) {
  y[at] = column_epilogue(value, Place(at / params.channels, c, at));
}
