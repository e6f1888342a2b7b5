// dx[n, iy, ix, c] = Σ of dy[n, oy, ox, c] taps[ky, kx, c]     over all with oy stride - top + ky dilation = iy, and so ox
//
// One thread for each T of dx, which looks at every tap: whether a window had it there. For windows with stride and dilation, and
// for large ones; the others have `depthwise_input_gradient_strips.wgsl`, and with stride 1 they are convolutions.
//
// The sum runs from the first tap to the last, in f32. Nothing outside dy is loaded.

// use lib/depthwise_gradient.wgsl

@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> taps: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let ix = id / params.channels % params.w;
  let iy = id / params.channels / params.w % params.h;
  let image = id / params.channels / params.w / params.h;
  if image >= params.images { return; }
  var sum = T(0.0);
  for (var ky = 0u; ky < KH; ky++) {
    let down = i32(iy) + params.top - i32(ky * params.dilation_y);
    let oy = u32(max(down, 0)) / params.stride_y;
    if down < 0 || oy * params.stride_y != u32(down) || oy >= params.oh { continue; }
    for (var kx = 0u; kx < KW; kx++) {
      let along = i32(ix) + params.left - i32(kx * params.dilation_x);
      let ox = u32(max(along, 0)) / params.stride_x;
      if along < 0 || ox * params.stride_x != u32(along) || ox >= params.ow { continue; }
      sum += dy[((image * params.oh + oy) * params.ow + ox) * params.channels + c] * taps[(ky * KW + kx) * params.channels + c];
    }
  }
  dx[id] = sum;
}
