// dx = scale inv_std (dy - (dshift + x̂ dscale) / rows)        x̂ = (x - mean) inv_std
//
// Ioffe and Szegedy 2015, section 3, with the sums over the batch already in dshift and dscale.
// One thread for each T.
//
// x̂ comes from differences to the mean, and epsilon keeps inv_std finite where a column does not vary.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params { count: u32, columns: u32, rows: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> mean: array<T>;
@group(0) @binding(4) var<storage, read> inv_std: array<T>;
@group(0) @binding(5) var<storage, read> scale: array<T>;
@group(0) @binding(6) var<storage, read> dscale: array<T>;
@group(0) @binding(7) var<storage, read> dshift: array<T>;
@group(0) @binding(8) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = line(group, groups) * 64 + lane;
  if i >= params.count { return; }
  let c = i % params.columns;
  let normal = (x[i] - mean[c]) * inv_std[c];
  let pulled = (dshift[c] + normal * dscale[c]) / params.rows;
  dx[i] = scale[c] * inv_std[c] * (dy[i] - pulled);
}
