// y[r] = OP over c of x[r, c]                   OP is a sum, a maximum or a minimum
//
// One workgroup for each row: thread `lane` takes columns lane, lane + WIDTH, ... and the threads combine their
// results in a tree, in workgroup memory. For rows of 64 columns or more; shorter ones take `reduce_strided.wgsl`.
//
// The order of the tree is fixed, so the same row gives the same bits. Its depth keeps rounding errors small: each
// value takes part in columns / WIDTH + log2(WIDTH) additions.

// use lib/reduce.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32 }

override OP: u32 = 0;                          // 0 sum, 1 maximum, 2 minimum

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = line(group, groups);
  if row >= params.rows { return; }
  let start = row * params.columns;
  var value = x[start + min(lane, params.columns - 1)];
  if OP == 0 && lane >= params.columns { value = 0.0; }
  for (var c = lane + WIDTH; c < params.columns; c += WIDTH) { value = combine(OP, value, x[start + c]); }
  let all = across(OP, value, lane);
  if lane == 0 { y[row] = all; }
}
