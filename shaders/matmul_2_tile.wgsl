// y[r, c] = sum_i a[r, i] b[i, c]
//
// Step 2 of the ladder: tiles in workgroup memory. A workgroup of 16x16 threads computes a 16x16 tile of y. It loads
// a tile of a and one of b together, then every thread reads its row and column from there: each element comes from
// storage once a tile instead of sixteen times. On a CPU it buys nothing, since barriers cost more than the cache
// saves: 0.7 GFLOP/s on lavapipe, 0.15 on SwiftShader.
//
// Elements beyond the edge are loaded as zero, which adds nothing.

// use lib/matmul.wgsl
// use lib/matmul_single.wgsl

const SIDE = 16u;

var<workgroup> a_tile: array<array<f32, SIDE>, SIDE>;
var<workgroup> b_tile: array<array<f32, SIDE>, SIDE>;

@compute @workgroup_size(SIDE, SIDE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = group.y * SIDE + local.y;
  let column = group.x * SIDE + local.x;
  var sum = 0.0;
  for (var start = 0u; start < params.k; start += SIDE) {
    let i = start + local.x;
    let j = start + local.y;
    var from_a = 0.0;
    var from_b = 0.0;
    if row < params.m && i < params.k { from_a = a_at(group.z, row, i); }
    if column < params.n && j < params.k { from_b = b_at(group.z, j, column); }
    a_tile[local.y][local.x] = from_a;
    b_tile[local.y][local.x] = from_b;
    workgroupBarrier();
    for (var t = 0u; t < SIDE; t++) { sum += a_tile[local.y][t] * b_tile[t][local.x]; }
    workgroupBarrier();
  }
  store(group.z, row, column, sum);
}
