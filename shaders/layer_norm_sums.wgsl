// dshift[b, c] = Σ dy[r, c]        dscale[b, c] = Σ dy[r, c] x̂[r, c]        over the rows r of block b
//
// x̂ = (x - mean) inv_std. One thread for each T of columns and each block of rows. With one block these are the
// gradients themselves; else they are added in order afterwards. Four rows a step: on a CPU a step costs about as much as a load.
//
// The mean is taken from x before the product, so that a large mean costs no digits; blocks keep the sums short.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32, block: u32, first_block: u32 }   // columns in Ts

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> inv_std: array<f32>;
@group(0) @binding(5) var<storage, read_write> dscale: array<T>;
@group(0) @binding(6) var<storage, read_write> dshift: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;                              // once: what stores might change is read again in each step
  let id = line(group, groups) * WIDTH + lane;
  let b = id / p.columns;
  let c = id % p.columns;
  let begin = b * p.block;
  if begin >= p.rows { return; }
  let end = min(begin + p.block, p.rows);

  var sum = T(0.0);
  var product = T(0.0);
  var r = begin;
  for (; r + 3 < end; r += 4) {
    let i = r * p.columns + c;
    let d0 = dy[i];
    let d1 = dy[i + p.columns];
    let d2 = dy[i + 2 * p.columns];
    let d3 = dy[i + 3 * p.columns];
    let n0 = (x[i] - mean[r]) * inv_std[r];
    let n1 = (x[i + p.columns] - mean[r + 1]) * inv_std[r + 1];
    let n2 = (x[i + 2 * p.columns] - mean[r + 2]) * inv_std[r + 2];
    let n3 = (x[i + 3 * p.columns] - mean[r + 3]) * inv_std[r + 3];
    sum += (d0 + d1) + (d2 + d3);
    product += (d0 * n0 + d1 * n1) + (d2 * n2 + d3 * n3);
  }
  for (; r < end; r++) {
    let i = r * p.columns + c;
    sum += dy[i];
    product += dy[i] * ((x[i] - mean[r]) * inv_std[r]);
  }
  let to = (p.first_block + b) * p.columns + c;
  dshift[to] = sum;
  dscale[to] = product;
}
