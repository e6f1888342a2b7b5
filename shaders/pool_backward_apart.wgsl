// dx[n, iy, ix, c] = dy[n, oy, ox, c]               of the window (oy, ox) that holds this pixel, where it was its largest value
// dx[n, iy, ix, c] = share dy[n, oy, ox, c]         of that window, for means
//
// For windows that share no pixel. Threads walk along rows of windows, or take one T each, and write the SY x SX pixels of dx from
// the first of a window to the next window's: so each window is read once, and neighbours touch neighbouring addresses. No two
// threads write the same value.
//
// Nothing is added: a pixel is in one window, or its gradient is 0.

// use lib/pool.wgsl
// use lib/taps.wgsl

@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> taps: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;
  // As many windows as touch the image, and those that would begin in it.
  let down = (p.h + TOP + SY - 1) / SY;
  let across = (p.w + LEFT + SX - 1) / SX;
  let s = start(p, line(group, groups), lane, across);
  var ox = s.i;
  var c = s.c;
  let image = s.row / down;
  let oy = s.row % down;
  if image >= p.images { return; }
  for (var t = s.first; t < s.end; t += WIDTH) {
    var gradient = T(0.0);
    var tap = Taps(0);
    if oy < p.oh && ox < p.ow {
      let at = place(p, image, oy, ox) + c;
      gradient = dy[at] * share(p, oy, ox);
      if MAX == 1 { tap = unpacked(taps[at]); }
    }
    for (var ky = 0u; ky < SY; ky++) {
      let iy = oy * SY + ky - TOP;             // before the image it wraps to something large
      for (var kx = 0u; kx < SX; kx++) {
        let ix = ox * SX + kx - LEFT;
        if iy < p.h && ix < p.w {
          var value = T(0.0);
          if ky < KH && kx < KW {
            value = gradient;
            if MAX == 1 { value = select(T(0.0), gradient, tap == Taps(ky * KW + kx)); }
          }
          dx[pixel(p, image, iy, ix) + c] = value;
        }
      }
    }
    c += WIDTH;
    for (; c >= p.columns; c -= p.columns) { ox++; }
  }
}
