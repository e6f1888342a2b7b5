// dx[n, iy, ix, c] = Σ dy[n, oy, ox, c]             over the windows (oy, ox) whose largest value this pixel was
// dx[n, iy, ix, c] = Σ share dy[n, oy, ox, c]       over the windows (oy, ox) that hold it, for means
//
// A thread takes a T of ROWS rows of dx and walks along the windows that touch them. The sums of the columns that a window
// holds stay in registers, and are stored when the next window begins behind them. So each window is read once for these
// rows. No two threads write the same value, so nothing need be atomic.
//
// All is added in the order of the windows: the same inputs give the same bits.

// use lib/pool.wgsl
// use lib/taps.wgsl

const ROWS = 1u;

@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> taps: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;
  let id = line(group, groups) * WIDTH + lane;
  let c = id % p.columns;
  let strip = id / p.columns;
  let strips = (p.h + ROWS - 1) / ROWS;
  let image = strip / strips;
  if image >= p.images { return; }
  let y0 = strip % strips * ROWS;

  // The windows down from the first that reaches row y0 to the last that begins before the row after these.
  let begin = (max(y0 + TOP + SY, KH) - KH) / SY;
  let end = min((y0 + ROWS - 1 + TOP) / SY + 1, p.oh);
  var sums: array<array<T, ROWS>, KW>;
  for (var k = 0u; k < KW; k++) {
    for (var r = 0u; r < ROWS; r++) { sums[k][r] = T(0.0); }
  }
  let steps = (p.w + LEFT + SX - 1) / SX;
  for (var ox = 0u; ox < steps; ox++) {
    if ox < p.ow {
      for (var oy = begin; oy < end; oy++) {
        let at = place(p, image, oy, ox) + c;
        let gradient = dy[at] * share(p, oy, ox);
        var tap = Taps(0);
        if MAX == 1 { tap = unpacked(taps[at]); }
        for (var r = 0u; r < ROWS; r++) {
          let ky = y0 + r + TOP - oy * SY;     // before the window it wraps to something large
          if ky < KH {
            for (var k = 0u; k < KW; k++) {
              if MAX == 1 {
                sums[k][r] += select(T(0.0), gradient, tap == Taps(ky * KW + k));
              } else {
                sums[k][r] += gradient;
              }
            }
          }
        }
      }
    }
    for (var k = 0u; k < SX; k++) {
      let ix = ox * SX + k - LEFT;
      if ix < p.w {
        for (var r = 0u; r < ROWS; r++) {
          if ROWS == 1 || y0 + r < p.h {
            let to = pixel(p, image, y0 + r, ix) + c;
            if k < KW { dx[to] = sums[min(k, KW - 1)][r]; } else { dx[to] = T(0.0); }
          }
        }
      }
    }
    for (var k = 0u; k < KW; k++) {
      for (var r = 0u; r < ROWS; r++) {
        if k + SX < KW { sums[k][r] = sums[min(k + SX, KW - 1)][r]; } else { sums[k][r] = T(0.0); }
      }
    }
  }
}
