// dshift = Σ dz        dscale = Σ dz x̂        dx = scale inv_std (dz - (dshift + x̂ dscale) / rows)
//
// As `batch_norm_columns_backward.wgsl`, where dz = dy activation'(z) is the gradient before an activation of z = scale
// x̂ + shift: each thread takes a T of columns twice from its first row to its last, the second time from a cache.
//
// The mean is taken from x before all products, and blocks keep the sums short.

// use lib/norm_slope.wgsl

struct Params { rows: u32, columns: u32, block: u32 }

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> lines: array<T>;
@group(0) @binding(4) var<storage, read_write> dscale: array<T>;
@group(0) @binding(5) var<storage, read_write> dshift: array<T>;
@group(0) @binding(6) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if c >= params.columns { return; }
  let column = line_of(c);
  let end = params.rows * params.columns;
  let stretch = params.block * params.columns;
  var total = T(0.0);
  var product = T(0.0);
  for (var begin = c; begin < end; begin += stretch) {
    var sum = T(0.0);
    var sum_product = T(0.0);
    let last = min(begin + stretch, end);
    for (var i = begin; i < last; i += params.columns) {
      let difference = x[i] - column.mean;
      let gradient = before_activation(dy[i], difference, column);
      sum += gradient;
      sum_product += gradient * difference;
    }
    total += sum;
    product += sum_product;
  }
  dshift[c] = total;
  dscale[c] = product * column.inv_std;

  let rows = f32(params.rows);
  let constant = total / rows;
  let slope = column.inv_std * column.inv_std * product / rows;
  for (var i = c; i < end; i += params.columns) {
    let difference = x[i] - column.mean;
    dx[i] = column.factor * (before_activation(dy[i], difference, column) - (constant + difference * slope));
  }
}
