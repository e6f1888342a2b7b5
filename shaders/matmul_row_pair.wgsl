// y[r, c] = sum_i a[r, i] b[i, c]               for two rows, as when one pose is lifted with its mirror image
//
// As `matmul_row.wgsl`, with two rows and two quads of columns for each thread: what it loads of b serves both rows,
// and what it loads of a both quads. A row beyond the last repeats it and is not stored.
//
// The sum runs in one order, in f32: that of `matmul_row.wgsl`.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quad = 2 * (8 * group.x + lane);
  let row = 2 * group.y;
  let next = min(row + 1, params.m - 1);
  if 4 * quad >= params.n { return; }
  let k = params.k;
  let along_row = a_row_walk(group.z, row);
  let along_next = a_row_walk(group.z, next);
  let along_left = b_walk(group.z, quad);
  let along_right = b_walk(group.z, quad + 1);
  var at_row = along_row.at;
  var at_next = along_next.at;
  var at_left = along_left.at;
  var at_right = along_right.at;
  var s0 = vec4f(); var s1 = vec4f();
  var t0 = vec4f(); var t1 = vec4f();
  for (var i = 0u; i < k; i += STEPS) {
    let upper = a_steps(at_row);
    let lower = a_steps(at_next);
    let left = b_block(at_left);
    let right = b_block(at_right);
    s0 += left * upper;
    s1 += left * lower;
    t0 += right * upper;
    t1 += right * lower;
    at_row += along_row.step;
    at_next += along_next.step;
    at_left += along_left.step;
    at_right += along_right.step;
  }
  store_quad(group.z, row, quad, s0);
  store_quad(group.z, row, quad + 1, t0);
  store_quad(group.z, row + 1, quad, s1);
  store_quad(group.z, row + 1, quad + 1, t1);
}
