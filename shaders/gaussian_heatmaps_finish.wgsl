// du = a / sigma² Σ zeroth (c + 1/2 - u)         dv = a / sigma² Σ first          da = Σ zeroth
//
// The sums are over the parts and columns c of a joint's map, see `gaussian_heatmaps_backward.wgsl`; a is its amplitude. One
// workgroup for each joint of each image: a thread takes every WIDTH-th column, and the threads add what they have in a tree.
//
// The order is fixed, so the same input gives the same bits.

// use lib/reduce.wgsl
// use lib/grid.wgsl

struct Params { images: u32, parts: u32, width: u32, channels: u32, scale: f32 }   // scale = 1 / sigma²

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> joints: array<vec2f>;
@group(0) @binding(2) var<storage, read> amplitude: array<f32>;
@group(0) @binding(3) var<storage, read> partial: array<f32>;        // [images, parts, 2, width, channels]
@group(0) @binding(4) var<storage, read_write> djoints: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> damplitude: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let j = line(group, groups);
  if j >= params.images * params.channels { return; }
  let image = j / params.channels;
  let u = joints[j].x - 0.5;
  let columns = params.width * params.channels;

  var zeroth = 0.0;
  var along_x = 0.0;
  var along_y = 0.0;
  for (var part = image * params.parts; part < (image + 1) * params.parts; part++) {
    for (var c = lane; c < params.width; c += WIDTH) {
      let at = part * 2 * columns + c * params.channels + j % params.channels;
      let product = partial[at];
      zeroth += product;
      along_x += product * (f32(c) - u);
      along_y += partial[at + columns];
    }
  }
  zeroth = sum_across(zeroth, lane);
  along_x = sum_across(along_x, lane);
  along_y = sum_across(along_y, lane);
  if lane == 0 {
    djoints[j] = params.scale * amplitude[j] * vec2f(along_x, along_y);
    damplitude[j] = zeroth;
  }
}
