// y[n, oy, ox, c] = max over taps (ky, kx) of x[n, oy SY - TOP + ky DY, ox SX - LEFT + kx DX, c]
// taps[n, oy, ox, c] = ky KW + kx of the first tap that has this value
//
// Threads make one T of y after another, as in `pool.wgsl`; the backward pass reads which tap it was, instead of finding it again.
//
// Taps outside of the image are never the largest: every window has one inside.

// use lib/pool_tap.wgsl
// use lib/taps.wgsl

@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<storage, read_write> taps: array<u32>;

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
    var largest = T(p.neutral);
    var first = Taps(0);
    for (var ky = 0u; ky < KH; ky++) {
      for (var kx = 0u; kx < KW; kx++) {
        let value = tap(p, image, oy * SY + ky * DY - TOP, i * SX + kx * DX - LEFT, c);
        first = select(first, Taps(ky * KW + kx), value > largest);
        largest = max(largest, value);
      }
    }
    let to = place(p, image, oy, 0) + t;
    y[to] = largest;
    taps[to] = packed(first);
    c += WIDTH;
    for (; c >= p.columns; c -= p.columns) { i++; }
  }
}
