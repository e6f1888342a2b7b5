// y[n, p, co] = sum_{t, ci} x[n, stride p + dilation t - padding, ci] w[t, ci, co]           p and t are [row, column]
//
// Step 3 of the ladder: registers only, no barrier. A thread computes 4 places by 2 quads of channels: for four channels of x it
// loads a 4x4 block of x and two of w, and multiplies the blocks. The patches of x are never written out: a place's run is
// found again for every tap.
//
// The sum runs tap by tap, in f32. Places and channels beyond the last repeat it and are not stored.

// use lib/conv_block.wgsl

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u) {
  let tiles = (params.columns + 63) / 64;
  let quad = 16 * (group.z % tiles) + 2 * local.x;
  let channels = group.z / tiles;
  let p0 = spot_of(32 * line(group, groups) + 4 * local.y);
  if p0.image >= params.images || 4 * quad >= params.columns { return; }
  let p1 = next(p0);
  let p2 = next(p1);
  let p3 = next(p2);
  let left = columns_of(channels, quad);
  let right = columns_of(channels, quad + 1);
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
  for (var ty = 0u; ty < params.taps_y; ty++) {
    if !reaches(p0, p3, ty) { continue; }
    for (var tx = 0u; tx < params.taps_x; tx++) {
      let r0 = run_of(p0, ty, tx, channels);
      let r1 = run_of(p1, ty, tx, channels);
      let r2 = run_of(p2, ty, tx, channels);
      let r3 = run_of(p3, ty, tx, channels);
      let tap = w_tap(ty, tx);
      for (var i = 0u; i < params.run; i++) {
        let from_x = x_block(r0, r1, r2, r3, i);
        let from_left = w_block(tap, left, i);
        let from_right = w_block(tap, right, i);
        s0 += from_left * from_x[0];
        s1 += from_left * from_x[1];
        s2 += from_left * from_x[2];
        s3 += from_left * from_x[3];
        t0 += from_right * from_x[0];
        t1 += from_right * from_x[1];
        t2 += from_right * from_x[2];
        t3 += from_right * from_x[3];
      }
    }
  }
  var spot = p0;
  for (var r = 0u; r < 4; r++) {
    store_quad(spot, channels, quad, select(select(s0, s1, r == 1), select(s2, s3, r == 3), r >= 2));
    store_quad(spot, channels, quad + 1, select(select(t0, t1, r == 1), select(t2, t3, r == 3), r >= 2));
    spot = next(spot);
  }
}
