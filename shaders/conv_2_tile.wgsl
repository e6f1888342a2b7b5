// y[n, p, co] = sum_{t, ci} x[n, stride p + dilation t - padding, ci] w[t, ci, co]           p and t are [row, column]
//
// Step 2 of the ladder: tiles in workgroup memory, 4x4 values a thread. A workgroup of 16x16 threads computes 64 places by 64
// channels: it loads 16 channels of a tap of those places together, each thread a quad of one place, and as many rows of w; then every
// thread keeps 16 sums in registers. The patches of x exist only in that tile. What a GPU with real workgroup memory wants.
//
// Values beyond the end of a run are loaded as zero, which adds nothing. The sum runs tap by tap, in f32.

// use lib/conv_block.wgsl

const SIDE = 64u;                              // of the tile of y
const DEPTH = 16u;                             // of the tiles of x and w along a run

var<workgroup> x_tile: array<array<vec4f, 16>, DEPTH>;   // [i][quad of places]
var<workgroup> w_tile: array<array<vec4f, 16>, DEPTH>;   // [i][quad of channels]

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let tiles = (params.columns + SIDE - 1) / SIDE;
  let quad = 16 * (group.z % tiles);
  let channels = group.z / tiles;
  let first = SIDE * line(group, groups);
  let begin = spot_of(first);
  let end = spot_of(first + SIDE - 1);
  let place = thread / 4;
  let spot = spot_of(first + place);
  let mine = thread / 16;                      // quad of places that this thread sums up
  let own = thread % 16;                       // quad of channels
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var ty = 0u; ty < params.taps_y; ty++) {
    if !reaches(begin, end, ty) { continue; }
    for (var tx = 0u; tx < params.taps_x; tx++) {
      let run = run_of(spot, ty, tx, channels);
      let tap = w_tap(ty, tx);
      for (var start = 0u; start < params.run * STEPS; start += DEPTH) {
        let part = thread % 4;
        let from_x = x_quad(run, start / 4 + part);
        x_tile[4 * part][place / 4][place % 4] = from_x.x;
        x_tile[4 * part + 1][place / 4][place % 4] = from_x.y;
        x_tile[4 * part + 2][place / 4][place % 4] = from_x.z;
        x_tile[4 * part + 3][place / 4][place % 4] = from_x.w;
        if TRANSPOSE {
          let from_w = w_rows(tap, channels, start / 4 + part, 4 * quad + place);
          w_tile[4 * part][place / 4][place % 4] = from_w.x;
          w_tile[4 * part + 1][place / 4][place % 4] = from_w.y;
          w_tile[4 * part + 2][place / 4][place % 4] = from_w.z;
          w_tile[4 * part + 3][place / 4][place % 4] = from_w.w;
        } else {
          w_tile[mine][own] = w_columns(tap, channels, start + mine, quad + own);
        }
        workgroupBarrier();
        for (var i = 0u; i < DEPTH; i++) {
          let a = x_tile[i][mine];
          let b = w_tile[i][own];
          s0 += a.x * b;
          s1 += a.y * b;
          s2 += a.z * b;
          s3 += a.w * b;
        }
        workgroupBarrier();
      }
    }
  }
  var at = spot_of(first + 4 * mine);
  for (var r = 0u; r < 4; r++) {
    store_quad(at, channels, quad + own, select(select(s0, s1, r == 1), select(s2, s3, r == 3), r >= 2));
    at = next(at);
  }
}
