// y[r, c] = sum_i a[r, i] b[i, c]               for few rows, as when one pose is lifted, or with its mirror image
//
// A thread computes two quads of columns of one row, or of two with PAIR: every element of b is loaded once, and b is all the
// work there is. Two quads share what is loaded of a. Where quads do not fill the rows, it loads them value by value
// (`lib/matmul_edges.wgsl`). A row beyond the last repeats it and is not stored.
//
// The sum runs in one order, in f32.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

override PAIR: bool = false;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quad = 2 * (8 * group.x + lane);
  let row = select(group.y, 2 * group.y, PAIR);
  if 4 * quad >= params.n { return; }
  let k = params.k;
  var along_row = a_row_walk(group.z, row);
  var along_next = a_row_walk(group.z, min(row + 1, params.m - 1));
  var along_left = b_walk(group.z, quad);
  var along_right = b_walk(group.z, quad + 1);
  var s0 = vec4f(); var s1 = vec4f();
  var t0 = vec4f(); var t1 = vec4f();
  for (var i = 0u; i < k; i += STEPS) {
    let left = b_block(along_left.at);
    let right = b_block(along_right.at);
    let from_row = a_steps(along_row.at);
    s0 += left * from_row;
    t0 += right * from_row;
    if PAIR {
      let from_next = a_steps(along_next.at);
      s1 += left * from_next;
      t1 += right * from_next;
    }
    along_row.at += along_row.step;
    along_next.at += along_next.step;
    along_left.at += along_left.step;
    along_right.at += along_right.step;
  }
  store_quad(group.z, row, quad, s0);
  store_quad(group.z, row, quad + 1, t0);
  if PAIR {
    store_quad(group.z, row + 1, quad, s1);
    store_quad(group.z, row + 1, quad + 1, t1);
  }
}
