// da += w (1 - t) (p - q)         db += w t (p - q)         w = 2 gamma dy y,  or gamma dy y / d with SQUARED off
//
// for each pixel p and the bone from a to b that is nearest to it; q = a + t (b - a) is its nearest point. (Where
// q is inside the bone, p - q is normal to it, so that t may be held fixed; at an end t does not move.) A thread walks down
// one column of the image, and adds to sums of its own, one for each bone; the sums of the threads are added in order
// by `skeleton_image_finish.wgsl`.
//
// No two threads write to one place and nothing is added atomically. On a bone d is 0, and so is the gradient.

// use lib/map_columns.wgsl
// use lib/segment.wgsl

struct Params {
  images: u32, rows: u32, columns: u32, most: u32, first_image: u32,
  joints: u32, bones: u32, gamma: f32,
}

override WIDTH: u32 = 64;                      // threads of a workgroup
override SQUARED: bool = true;
const BONES = 1;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> joints: array<vec2f>;
@group(0) @binding(2) var<storage, read> bones: array<vec2f>;        // two joints each
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read> nearest: array<f32>;
@group(0) @binding(6) var<storage, read_write> partial: array<vec4f>;   // da, db of [images, parts, bones, columns]

var<private> sums: array<vec4f, BONES>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = column_of(line(group, groups) * WIDTH + lane, params.rows, params.columns, params.most);
  if t.image >= params.images { return; }
  let image = params.first_image + t.image;
  for (var k = 0u; k < params.bones; k++) { sums[k] = vec4f(); }

  var at = (t.image * params.rows + t.first) * params.columns + t.at;
  for (var r = t.first; r < t.end; r++) {
    let slope = params.gamma * dy[at] * y[at];
    if slope != 0.0 {
      let k = u32(nearest[at]);
      let bone = bones[k];
      let a = joints[image * params.joints + u32(bone.x)];
      let along = joints[image * params.joints + u32(bone.y)] - a;
      let from_a = vec2f(f32(t.at), f32(r)) + 0.5 - a;
      let part = nearest_of_segment(from_a, along);
      let rest = from_a - part * along;
      var w = 2.0 * slope;
      if !SQUARED {
        let square = dot(rest, rest);
        w = select(0.0, slope * inverseSqrt(max(square, 1e-30)), square > 1e-30);
      }
      sums[k] += vec4f((w - w * part) * rest, w * part * rest);
    }
    at += params.columns;
  }

  for (var k = 0u; k < params.bones; k++) {
    partial[((image * t.parts + t.part) * params.bones + k) * params.columns + t.at] = sums[k];
  }
}
