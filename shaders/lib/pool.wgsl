// Windows of KH x KW taps that slide over images [n, h, w, columns of Ts]: window (oy, ox) has its first tap at pixel
// (oy SY - TOP, ox SX - LEFT), and its taps are DY and DX pixels apart. There are oh x ow windows on each image.

// use lib/quad.wgsl
// use lib/grid.wgsl

const KH = 2u;
const KW = 2u;
const SY = 2u;
const SX = 2u;
const DY = 1u;
const DX = 1u;
const TOP = 0u;
const LEFT = 0u;

override WIDTH: u32 = 64;                      // threads of a workgroup
override MAX = 0u;                             // 1: the largest value of a window, else the mean
override COUNT_PADDING = 1u;                   // 1: the mean counts taps outside of the image, too

struct Params { images: u32, h: u32, w: u32, columns: u32, oh: u32, ow: u32, neutral: f32 }

@group(0) @binding(0) var<uniform> params: Params;

// Ts before pixel (y, x) of an image.
fn pixel(image: u32, y: u32, x: u32) -> u32 { return ((image * params.h + y) * params.w + x) * params.columns; }
fn place(image: u32, oy: u32, ox: u32) -> u32 { return ((image * params.oh + oy) * params.ow + ox) * params.columns; }

fn combined(a: T, b: T) -> T { return select(a + b, max(a, b), MAX == 1); }

// How many of `taps` taps, `apart` pixels from each other and the first at `first`, are inside of `size` pixels.
fn inside(first: i32, taps: i32, apart: i32, size: u32) -> i32 {
  let begin = max(0, (apart - 1 - first) / apart);
  return min(taps, (i32(size) - first + apart - 1) / apart) - begin;
}

// What the sum of the taps of a window is multiplied with.
fn share(oy: u32, ox: u32) -> f32 {
  if MAX == 1 { return 1.0; }
  if COUNT_PADDING == 1 { return 1.0 / f32(KH * KW); }
  let down = inside(i32(oy * SY) - i32(TOP), i32(KH), i32(DY), params.h);
  let across = inside(i32(ox * SX) - i32(LEFT), i32(KW), i32(DX), params.w);
  return 1.0 / f32(down * across);
}
