enable subgroups;
// sum[r, c] = x[r, c] + residual[r, c]
// y[r, c] = (sum[r, c] - mean[r]) inv_std[r] scale[c] + shift[c]        inv_std = 1 / sqrt(variance + epsilon)
//
// Each thread takes whole rows, and a subgroup of 8 shares what it loads of scale and shift. Operands are read once,
// and the sum, which is wanted anyway, again.

// use lib/layer_norm_subgroup_8.wgsl

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> residual: array<T>;
@group(0) @binding(3) var<storage, read> scale: array<T>;
@group(0) @binding(4) var<storage, read> shift: array<T>;
@group(0) @binding(5) var<storage, read_write> sum: array<T>;
@group(0) @binding(6) var<storage, read_write> y: array<T>;
@group(0) @binding(7) var<storage, read_write> mean: array<f32>;
@group(0) @binding(8) var<storage, read_write> inv_std: array<f32>;

fn peek(i: u32) -> T { return x[i] + residual[i]; }
fn taken(i: u32) -> T {
  let added = peek(i);
  sum[i] = added;
  return added;
}
fn again(i: u32) -> T { return sum[i]; }

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  layer_norm_rows(line(group, groups), lane);
}
