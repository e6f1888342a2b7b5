// dx[n, iy, ix, c] = Σ dy[n, oy, ox, c]             over the windows (oy, ox) whose largest value this pixel was
// dx[n, iy, ix, c] = Σ share dy[n, oy, ox, c]       over the windows (oy, ox) that hold it, for means
//
// Threads walk along rows of dx, or make one T each: they walk the taps at which a window may hold their pixel; each is of one window at most. No
// two threads write the same value, so nothing need be atomic.
//
// All is added in the order of the taps: the same inputs give the same bits.

// use lib/pool.wgsl
// use lib/taps.wgsl

@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> taps: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;
  let s = start(p, line(group, groups), lane, p.w);
  var i = s.i;
  var c = s.c;
  let image = s.row / p.h;
  let iy = s.row % p.h;
  if image >= p.images { return; }
  for (var t = s.first; t < s.end; t += WIDTH) {
    var sum = T(0.0);
    for (var ky = 0u; ky < KH; ky++) {
      let down = iy + TOP - ky * DY;           // below 0 it wraps, and the window is beyond the last
      let oy = down / SY;
      if down % SY != 0 || oy >= p.oh { continue; }
      for (var kx = 0u; kx < KW; kx++) {
        let across = i + LEFT - kx * DX;
        let ox = across / SX;
        if across % SX != 0 || ox >= p.ow { continue; }
        let at = place(p, image, oy, ox) + c;
        if MAX == 1 {
          sum += select(T(0.0), dy[at], unpacked(taps[at]) == Taps(ky * KW + kx));
        } else {
          sum += dy[at] * share(p, oy, ox);
        }
      }
    }
    dx[pixel(p, image, iy, 0) + t] = sum;
    c += WIDTH;
    for (; c >= p.columns; c -= p.columns) { i++; }
  }
}
