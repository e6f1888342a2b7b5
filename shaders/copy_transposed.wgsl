// y[y_first + Σ y_j i_j] = x[x_first + Σ x_j i_j]         for every index i of a box of up to six axes
//
// The box of `copy.wgsl` where neighbours along d4 lie side by side in x, neighbours along d5 in y, and rows of both are
// made of quads. A thread turns blocks of four by four over: it reads four quads and writes four, then takes the next block along
// d5, for some steps. Threads that follow one another are neighbours along d4. This is for CPUs, where a load costs much the
// same whatever its size, and the cache holds what neighbours share. Sizes, strides and firsts are in quads.
//
// It moves bits and computes none.

// use lib/grid.wgsl

struct Params {
  count: u32, steps: u32, tiles: u32, x_first: u32, y_first: u32,
  d0: u32, d1: u32, d2: u32, d3: u32, d4: u32, d5: u32,
  x0: u32, x1: u32, x2: u32, x3: u32, x5: u32,
  y0: u32, y1: u32, y2: u32, y3: u32, y4: u32,
}

override WIDTH: u32 = 64;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4u>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  var rest = line(group, groups) * WIDTH + lane;
  if rest >= params.count { return; }
  let i4 = rest % params.d4; rest /= params.d4;
  let tile = rest % params.tiles; rest /= params.tiles;
  let i3 = rest % params.d3; rest /= params.d3;
  let i2 = rest % params.d2; rest /= params.d2;
  let i1 = rest % params.d1; rest /= params.d1;
  let i0 = rest;
  let source = params.x_first + params.x0 * i0 + params.x1 * i1 + params.x2 * i2 + params.x3 * i3 + i4;
  let place = params.y_first + params.y0 * i0 + params.y1 * i1 + params.y2 * i2 + params.y3 * i3 + params.y4 * 4 * i4;

  let end = min((tile + 1) * params.steps, params.d5);
  for (var i5 = tile * params.steps; i5 < end; i5++) {
    let i = source + params.x5 * 4 * i5;
    let a = x[i];
    let b = x[i + params.x5];
    let c = x[i + params.x5 * 2];
    let d = x[i + params.x5 * 3];
    let j = place + i5;
    y[j] = vec4u(a.x, b.x, c.x, d.x);
    y[j + params.y4] = vec4u(a.y, b.y, c.y, d.y);
    y[j + params.y4 * 2] = vec4u(a.z, b.z, c.z, d.z);
    y[j + params.y4 * 3] = vec4u(a.w, b.w, c.w, d.w);
  }
}
