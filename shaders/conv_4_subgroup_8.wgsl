enable subgroups;
// y[n, p, co] = sum_{t, ci} x[n, stride p + dilation t - padding, ci] w[t, ci, co]           p and t are [row, column]
//
// Step 4 of the ladder: a subgroup of 8 lanes computes 32 places by 8 quads of channels, without a barrier. For four channels of a
// tap, lane j loads them of places 4j to 4j + 3, and every lane its own quad of columns of w; then each place is broadcast to
// all lanes. Eight loads a lane feed 32 quads of multiply-adds four times over. A row of taps that lies outside of x for all 32
// places is passed over.
//
// The lane of a broadcast must be a constant expression, and accumulators in an indexed array would live in memory: so both
// are written out. The sum runs tap by tap, in f32. Places beyond the last repeat it and are not stored.

// use lib/conv_block.wgsl

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  let tiles = (params.columns + 31) / 32;
  let quad = 8 * (group.z % tiles) + lane;
  let channels = group.z / tiles;
  let place = 32 * line(group, groups);
  let begin = spot_of(place);
  let end = spot_of(place + 31);
  let p0 = spot_of(place + 4 * lane);
  let p1 = next(p0);
  let p2 = next(p1);
  let p3 = next(p2);
  let columns = columns_of(channels, quad);
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
  var s8 = vec4f(); var s9 = vec4f(); var s10 = vec4f(); var s11 = vec4f();
  var s12 = vec4f(); var s13 = vec4f(); var s14 = vec4f(); var s15 = vec4f();
  var s16 = vec4f(); var s17 = vec4f(); var s18 = vec4f(); var s19 = vec4f();
  var s20 = vec4f(); var s21 = vec4f(); var s22 = vec4f(); var s23 = vec4f();
  var s24 = vec4f(); var s25 = vec4f(); var s26 = vec4f(); var s27 = vec4f();
  var s28 = vec4f(); var s29 = vec4f(); var s30 = vec4f(); var s31 = vec4f();
  for (var ty = 0u; ty < params.taps_y; ty++) {
    if !reaches(begin, end, ty) { continue; }
    for (var tx = 0u; tx < params.taps_x; tx++) {
      let r0 = run_of(p0, ty, tx, channels);
      let r1 = run_of(p1, ty, tx, channels);
      let r2 = run_of(p2, ty, tx, channels);
      let r3 = run_of(p3, ty, tx, channels);
      let tap = w_tap(ty, tx);
      for (var i = 0u; i < params.run; i++) {
        let mine = x_block(r0, r1, r2, r3, i);
        let from_w = w_block(tap, columns, i);
        s0 += from_w * subgroupBroadcast(mine[0], 0u);
        s1 += from_w * subgroupBroadcast(mine[1], 0u);
        s2 += from_w * subgroupBroadcast(mine[2], 0u);
        s3 += from_w * subgroupBroadcast(mine[3], 0u);
        s4 += from_w * subgroupBroadcast(mine[0], 1u);
        s5 += from_w * subgroupBroadcast(mine[1], 1u);
        s6 += from_w * subgroupBroadcast(mine[2], 1u);
        s7 += from_w * subgroupBroadcast(mine[3], 1u);
        s8 += from_w * subgroupBroadcast(mine[0], 2u);
        s9 += from_w * subgroupBroadcast(mine[1], 2u);
        s10 += from_w * subgroupBroadcast(mine[2], 2u);
        s11 += from_w * subgroupBroadcast(mine[3], 2u);
        s12 += from_w * subgroupBroadcast(mine[0], 3u);
        s13 += from_w * subgroupBroadcast(mine[1], 3u);
        s14 += from_w * subgroupBroadcast(mine[2], 3u);
        s15 += from_w * subgroupBroadcast(mine[3], 3u);
        s16 += from_w * subgroupBroadcast(mine[0], 4u);
        s17 += from_w * subgroupBroadcast(mine[1], 4u);
        s18 += from_w * subgroupBroadcast(mine[2], 4u);
        s19 += from_w * subgroupBroadcast(mine[3], 4u);
        s20 += from_w * subgroupBroadcast(mine[0], 5u);
        s21 += from_w * subgroupBroadcast(mine[1], 5u);
        s22 += from_w * subgroupBroadcast(mine[2], 5u);
        s23 += from_w * subgroupBroadcast(mine[3], 5u);
        s24 += from_w * subgroupBroadcast(mine[0], 6u);
        s25 += from_w * subgroupBroadcast(mine[1], 6u);
        s26 += from_w * subgroupBroadcast(mine[2], 6u);
        s27 += from_w * subgroupBroadcast(mine[3], 6u);
        s28 += from_w * subgroupBroadcast(mine[0], 7u);
        s29 += from_w * subgroupBroadcast(mine[1], 7u);
        s30 += from_w * subgroupBroadcast(mine[2], 7u);
        s31 += from_w * subgroupBroadcast(mine[3], 7u);
      }
    }
  }
  var spot = begin;
  for (var r = 0u; r < 32; r++) {
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
    sum = select(sum, s16, r == 16);
    sum = select(sum, s17, r == 17);
    sum = select(sum, s18, r == 18);
    sum = select(sum, s19, r == 19);
    sum = select(sum, s20, r == 20);
    sum = select(sum, s21, r == 21);
    sum = select(sum, s22, r == 22);
    sum = select(sum, s23, r == 23);
    sum = select(sum, s24, r == 24);
    sum = select(sum, s25, r == 25);
    sum = select(sum, s26, r == 26);
    sum = select(sum, s27, r == 27);
    sum = select(sum, s28, r == 28);
    sum = select(sum, s29, r == 29);
    sum = select(sum, s30, r == 30);
    sum = select(sum, s31, r == 31);
    store_quad(spot, channels, quad, sum);
    spot = next(spot);
  }
}
