// dw[tap, ci, co] = Σ over images and places: x[place * stride + tap * dilation - padding, ci] dy[place, co]
//
// Step 2 of the ladder: registers only, no barrier. A thread has four rows by two quads of columns: for four places it loads a 4x4 block of
// x and two of dy, and multiplies the blocks. The eight threads of a workgroup have 32 rows of the same columns.
//
// The sum runs from the first place to the last, four at a time, in f32.

// use lib/conv_weights.wgsl

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups);
  if id >= params.jobs { return; }
  let job = job_of(id, 32, 8);
  let rows = rows_of(job, 4 * lane);
  let left = columns_of(job, 0);
  let right = columns_of(job, 4);
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var t0 = vec4f(); var t1 = vec4f(); var t2 = vec4f(); var t3 = vec4f();
  let reach = reach_of(job.tap);
  var strip = strip_at(job.first);
  for (; strip.index < job.last; strip = next_strip(strip)) {
    let seen = within(strip, reach);
    let source = source_of(rows, seen, reach);
    for (var ox = seen.begin; ox < seen.end; ox += 4u) {
      let from_x = transpose(x_block(source, ox));
      let from_left = dy_block(seen, ox, left);
      let from_right = dy_block(seen, ox, right);
      s0 += from_left * from_x[0];
      s1 += from_left * from_x[1];
      s2 += from_left * from_x[2];
      s3 += from_left * from_x[3];
      t0 += from_right * from_x[0];
      t1 += from_right * from_x[1];
      t2 += from_right * from_x[2];
      t3 += from_right * from_x[3];
    }
  }
  for (var r = 0u; r < 4; r++) {
    let row = job.row + 4 * lane + r;
    store(job, row, 0, select(select(s0, s1, r == 1), select(s2, s3, r == 3), r >= 2));
    store(job, row, 4, select(select(t0, t1, r == 1), select(t2, t3, r == 3), r >= 2));
  }
}
