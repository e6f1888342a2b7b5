// djoints[n, j] = Σ da over the bones that begin at j + Σ db over those that end there
//
// The sums of each thread of `skeleton_image_backward.wgsl` come by image, part, bone and column. One workgroup for each
// joint of each image: a thread takes every WIDTH-th column of the joint's bones, and the threads add what they have in a
// tree.
//
// The order is fixed, so the same input gives the same bits.

// use lib/reduce.wgsl
// use lib/grid.wgsl

struct Params { images: u32, joints: u32, parts: u32, bones: u32, columns: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bones: array<vec2f>;
@group(0) @binding(2) var<storage, read> partial: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> djoints: array<vec2f>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let joint = line(group, groups);
  if joint >= params.images * params.joints { return; }
  let image = joint / params.joints;
  let j = f32(joint % params.joints);

  var sum = vec2f();
  for (var k = 0u; k < params.bones; k++) {
    let bone = bones[k];
    if bone.x == j || bone.y == j {
      let mine = vec2f(bone == vec2f(j));
      for (var part = image * params.parts; part < (image + 1) * params.parts; part++) {
        for (var c = lane; c < params.columns; c += WIDTH) {
          let both = partial[(part * params.bones + k) * params.columns + c];
          sum += mine.x * both.xy + mine.y * both.zw;
        }
      }
    }
  }
  let x = sum_across(sum.x, lane);
  let y = sum_across(sum.y, lane);
  if lane == 0 { djoints[joint] = vec2f(x, y); }
}
