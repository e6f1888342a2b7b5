// dx = y * (dy - sum(y * dy))                 the sum runs along the row
//
// One workgroup per row; thread `lane` owns columns lane, lane + WIDTH, ...
//
// y lies between 0 and 1, so the products cannot overflow where dy does not.

// use lib/reduce.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let r = line(group, groups);
  if r >= params.rows { return; }
  let row = r * params.columns;

  var dot = 0.0;
  for (var c = lane; c < params.columns; c += WIDTH) { dot += y[row + c] * dy[row + c]; }
  dot = sum_across(dot, lane);

  for (var c = lane; c < params.columns; c += WIDTH) { dx[row + c] = y[row + c] * (dy[row + c] - dot); }
}
