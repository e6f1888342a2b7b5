// mean = joined mean of all blocks               inv_std = 1 / sqrt(m2 / rows + epsilon)
// running_mean += momentum (mean - running_mean), and running_variance likewise, with m2 / (rows - 1)
//
// One thread for each T of columns joins the blocks in order (Chan, Golub and LeVeque 1979): a block of n rows with
// mean u joins N rows with mean v as
//   m2 = m2 + m2' + (u - v)² n N / (n + N)         v = v + (u - v) n / (n + N)
//
// Differences of means, not means of squares: nothing cancels. The biased variance normalises, the unbiased one is
// remembered, as in PyTorch.

// use lib/quad.wgsl

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
  var v = means[c];
  var m2 = m2s[c];
  var joined = f32(min(params.block, params.rows));
  for (var begin = params.block; begin < params.rows; begin += params.block) {
    let n = f32(min(params.block, params.rows - begin));
    let at = begin / params.block * params.columns + c;
    let difference = means[at] - v;
    let share = n / (n + joined);
    m2 += m2s[at] + difference * difference * (share * joined);
    v += difference * share;
    joined += n;
  }
  mean[c] = v;
  inv_std[c] = 1.0 / sqrt(m2 / joined + params.epsilon);
  running_mean[c] += params.momentum * (v - running_mean[c]);
  running_variance[c] += params.momentum * (m2 / max(joined - 1.0, 1.0) - running_variance[c]);
}
