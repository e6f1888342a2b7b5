// y[r, c] = sum_i a[r, i] b[i, c]
//
// Step 3 of the ladder: 4x4 values a thread. A workgroup of 16x16 threads computes a 64x64 tile of y from 64x16 and
// 16x64 tiles in workgroup memory; a thread keeps 16 sums in registers, so four values of a and four of b read from
// workgroup memory feed 16 multiply-adds. What a GPU with real workgroup memory wants, and what is used on hardware; 3.7 GFLOP/s
// on lavapipe, 1.0 on SwiftShader.
//
// Elements beyond the edge are loaded as zero, which adds nothing.

// use lib/matmul.wgsl
// use lib/matmul_single.wgsl

const SIDE = 64u;                              // of the tile of y
const DEPTH = 16u;                             // of the tiles of a and b along i

var<workgroup> a_tile: array<array<vec4f, 16>, DEPTH>;   // [i][quad of rows]
var<workgroup> b_tile: array<array<vec4f, 16>, DEPTH>;   // [i][quad of columns]

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = group.y * SIDE;
  let column = group.x * SIDE;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var start = 0u; start < params.k; start += DEPTH) {
    // Neighbouring threads load neighbouring addresses: of a along i, of b along the columns.
    for (var j = 0u; j < 4u; j++) {
      let i = start + local.x;
      let r = row + 4 * local.y + j;
      var value = 0.0;
      if r < params.m && i < params.k { value = a_at(group.z, r, i); }
      a_tile[local.x][local.y][j] = value;
    }
    for (var j = 0u; j < 4u; j++) {
      let i = start + local.y;
      let c = column + 4 * local.x + j;
      var value = 0.0;
      if c < params.n && i < params.k { value = b_at(group.z, i, c); }
      b_tile[local.y][local.x][j] = value;
    }
    workgroupBarrier();
    for (var t = 0u; t < DEPTH; t++) {
      let from_a = a_tile[t][local.y];
      let from_b = b_tile[t][local.x];
      s0 += from_a.x * from_b;
      s1 += from_a.y * from_b;
      s2 += from_a.z * from_b;
      s3 += from_a.w * from_b;
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 4; r++) {
    let sums = select(select(s0, s1, r == 1), select(s2, s3, r == 3), r >= 2);
    for (var c = 0u; c < 4; c++) {
      store(group.z, row + 4 * local.y + r, column + 4 * local.x + c, sums[c]);
    }
  }
}
