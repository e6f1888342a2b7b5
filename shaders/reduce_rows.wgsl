// y[r] = OP over c of x[r, c]                   OP is a sum, a maximum or a minimum
//
// One workgroup for each row: thread `lane` takes the Ts lane, lane + WIDTH, ... of it, quads where they fill rows, and
// the threads combine their results in a tree, in workgroup memory. For long rows; shorter ones take
// `reduce_short_rows.wgsl`.
//
// The order of the tree is fixed, so the same row gives the same bits. Its depth keeps rounding errors small: each
// value takes part in about columns / WIDTH + log2(WIDTH) additions.

// use lib/combine.wgsl
// use lib/reduce.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32 }      // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = line(group, groups);
  if row >= params.rows { return; }
  let end = (row + 1) * params.columns;
  let first = end - params.columns + lane;
  var value = x[min(first, end - 1)];
  if OP == 0 && first >= end { value = T(0.0); }
  for (var i = first + WIDTH; i < end; i += WIDTH) { value = combine_t(value, x[i]); }
  let all = across(OP, combine_lanes(value), lane);
  if lane == 0 { y[row] = all; }
}
