// y[y_first + Σ y_j i_j] = x[x_first + Σ x_j i_j]         for every index i of a box of up to six axes
//
// The last axis is d5; for each index of the others a line runs along it, which `threads` threads share: see
// lib/walk.wgsl. With strides of x it reads a transpose, a slice or a broadcast; with strides of y it writes into a part of
// something larger, as concat and pad do. Sizes, strides and firsts are in Us: quads, where lines and all between them are made
// of such.
//
// It moves bits and computes none.

// use lib/walk.wgsl

struct Params {
  lines: u32, threads: u32, stride: u32, steps: u32, x_first: u32, y_first: u32,
  d0: u32, d1: u32, d2: u32, d3: u32, d4: u32, d5: u32,
  x0: u32, x1: u32, x2: u32, x3: u32, x4: u32, x5: u32,
  y0: u32, y1: u32, y2: u32, y3: u32, y4: u32, y5: u32,
}

alias U = u32;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<U>;
@group(0) @binding(2) var<storage, read_write> y: array<U>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  var rest = id / params.threads;
  if rest >= params.lines { return; }
  let i4 = rest % params.d4; rest /= params.d4;
  let i3 = rest % params.d3; rest /= params.d3;
  let i2 = rest % params.d2; rest /= params.d2;
  let i1 = rest % params.d1; rest /= params.d1;
  let i0 = rest;
  let source = params.x_first + params.x0 * i0 + params.x1 * i1 + params.x2 * i2 + params.x3 * i3 + params.x4 * i4;
  let place = params.y_first + params.y0 * i0 + params.y1 * i1 + params.y2 * i2 + params.y3 * i3 + params.y4 * i4;

  let w = walk(id % params.threads, params.stride, params.steps, params.d5);
  for (var i5 = w.first; i5 < w.end; i5 += params.stride) {
    y[place + params.y5 * i5] = x[source + params.x5 * i5];
  }
}
