// dx = inv_std (g - mean(g) - x̂ mean(g x̂)) + past      g = dy scale, x̂ = (x - mean) inv_std, means along the row
//
// Ba, Kiros and Hinton 2016. One workgroup per row; thread `lane` owns columns lane, lane + WIDTH, ...
// The gradients of scale and shift are sums over the rows, made by other kernels.
//
// `past` is what comes past the norm, where x is a sum that is used beside it; without PAST there is none.
//
// x̂ comes from differences to the mean, and epsilon keeps inv_std finite where a row does not vary.

// use lib/reduce.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read> inv_std: array<f32>;
@group(0) @binding(6) var<storage, read> past: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;

const PAST = false;

fn store(i: u32, through: f32) {
  if PAST { dx[i] = through + past[i]; } else { dx[i] = through; }
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let r = line(group, groups);
  if r >= params.rows { return; }
  let row = r * params.columns;
  let n = f32(params.columns);
  let average = mean[r];
  let factor = inv_std[r];

  var g_sum = 0.0;
  var product_sum = 0.0;
  for (var c = lane; c < params.columns; c += WIDTH) {
    let g = dy[row + c] * scale[c];
    g_sum += g;
    product_sum += g * (x[row + c] - average) * factor;
  }
  let g_mean = sum_across(g_sum, lane) / n;
  let product_mean = sum_across(product_sum, lane) / n;

  for (var c = lane; c < params.columns; c += WIDTH) {
    let normal = (x[row + c] - average) * factor;
    store(row + c, factor * (dy[row + c] * scale[c] - g_mean - normal * product_mean));
  }
}
