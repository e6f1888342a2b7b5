// What the kernels of the gradients of depthwise convolution share: sizes, with x [images, h, w, c] and dy [images, oh, ow, c];
// channels are counted in Ts.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params {
  images: u32, h: u32, w: u32, oh: u32, ow: u32, channels: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  top: i32, left: i32,                         // padding
  blocks: u32,                                 // of rows of an image
  phases_x: u32,                               // columns that share no input
  block: u32,                                  // rows, or pixels, that a thread adds up
  first_block: u32,                            // when the images are cut
}

override WIDTH: u32 = 64;                      // threads of a workgroup

const KH = 3u;
const KW = 3u;

@group(0) @binding(0) var<uniform> params: Params;
