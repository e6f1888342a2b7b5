// dw[tap, ci, co] = Σ over images and places: x[place * stride + tap * dilation - padding, ci] dy[place, co]
//
// What a GPU with real workgroup memory wants: 16x16 threads have a tile of 64 rows by 64 columns, a thread 4x4 of it in registers. For 16 places, of
// which each is a strip, every thread loads a quad of x and one of dy into workgroup memory; four values of each read from there feed
// 16 multiply-adds.
//
// The sum runs from the first place to the last in f32. Places beyond the last and taps outside of the image are zeros.

// use lib/conv_weights.wgsl

const DEPTH = 16u;                             // places of a step

var<workgroup> x_tile: array<array<vec4f, 16>, DEPTH>;   // [place][quad of rows]
var<workgroup> dy_tile: array<array<vec4f, 16>, DEPTH>;  // [place][quad of columns]

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u) {
  let id = line(group, groups);
  if id >= params.jobs { return; }
  let job = job_of(id, 64, 64);
  // Neighbouring threads load neighbouring channels.
  let rows = rows_of(job, 4 * local.x);
  let columns = columns_of(job, 4 * local.x);
  let reach = reach_of(job.tap);
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var start = job.first; start < job.last; start += DEPTH) {
    let place = start + local.y;
    var from_x = vec4f();
    var from_dy = vec4f();
    if place < job.last {
      from_x = x_pixel(rows, strip_at(place), reach);
      from_dy = dy_quad(place, columns);
    }
    x_tile[local.y][local.x] = from_x;
    dy_tile[local.y][local.x] = from_dy;
    workgroupBarrier();
    for (var t = 0u; t < DEPTH; t++) {
      let a = x_tile[t][local.y];
      let b = dy_tile[t][local.x];
      s0 += a.x * b;
      s1 += a.y * b;
      s2 += a.z * b;
      s3 += a.w * b;
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 4; r++) {
    let sums = select(select(s0, s1, r == 1), select(s2, s3, r == 3), r >= 2);
    store(job, job.row + 4 * local.y + r, 4 * local.x, sums);
  }
}
