// mean[b, c] and m2[b, c] = Σ (x[r, c] - mean[b, c])²     over the rows r of block b
//
// One thread for each T of columns and each block of rows; `batch_norm_finish.wgsl` joins the blocks.
//
// Two passes: the mean first, then squares of differences from it. E[x²] - E[x]² would lose all digits where the
// mean is large beside the deviation; so would a plain sum lose some, and the mean is taken of differences from the
// first row. The second pass reads what the first has left in the cache.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32, block: u32, first_block: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> mean: array<T>;
@group(0) @binding(3) var<storage, read_write> m2: array<T>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * 32 + lane;
  let b = id / params.columns;
  let c = id % params.columns;
  let begin = b * params.block;
  if begin >= params.rows { return; }
  let end = min(begin + params.block, params.rows);

  let origin = x[begin * params.columns + c];
  var sum = T(0.0);
  for (var r = begin; r < end; r++) { sum += x[r * params.columns + c] - origin; }
  let average = origin + sum / f32(end - begin);

  var squares = T(0.0);
  for (var r = begin; r < end; r++) {
    let difference = x[r * params.columns + c] - average;
    squares += difference * difference;
  }
  let to = (params.first_block + b) * params.columns + c;
  mean[to] = average;
  m2[to] = squares;
}
