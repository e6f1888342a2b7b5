enable subgroups;
// y[r, c] = sum_i a[r, i] b[i, c]
//
// Step 5 of the ladder: a subgroup of 8 lanes computes 32 rows by 8 quads of columns, without a barrier. For four
// steps of i, lane j loads rows 4j to 4j + 3 of a, and every lane its own quad of columns of b; then each row of a is
// broadcast to all lanes. Eight loads a lane feed 32 quads of multiply-adds four times over.
//
// The lane of a broadcast must be a constant expression, and accumulators in an indexed array would live in memory:
// so both are written out. Rows beyond the last repeat it and are not stored.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = 32 * group.y;
  let quad = 8 * group.x + lane;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
  var s8 = vec4f(); var s9 = vec4f(); var s10 = vec4f(); var s11 = vec4f();
  var s12 = vec4f(); var s13 = vec4f(); var s14 = vec4f(); var s15 = vec4f();
  var s16 = vec4f(); var s17 = vec4f(); var s18 = vec4f(); var s19 = vec4f();
  var s20 = vec4f(); var s21 = vec4f(); var s22 = vec4f(); var s23 = vec4f();
  var s24 = vec4f(); var s25 = vec4f(); var s26 = vec4f(); var s27 = vec4f();
  var s28 = vec4f(); var s29 = vec4f(); var s30 = vec4f(); var s31 = vec4f();
  for (var i = 0u; i < params.k; i += 4) {
    let mine = a_block(group.z, row + 4 * lane, i);
    let from_b = b_block(group.z, i, quad);
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
    s16 += from_b * subgroupBroadcast(mine[0], 4u);
    s17 += from_b * subgroupBroadcast(mine[1], 4u);
    s18 += from_b * subgroupBroadcast(mine[2], 4u);
    s19 += from_b * subgroupBroadcast(mine[3], 4u);
    s20 += from_b * subgroupBroadcast(mine[0], 5u);
    s21 += from_b * subgroupBroadcast(mine[1], 5u);
    s22 += from_b * subgroupBroadcast(mine[2], 5u);
    s23 += from_b * subgroupBroadcast(mine[3], 5u);
    s24 += from_b * subgroupBroadcast(mine[0], 6u);
    s25 += from_b * subgroupBroadcast(mine[1], 6u);
    s26 += from_b * subgroupBroadcast(mine[2], 6u);
    s27 += from_b * subgroupBroadcast(mine[3], 6u);
    s28 += from_b * subgroupBroadcast(mine[0], 7u);
    s29 += from_b * subgroupBroadcast(mine[1], 7u);
    s30 += from_b * subgroupBroadcast(mine[2], 7u);
    s31 += from_b * subgroupBroadcast(mine[3], 7u);
  }
  store(group.z, row + 0, quad, s0);
  store(group.z, row + 1, quad, s1);
  store(group.z, row + 2, quad, s2);
  store(group.z, row + 3, quad, s3);
  store(group.z, row + 4, quad, s4);
  store(group.z, row + 5, quad, s5);
  store(group.z, row + 6, quad, s6);
  store(group.z, row + 7, quad, s7);
  store(group.z, row + 8, quad, s8);
  store(group.z, row + 9, quad, s9);
  store(group.z, row + 10, quad, s10);
  store(group.z, row + 11, quad, s11);
  store(group.z, row + 12, quad, s12);
  store(group.z, row + 13, quad, s13);
  store(group.z, row + 14, quad, s14);
  store(group.z, row + 15, quad, s15);
  store(group.z, row + 16, quad, s16);
  store(group.z, row + 17, quad, s17);
  store(group.z, row + 18, quad, s18);
  store(group.z, row + 19, quad, s19);
  store(group.z, row + 20, quad, s20);
  store(group.z, row + 21, quad, s21);
  store(group.z, row + 22, quad, s22);
  store(group.z, row + 23, quad, s23);
  store(group.z, row + 24, quad, s24);
  store(group.z, row + 25, quad, s25);
  store(group.z, row + 26, quad, s26);
  store(group.z, row + 27, quad, s27);
  store(group.z, row + 28, quad, s28);
  store(group.z, row + 29, quad, s29);
  store(group.z, row + 30, quad, s30);
  store(group.z, row + 31, quad, s31);
}
