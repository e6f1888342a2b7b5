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
  let k = params.k;
  let along_a = a_row_walk(group.z, row);
  let along_b = b_walk(group.z, quad);
  var at_a = along_a.at;
  var at_b = along_b.at;
  var sum = vec4f();
  for (var i = 0u; i < k; i += STEPS) {
    sum += b_block(at_b) * a_steps(at_a);
    at_a += along_a.step;
    at_b += along_b.step;
  }
  store_quad(group.z, row, quad, sum);
}
