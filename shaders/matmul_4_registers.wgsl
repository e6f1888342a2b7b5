// y[r, c] = sum_i a[r, i] b[i, c]
//
// Step 4 of the ladder: registers only, no barrier. A thread computes 4 rows by 2 quads of columns: for four steps
// of i it loads a 4x4 block of a and two of b, and multiplies the blocks. Workgroup memory on a CPU is only more
// memory, and a barrier stops a whole core: 8.0 GFLOP/s on lavapipe, 1.9 on SwiftShader, twice the tiles with registers.
//
// Where quads do not fill the rows, values are loaded one by one and for one step of i (`lib/matmul_edges.wgsl`).
//
// The sum runs from i = 0 on, in f32. Rows and columns beyond the last repeat it and are not stored.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = 4 * id.y;
  let quad = 2 * id.x;
  if row >= params.m || 4 * quad >= params.n { return; }
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
  let k = params.k;
  var along_a = a_walk(id.z, row);
  var along_left = b_walk(id.z, quad);
  var along_right = b_walk(id.z, quad + 1);
  for (var i = 0u; i < k; i += STEPS) {
    let from_a = a_block(along_a.at);
    let left = b_block(along_left.at);
    let right = b_block(along_right.at);
    along_a.at += along_a.step;
    along_left.at += along_left.step;
    along_right.at += along_right.step;
    s0 += left * from_a[0];
    s1 += left * from_a[1];
    s2 += left * from_a[2];
    s3 += left * from_a[3];
    t0 += right * from_a[0];
    t1 += right * from_a[1];
    t2 += right * from_a[2];
    t3 += right * from_a[3];
  }
  for (var r = 0u; r < 4; r++) {
    store_quad(id.z, row + r, quad, select(select(s0, s1, r == 1), select(s2, s3, r == 3), r >= 2));
    store_quad(id.z, row + r, quad + 1, select(select(t0, t1, r == 1), select(t2, t3, r == 3), r >= 2));
  }
}
