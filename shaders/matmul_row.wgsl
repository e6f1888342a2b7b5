// y[r, c] = sum_i a[r, i] b[i, c]               for few rows, as when one pose is lifted
//
// A thread computes one quad of columns of one row: every element of b is loaded once, and b is all the work there
// is. Where quads do not fill the rows, it loads them value by value (`lib/matmul_edges.wgsl`).
//
// The sum runs in one order, in f32.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quad = 8 * group.x + lane;
  let row = group.y;
  if 4 * quad >= params.n { return; }
  var sum = vec4f();
  for (var i = 0u; i < params.k; i += STEPS) {
    sum += b_block(group.z, i, quad) * a_steps(group.z, row, i);
  }
  store_quad(group.z, row, quad, sum);
}
