// y[n, p, co] = sum_{t, ci} x[n, stride p + dilation t - padding, ci] w[t, ci, co]           p and t are [row, column]
//
// Step 1 of the ladder. One thread for each value of y walks over the taps of its window and their channels. Every
// multiply-add costs two loads; nothing that one thread reads helps its neighbour.
//
// The sum runs in one order, tap by tap, in f32.

// use lib/conv_edges.wgsl

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u) {
  let tiles = (params.columns + 7) / 8;
  let column = 8 * (group.z % tiles) + local.x;
  let channels = group.z / tiles;
  let spot = spot_of(8 * line(group, groups) + local.y);
  if column >= params.columns || spot.image >= params.images { return; }
  var sum = 0.0;
  for (var ty = 0u; ty < params.taps_y; ty++) {
    for (var tx = 0u; tx < params.taps_x; tx++) {
      let run = run_of(spot, ty, tx, channels);
      let at = w_tap(ty, tx) + channels * params.w_group;
      for (var i = 0u; i < params.run; i++) {
        sum += x_at(run, i) * w[at + select(i * params.w_row + column, column * params.w_row + i, TRANSPOSE)];
      }
    }
  }
  store(spot, channels, column, sum);
}
