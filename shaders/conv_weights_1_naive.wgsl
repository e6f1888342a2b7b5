// dw[t, ci, co] = sum_{n, p} x[n, stride p + dilation t - padding, ci] dy[n, p, co]          p and t are [row, column]
//
// Step 1 of the ladder. One thread for each value of dw walks over all images and places. Every multiply-add costs two loads;
// there are only as many threads as weights, however large the batch is.
//
// The sum runs in one order, in f32. ACCUMULATE adds to what dw holds: a batch that is cut comes piece by piece.

// use lib/grid.wgsl

struct Params {
  count: u32,
  images: u32, x_height: u32, x_width: u32, x_channels: u32,
  places_y: u32, places_x: u32, channels: u32,
  kernel_x: u32, inner: u32, per_group: u32,   // cin / groups, cout / groups
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32, top: u32, left: u32,
}

override ACCUMULATE: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let index = 64 * line(group, groups) + lane;
  if index >= params.count { return; }
  let co = index % params.channels;
  let ci = index / params.channels % params.inner + co / params.per_group * params.inner;
  let tap = index / params.channels / params.inner;
  let tap_y = i32(tap / params.kernel_x * params.dilation_y) - i32(params.top);
  let tap_x = i32(tap % params.kernel_x * params.dilation_x) - i32(params.left);
  var sum = 0.0;
  if ACCUMULATE { sum = dw[index]; }
  for (var n = 0u; n < params.images; n++) {
    for (var py = 0u; py < params.places_y; py++) {
      let row = u32(i32(py * params.stride_y) + tap_y);
      if row >= params.x_height { continue; }
      for (var px = 0u; px < params.places_x; px++) {
        let column = u32(i32(px * params.stride_x) + tap_x);
        if column >= params.x_width { continue; }
        let from_x = x[((n * params.x_height + row) * params.x_width + column) * params.x_channels + ci];
        sum += from_x * dy[((n * params.places_y + py) * params.places_x + px) * params.channels + co];
      }
    }
  }
  dw[index] = sum;
}
