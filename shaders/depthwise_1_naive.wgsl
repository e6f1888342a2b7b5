// y[n, oy, ox, c] = Σ over ky, kx of x[n, oy stride - top + ky dilation, ox stride - left + kx dilation, c] taps[ky, kx, c]
//
// Step 1 of the ladder: one thread for each value of y, which looks at every tap and asks whether there is a pixel below it.
// Nothing is shared: each value of x is loaded KH KW times, and so is each tap for each pixel.
//
// The sum runs from the first tap to the last, in f32. What lies outside the image counts as zero and is never loaded.

// use lib/depthwise.wgsl

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let ox = id / params.channels % params.ow;
  let oy = id / params.channels / params.ow % params.oh;
  let image = id / params.channels / params.ow / params.oh;
  if image >= params.images { return; }
  var sum = T(0.0);
  for (var ky = 0u; ky < KH; ky++) {
    for (var kx = 0u; kx < KW; kx++) {
      let iy = i32(oy * params.stride_y + ky * params.dilation_y) - params.top;
      let ix = i32(ox * params.stride_x + kx * params.dilation_x) - params.left;
      if iy >= 0 && iy < i32(params.h) && ix >= 0 && ix < i32(params.w) {
        sum += x[((image * params.h + u32(iy)) * params.w + u32(ix)) * params.channels + c] * tap(ky, kx, c);
      }
    }
  }
  hold_rows(c);
  store(image, oy, ox, c, sum);
}
