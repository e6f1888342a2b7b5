// dw[b, ky, kx, c] = Σ over the pixels (n, oy, ox) of block b of dy[n, oy, ox, c] x[n, oy stride - top + ky dilation, ...]
//
// One thread for each block of pixels, each tap and each T of channels. For windows with stride and dilation, and for long
// ones; the others have `depthwise_weights_rows.wgsl`. Blocks are added in order afterwards.
//
// What lies outside the image counts as zero and is never loaded. Blocks keep the sums short.

// use lib/depthwise_gradient.wgsl

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dw: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let results = KH * KW * params.channels;
  let c = id % params.channels;
  let tap = id % results / params.channels;
  let pixels = params.images * params.oh * params.ow;
  let begin = id / results * params.block;
  if begin >= pixels { return; }
  var sum = T(0.0);
  let end = min(begin + params.block, pixels);
  for (var pixel = begin; pixel < end; pixel++) {
    let image = pixel / params.ow / params.oh;
    let iy = i32(pixel / params.ow % params.oh * params.stride_y + tap / KW * params.dilation_y) - params.top;
    let ix = i32(pixel % params.ow * params.stride_x + tap % KW * params.dilation_x) - params.left;
    if iy >= 0 && iy < i32(params.h) && ix >= 0 && ix < i32(params.w) {
      let at = (image * params.h + u32(iy)) * params.w + u32(ix);
      sum += dy[pixel * params.channels + c] * x[at * params.channels + c];
    }
  }
  dw[params.first_block * results + id] = sum;
}
