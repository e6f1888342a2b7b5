// mean[b, c] and m2[b, c] = Σ (x[r, c] - mean[b, c])²     over the rows r of block b
//
// One thread for each T of columns and each block of rows; `batch_norm_finish.wgsl` joins the blocks.

// use lib/column_moments.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32, block: u32, first_block: u32 }

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> mean: array<T>;
@group(0) @binding(3) var<storage, read_write> m2: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let b = id / params.columns;
  let c = id % params.columns;
  let begin = b * params.block;
  if begin >= params.rows { return; }
  let end = min(begin + params.block, params.rows) * params.columns;
  let moments = column_moments(begin * params.columns + c, end, params.columns);
  let to = (params.first_block + b) * params.columns + c;
  mean[to] = moments.mean;
  m2[to] = moments.m2;
}
