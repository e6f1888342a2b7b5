// mean and inv_std of whole columns from those of their blocks of rows, and what is remembered of them
//
// One thread for each T of columns joins the blocks in order.

// use lib/batch_statistics.wgsl

struct Params { rows: u32, columns: u32, block: u32, epsilon: f32, momentum: f32 }

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> means: array<T>;
@group(0) @binding(2) var<storage, read> m2s: array<T>;
@group(0) @binding(3) var<storage, read_write> mean: array<T>;
@group(0) @binding(4) var<storage, read_write> inv_std: array<T>;
@group(0) @binding(5) var<storage, read_write> running_mean: array<T>;
@group(0) @binding(6) var<storage, read_write> running_variance: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if c >= params.columns { return; }
  var column = Moments(means[c], m2s[c], f32(min(params.block, params.rows)));
  for (var begin = params.block; begin < params.rows; begin += params.block) {
    let at = begin / params.block * params.columns + c;
    column = joined(column, Moments(means[at], m2s[at], f32(min(params.block, params.rows - begin))));
  }
  keep_statistics(c, column);
}
