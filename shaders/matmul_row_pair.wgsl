// y[r, c] = sum_i a[r, i] b[i, c]               for few rows, as when one pose is lifted with its mirror image
//
// As `matmul_row.wgsl`, and each thread computes two rows: what it loads of b, which is all the work there is, serves both.
// A row beyond the last repeats it and is not stored.
//
// The sum runs in one order, in f32: that of `matmul_row.wgsl`.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quad = 8 * group.x + lane;
  let row = 2 * group.y;
  let next = min(row + 1, params.m - 1);
  if 4 * quad >= params.n { return; }
  var upper = vec4f();
  var lower = vec4f();
  for (var i = 0u; i < params.k; i += STEPS) {
    let from_b = b_block(group.z, i, quad);
    upper += from_b * a_steps(group.z, row, i);
    lower += from_b * a_steps(group.z, next, i);
  }
  store_quad(group.z, row, quad, upper);
  store_quad(group.z, row + 1, quad, lower);
}
