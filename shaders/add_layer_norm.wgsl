// sum[r, c] = x[r, c] + residual[r, c]
// y[r, c] = (sum[r, c] - mean[r]) inv_std[r] scale[c] + shift[c]        inv_std = 1 / sqrt(variance + epsilon)
//
// One workgroup per row; thread `lane` owns columns lane, lane + WIDTH, ..., and reads no sum but its own. mean and inv_std are kept for the
// backward pass.
//
// Two passes, the mean before the squares of differences from it, and the mean as that of differences from the first
// value: so a large mean costs no digits.

// use lib/reduce.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32, epsilon: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> residual: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> shift: array<f32>;
@group(0) @binding(5) var<storage, read_write> sum: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> mean: array<f32>;
@group(0) @binding(8) var<storage, read_write> inv_std: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let r = line(group, groups);
  if r >= params.rows { return; }
  let row = r * params.columns;
  let n = f32(params.columns);

  let origin = x[row] + residual[row];
  var differences = 0.0;
  for (var c = lane; c < params.columns; c += WIDTH) {
    let value = x[row + c] + residual[row + c];
    sum[row + c] = value;
    differences += value - origin;
  }
  let average = origin + sum_across(differences, lane) / n;

  var squares = 0.0;
  for (var c = lane; c < params.columns; c += WIDTH) {
    let difference = sum[row + c] - average;
    squares += difference * difference;
  }
  let factor = 1.0 / sqrt(sum_across(squares, lane) / n + params.epsilon);

  for (var c = lane; c < params.columns; c += WIDTH) {
    y[row + c] = (sum[row + c] - average) * factor * scale[c] + shift[c];
  }
  if lane == 0 {
    mean[r] = average;
    inv_std[r] = factor;
  }
}
