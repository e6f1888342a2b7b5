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
override PADDED = 1u;                          // 0: all taps of all windows are inside of the image
override COUNT_PADDING = 1u;                   // 1: the mean counts taps outside of the image, too

struct Params { images: u32, h: u32, w: u32, columns: u32, oh: u32, ow: u32, tiles: u32, steps: u32, neutral: f32 }

@group(0) @binding(0) var<uniform> params: Params;

// Ts before pixel (y, x) of an image, and before place (oy, ox) of its results. Kernels read `params` once, into p: loads from
// a uniform buffer stay in their loops, since stores might change it for all that some compilers know.
fn pixel(p: Params, image: u32, y: u32, x: u32) -> u32 { return ((image * p.h + y) * p.w + x) * p.columns; }
fn place(p: Params, image: u32, oy: u32, ox: u32) -> u32 { return ((image * p.oh + oy) * p.ow + ox) * p.columns; }

// Where a thread begins that walks along Ts of a row of pixels or places: at T c of number i in it. `tiles` workgroups share each
// row, by `steps` steps of a thread.
struct Start { row: u32, i: u32, c: u32, first: u32, end: u32 }

fn start(p: Params, group: u32, lane: u32, length: u32) -> Start {
  let begin = group % p.tiles * p.steps * WIDTH;
  let first = begin + lane;
  let end = min(begin + p.steps * WIDTH, length * p.columns);
  return Start(group / p.tiles, first / p.columns, first % p.columns, first, end);
}

fn combined(a: T, b: T) -> T { return select(a + b, max(a, b), MAX == 1); }

// How many of `taps` taps, `apart` pixels from each other and the first at `first`, are inside of `size` pixels.
fn inside(first: i32, taps: i32, apart: i32, size: u32) -> i32 {
  let begin = max(0, (apart - 1 - first) / apart);
  return min(taps, (i32(size) - first + apart - 1) / apart) - begin;
}

// What the sum of the taps of a window is multiplied with.
fn share(p: Params, oy: u32, ox: u32) -> f32 {
  if MAX == 1 { return 1.0; }
  if COUNT_PADDING == 1 { return 1.0 / f32(KH * KW); }
  let down = inside(i32(oy * SY) - i32(TOP), i32(KH), i32(DY), p.h);
  let across = inside(i32(ox * SX) - i32(LEFT), i32(KW), i32(DX), p.w);
  return 1.0 / f32(down * across);
}
