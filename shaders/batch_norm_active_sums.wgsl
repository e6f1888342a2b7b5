// dshift[b, c] = Σ dz[r, c]        dscale[b, c] = Σ dz[r, c] x̂[r, c]        over the rows r of block b
//
// As `batch_norm_sums.wgsl`, where dz = dy activation'(z) is the gradient before an activation of z = scale x̂ + shift.
// One thread for each T of columns and each block of rows; blocks are added in order afterwards, and keep the sums short.
//
// The mean is taken from x before all products, so that a large mean costs no digits.

// use lib/norm_slope.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32, block: u32, first_block: u32 }

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> lines: array<T>;
@group(0) @binding(4) var<storage, read_write> dscale: array<T>;
@group(0) @binding(5) var<storage, read_write> dshift: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let b = id / params.columns;
  let c = id % params.columns;
  let begin = b * params.block;
  if begin >= params.rows { return; }
  let end = min(begin + params.block, params.rows) * params.columns;

  let column = line_of(c);
  var sum = T(0.0);
  var product = T(0.0);
  for (var i = begin * params.columns + c; i < end; i += params.columns) {
    let difference = x[i] - column.mean;
    let gradient = before_activation(dy[i], difference, column);
    sum += gradient;
    product += gradient * difference;
  }
  let to = (params.first_block + b) * params.columns + c;
  dshift[to] = sum;
  dscale[to] = product * column.inv_std;
}
