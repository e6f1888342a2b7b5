// y[n, oy, ox, c] = max or share * Σ over taps (ky, kx) of x[n, oy SY - TOP + ky DY, ox SX - LEFT + kx DX, c]
//
// Taps outside of the image count as -∞ or 0. One thread for each T of y: it reads all taps of its window.
//
// Sums are of a window only. What is neutral for the maximum comes from the host, as WGSL has no literal for -∞.

// use lib/pool.wgsl

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

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

  var result = T(params.neutral);
  for (var ky = 0u; ky < KH; ky++) {
    let iy = oy * SY + ky * DY - TOP;          // before the first row it wraps to something large
    if iy >= params.h { continue; }
    for (var kx = 0u; kx < KW; kx++) {
      let ix = ox * SX + kx * DX - LEFT;
      if ix >= params.w { continue; }
      result = combined(result, x[pixel(image, iy, ix) + c]);
    }
  }
  y[place(image, oy, ox) + c] = result * share(oy, ox);
}
