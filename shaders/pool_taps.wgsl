// y[n, oy, ox, c] = max over taps (ky, kx) of x[n, oy SY - TOP + ky DY, ox SX - LEFT + kx DX, c]
// taps[n, oy, ox, c] = ky KW + kx of the first tap that has this value
//
// One thread for each T of y, as in `pool.wgsl`; the backward pass reads which tap it was, instead of finding it again.
//
// Taps outside of the image are never the largest: every window has one inside.

// use lib/pool.wgsl
// use lib/taps.wgsl

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<storage, read_write> taps: array<u32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.columns;
  var rest = id / params.columns;
  let ox = rest % params.ow; rest /= params.ow;
  let oy = rest % params.oh;
  let image = rest / params.oh;
  if image >= params.images { return; }

  var largest = T(params.neutral);
  var first = Taps(0);
  for (var ky = 0u; ky < KH; ky++) {
    let iy = oy * SY + ky * DY - TOP;          // before the first row it wraps to something large
    if iy >= params.h { continue; }
    for (var kx = 0u; kx < KW; kx++) {
      let ix = ox * SX + kx * DX - LEFT;
      if ix >= params.w { continue; }
      let value = x[pixel(image, iy, ix) + c];
      first = select(first, Taps(ky * KW + kx), value > largest);
      largest = max(largest, value);
    }
  }
  let to = place(image, oy, ox) + c;
  y[to] = largest;
  taps[to] = packed(first);
}
