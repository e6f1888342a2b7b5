// y[o, b, i] = scale Σ over r in block b of x[o, r, i]        with PRODUCT of x[o, r, i] dy[o, r, i]
//
// Sums over the pixels of each image. One thread for each T of channels and each block of pixels; it takes them four at a time.
// Blocks are added by a second run, in which they are the pixels.
//
// Four sums, and blocks, keep each short; their order is fixed, so the same input gives the same bits.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params { outer: u32, reduced: u32, inner: u32, block: u32, scale: f32 }

override WIDTH: u32 = 64;                      // threads of a workgroup
override PRODUCT: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;

fn term(at: u32) -> T {
  if PRODUCT { return x[at] * dy[at]; }
  return x[at];
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let blocks = (params.reduced + params.block - 1) / params.block;
  let i = id % params.inner;
  let b = id / params.inner % blocks;
  let o = id / params.inner / blocks;
  if o >= params.outer { return; }
  let first = b * params.block;
  let last = min(first + params.block, params.reduced);
  let step = params.inner;
  let end = (o * params.reduced + last) * step + i;
  var at = (o * params.reduced + first) * step + i;
  var s0 = T(0.0); var s1 = T(0.0); var s2 = T(0.0); var s3 = T(0.0);
  for (; at + 3 * step < end; at += 4 * step) {
    s0 += term(at);
    s1 += term(at + step);
    s2 += term(at + 2 * step);
    s3 += term(at + 3 * step);
  }
  for (; at < end; at += step) { s0 += term(at); }
  y[id] = params.scale * ((s0 + s1) + (s2 + s3));
}
