// dshift = Σ dy        dscale = Σ dy x̂        dx = scale inv_std (dy - (dshift + x̂ dscale) / rows)
//
// over the rows of a column, with x̂ = (x - mean) inv_std (Ioffe and Szegedy 2015, section 3), in one run: each thread
// takes a T of columns twice from its first row to its last, the second time from a cache, as `batch_norm_columns.wgsl`
// does.

// use lib/quad.wgsl

struct Params { rows: u32, columns: u32, block: u32 }

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> mean: array<T>;
@group(0) @binding(4) var<storage, read> inv_std: array<T>;
@group(0) @binding(5) var<storage, read> scale: array<T>;
@group(0) @binding(6) var<storage, read_write> dscale: array<T>;
@group(0) @binding(7) var<storage, read_write> dshift: array<T>;
@group(0) @binding(8) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if c >= params.columns { return; }
  let average = mean[c];
  let end = params.rows * params.columns;
  let stretch = params.block * params.columns;
  var total = T(0.0);
  var product = T(0.0);
  for (var begin = c; begin < end; begin += stretch) {                // blocks keep the sums short
    var sum = T(0.0);
    var sum_product = T(0.0);
    let last = min(begin + stretch, end);
    for (var i = begin; i < last; i += params.columns) {
      let gradient = dy[i];
      sum += gradient;
      sum_product += gradient * (x[i] - average);
    }
    total += sum;
    product += sum_product;
  }
  dshift[c] = total;
  dscale[c] = product * inv_std[c];

  let rows = f32(params.rows);
  let factor = scale[c] * inv_std[c];
  let constant = total / rows;
  let slope = inv_std[c] * inv_std[c] * product / rows;
  for (var i = c; i < end; i += params.columns) {
    dx[i] = factor * (dy[i] - (constant + (x[i] - average) * slope));
  }
}
