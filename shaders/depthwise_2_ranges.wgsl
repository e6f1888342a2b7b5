// y[n, oy, ox, c] = Σ over ky, kx of x[n, oy stride - top + ky dilation, ox stride - left + kx dilation, c] taps[ky, kx, c]
//
// Step 2 of the ladder: a thread takes a T of channels, quads where they fill the pixels, and runs over the taps that lie on
// the image; inside the loops nothing is asked. It takes any size of kernel, stride and dilation.
//
// The sum runs from the first tap to the last, in f32. What lies outside the image counts as zero and is never loaded.

// use lib/depthwise.wgsl
// use lib/tap_range.wgsl

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let ox = id / params.channels % params.ow;
  let oy = id / params.channels / params.ow % params.oh;
  let image = id / params.channels / params.ow / params.oh;
  if image >= params.images { return; }
  let begin_y = i32(oy * params.stride_y) - params.top;
  let begin_x = i32(ox * params.stride_x) - params.left;
  let rows = tap_range(begin_y, params.dilation_y, KH, params.h);
  let columns = tap_range(begin_x, params.dilation_x, KW, params.w);
  var sum = T(0.0);
  for (var ky = rows.x; ky < rows.y; ky++) {
    let row = image * params.h + u32(begin_y + i32(ky * params.dilation_y));
    for (var kx = columns.x; kx < columns.y; kx++) {
      let ix = u32(begin_x + i32(kx * params.dilation_x));
      sum += x[(row * params.w + ix) * params.channels + c] * tap(ky, kx, c);
    }
  }
  hold_rows(c);
  store(image, oy, ox, c, sum);
}
