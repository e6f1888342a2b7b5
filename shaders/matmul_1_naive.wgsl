// y[r, c] = sum_i a[r, i] b[i, c]
//
// Step 1 of the ladder. One thread for each element of y walks a row of a and a column of b.
// Every multiply-add costs two loads; nothing that one thread reads helps its neighbour. 512 cubed in f32 on two cores:
// 1.3 GFLOP/s on lavapipe, 0.2 on SwiftShader.
//
// The sum runs in one order, from i = 0 on, in f32.

// use lib/matmul.wgsl
// use lib/matmul_single.wgsl

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if id.x >= params.n || id.y >= params.m { return; }
  var sum = T(0.0);
  for (var i = 0u; i < params.k; i++) { sum += a_at(id.z, id.y, i) * b_at(id.z, i, id.x); }
  store(id.z, id.y, id.x, sum);
}
