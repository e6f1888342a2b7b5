// sums[n, i] = Σ over j < i of | |y_i - y_j| - |t_i - t_j| |        t is the target
//
// Each pair of joints counts once, with the later of both. A thread takes one joint i of one pose and walks over those
// before it; |.| of a difference of joints is Euclidean or, with EUCLIDEAN off, the sum of the absolute coordinates. With SIGNED
// the outer absolute value is left out.
//
// A sum has as many terms as the pose has joints, in order. Squares of coordinates stay within f32 from 1e-19 to 1e19.

// use lib/grid.wgsl

struct Params { poses: u32, joints: u32, axes: u32 }

override WIDTH: u32 = 64;                      // threads of a workgroup
override EUCLIDEAN: bool = true;
override SIGNED: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> t: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

fn part(d: f32) -> f32 {
  if EUCLIDEAN { return d * d; }
  return abs(d);
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let joint = line(group, groups) * WIDTH + lane;
  if joint >= params.poses * params.joints { return; }
  let i = joint * params.axes;

  var sum = 0.0;
  for (var j = (joint - joint % params.joints) * params.axes; j < i; j += params.axes) {
    var of_y = 0.0;
    var of_t = 0.0;
    for (var axis = 0u; axis < params.axes; axis++) {
      of_y += part(y[i + axis] - y[j + axis]);
      of_t += part(t[i + axis] - t[j + axis]);
    }
    var difference = of_y - of_t;
    if EUCLIDEAN { difference = sqrt(of_y) - sqrt(of_t); }
    sum += select(abs(difference), difference, SIGNED);
  }
  sums[joint] = sum;
}
