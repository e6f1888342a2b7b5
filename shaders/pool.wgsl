// y[n, oy, ox, c] = max or share * Σ over taps (ky, kx) of x[n, oy SY - TOP + ky DY, ox SX - LEFT + kx DX, c]
//
// Taps outside of the image count as -∞ or 0. Threads walk along rows of y, or make one T each: they read all taps of its window.
//
// Sums are of a window only. What is neutral for the maximum comes from the host, as WGSL has no literal for -∞.

// use lib/pool_tap.wgsl

@group(0) @binding(2) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;
  let s = start(p, line(group, groups), lane, p.ow);
  var i = s.i;
  var c = s.c;
  let image = s.row / p.oh;
  let oy = s.row % p.oh;
  if image >= p.images { return; }
  for (var t = s.first; t < s.end; t += WIDTH) {
    var result = T(p.neutral);
    for (var ky = 0u; ky < KH; ky++) {
      for (var kx = 0u; kx < KW; kx++) {
        result = combined(result, tap(p, image, oy * SY + ky * DY - TOP, i * SX + kx * DX - LEFT, c));
      }
    }
    y[place(p, image, oy, 0) + t] = result * share(p, oy, i);
    c += WIDTH;
    for (; c >= p.columns; c -= p.columns) { i++; }
  }
}
