// dx = scale inv_std (dz - (dshift + x̂ dscale) / rows)        x̂ = (x - mean) inv_std
//
// As `batch_norm_backward.wgsl`, where dz = dy activation'(z) is the gradient before an activation of z = scale x̂ +
// shift, with the sums over the batch already in dshift and dscale. Each thread takes Ts of one column, and what its
// column needs only once.
//
// x̂ comes from differences to the mean, and epsilon keeps inv_std finite where a column does not vary.

// use lib/norm_slope.wgsl
// use lib/walk.wgsl

struct Params { count: u32, columns: u32, stride: u32, steps: u32, rows: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> lines: array<T>;
@group(0) @binding(4) var<storage, read> dscale: array<T>;
@group(0) @binding(5) var<storage, read> dshift: array<T>;
@group(0) @binding(6) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let w = walk(line(group, groups) * WIDTH + lane, params.stride, params.steps, params.count);
  if w.first >= w.end { return; }
  let c = w.first % params.columns;
  let column = line_of(c);
  let constant = dshift[c] / params.rows;
  let slope = column.inv_std * dscale[c] / params.rows;
  for (var i = w.first; i < w.end; i += params.stride) {
    let difference = x[i] - column.mean;
    dx[i] = column.factor * (before_activation(dy[i], difference, column) - (constant + difference * slope));
  }
}
