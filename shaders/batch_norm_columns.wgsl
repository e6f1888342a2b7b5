// y = stages(scale x̂ + shift)        x̂ = (x - mean) inv_std, over the rows of a column
//
// Ioffe and Szegedy 2015, in one run: each thread takes a T of columns from its first row to its last, once for the
// moments and once more for y. The second time x comes from a cache, where a workgroup's part of it fits one; a GPU needs
// more columns than most layers have to fill its threads, and there the rows are divided, as in `batch_norm_stats.wgsl`.

// use lib/column_moments.wgsl
// use lib/batch_statistics.wgsl
// use lib/inner_epilogue.wgsl

struct Params {
  rows: u32, columns: u32, block: u32, epsilon: f32, momentum: f32,
  c0: f32, c1: f32, s0: u32, s1: u32,
}

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> scale: array<T>;
@group(0) @binding(3) var<storage, read> shift: array<T>;
@group(0) @binding(4) var<storage, read_write> y: array<T>;
@group(0) @binding(5) var<storage, read_write> mean: array<T>;
@group(0) @binding(6) var<storage, read_write> inv_std: array<T>;
@group(0) @binding(7) var<storage, read_write> running_mean: array<T>;
@group(0) @binding(8) var<storage, read_write> running_variance: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if c >= params.columns { return; }
  let end = params.rows * params.columns + c;
  let stretch = params.block * params.columns;
  let first = min(stretch + c, end);
  var column = column_moments(c, first, params.columns);
  for (var begin = first; begin < end; begin += stretch) {            // blocks keep the sums short
    let last = min(begin + stretch, end);
    column = joined(column, column_moments(begin, last, params.columns));
  }
  keep_statistics(c, column);

  let average = column.mean;
  let factor = scale[c] * inv_std[c];
  let constant = shift[c];
  var at = Place(0, c, c);
  for (; at.row < params.rows; at.row++) {
    y[at.index] = inner_epilogue((x[at.index] - average) * factor + constant, at);
    at.index += params.columns;
  }
}
