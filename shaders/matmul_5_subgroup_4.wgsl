enable subgroups;
// y[r, c] = sum_i a[r, i] b[i, c]
//
// Step 5 of the ladder: a subgroup of 4 lanes computes 16 rows by 4 quads of columns, without a barrier. For four
// steps of i, lane j loads rows 4j to 4j + 3 of a, and every lane its own quad of columns of b; then each row of a is
// broadcast to all lanes. Eight loads a lane feed 16 quads of multiply-adds four times over: 2.8 GFLOP/s on SwiftShader, 1.4 times step 4.
//
// Where quads do not fill the rows, values are loaded one by one and for one step of i (`lib/matmul_edges.wgsl`): as many of them
// feed as many multiply-adds, each with an index of its own. 193 x 64 x 193 takes 1.25 times as long as 192 x 64 x 192 on SwiftShader.
//
// Workgroups go down the rows first, so that the columns of b which they share stay in the cache: 36 GFLOP/s instead of 22
// at 2048 cubed on lavapipe, and no difference at 1024.
//
// The lane of a broadcast must be a constant expression, and accumulators in an indexed array would live in memory:
// so both are written out. Rows beyond the last repeat it and are not stored.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = 16 * group.x;
  let quad = 4 * group.y + lane;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
  var s8 = vec4f(); var s9 = vec4f(); var s10 = vec4f(); var s11 = vec4f();
  var s12 = vec4f(); var s13 = vec4f(); var s14 = vec4f(); var s15 = vec4f();
  let k = params.k;
  var along_a = a_walk(group.z, row + 4 * lane);
  var along_b = b_walk(group.z, quad);
  for (var i = 0u; i < k; i += STEPS) {
    let mine = a_block(along_a.at);
    let from_b = b_block(along_b.at);
    along_a.at += along_a.step;
    along_b.at += along_b.step;
    s0 += from_b * subgroupBroadcast(mine[0], 0u);
    s1 += from_b * subgroupBroadcast(mine[1], 0u);
    s2 += from_b * subgroupBroadcast(mine[2], 0u);
    s3 += from_b * subgroupBroadcast(mine[3], 0u);
    s4 += from_b * subgroupBroadcast(mine[0], 1u);
    s5 += from_b * subgroupBroadcast(mine[1], 1u);
    s6 += from_b * subgroupBroadcast(mine[2], 1u);
    s7 += from_b * subgroupBroadcast(mine[3], 1u);
    s8 += from_b * subgroupBroadcast(mine[0], 2u);
    s9 += from_b * subgroupBroadcast(mine[1], 2u);
    s10 += from_b * subgroupBroadcast(mine[2], 2u);
    s11 += from_b * subgroupBroadcast(mine[3], 2u);
    s12 += from_b * subgroupBroadcast(mine[0], 3u);
    s13 += from_b * subgroupBroadcast(mine[1], 3u);
    s14 += from_b * subgroupBroadcast(mine[2], 3u);
    s15 += from_b * subgroupBroadcast(mine[3], 3u);
  }
  for (var r = 0u; r < 16; r++) {
    var sum = s0;
    sum = select(sum, s1, r == 1);
    sum = select(sum, s2, r == 2);
    sum = select(sum, s3, r == 3);
    sum = select(sum, s4, r == 4);
    sum = select(sum, s5, r == 5);
    sum = select(sum, s6, r == 6);
    sum = select(sum, s7, r == 7);
    sum = select(sum, s8, r == 8);
    sum = select(sum, s9, r == 9);
    sum = select(sum, s10, r == 10);
    sum = select(sum, s11, r == 11);
    sum = select(sum, s12, r == 12);
    sum = select(sum, s13, r == 13);
    sum = select(sum, s14, r == 14);
    sum = select(sum, s15, r == 15);
    store_quad(group.z, row + r, quad, sum);
  }
}
