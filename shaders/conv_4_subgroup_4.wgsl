enable subgroups;
// y[n, p, co] = sum_{t, ci} x[n, stride p + dilation t - padding, ci] w[t, ci, co]           p and t are [row, column]
//
// Step 4 of the ladder: a subgroup of 4 lanes computes 16 places by 4 quads of channels, without a barrier. For four channels of a
// tap, lane j loads them of places 4j to 4j + 3, and every lane its own quad of columns of w; then each place is broadcast to
// all lanes. Eight loads a lane feed 16 quads of multiply-adds four times over. A row of taps that lies outside of x for all 16
// places is passed over.
//
// The lane of a broadcast must be a constant expression, and accumulators in an indexed array would live in memory: so both
// are written out. The sum runs tap by tap, in f32. Places beyond the last repeat it and are not stored.

// use lib/conv_block.wgsl

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  let tiles = (params.columns + 15) / 16;
  let quad = 4 * (group.z % tiles) + lane;
  let channels = group.z / tiles;
  let place = 16 * line(group, groups);
  let begin = spot_of(place);
  let end = spot_of(place + 15);
  let p0 = spot_of(place + 4 * lane);
  let p1 = next(p0);
  let p2 = next(p1);
  let p3 = next(p2);
  let columns = columns_of(channels, quad);
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
  var s8 = vec4f(); var s9 = vec4f(); var s10 = vec4f(); var s11 = vec4f();
  var s12 = vec4f(); var s13 = vec4f(); var s14 = vec4f(); var s15 = vec4f();
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
      }
    }
  }
  var spot = begin;
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
    store_quad(spot, channels, quad, sum);
    spot = next(spot);
  }
}
