enable subgroups;
// dw[tap, ci, co] = Σ over images and places: x[place * stride + tap * dilation - padding, ci] dy[place, co]
//
// Step 3 of the ladder: a subgroup of 4 lanes has a tile of 16 rows by 4 quads of columns, without a barrier. For four
// places, lane j loads rows 4j to 4j + 3 of x and every lane its own quad of columns of dy; then each row is broadcast to all
// lanes. Eight loads a lane feed 16 quads of multiply-adds four times over.
//
// The sum runs from the first place to the last, four at a time, in f32. The lane of a broadcast must be a constant expression, and
// accumulators in an indexed array would live in memory: so both are written out.

// use lib/conv_weights.wgsl

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  let id = line(group, groups);
  if id >= params.jobs { return; }
  let job = job_of(id, 16, 16);
  let rows = rows_of(job, 4 * lane);
  let columns = columns_of(job, 4 * lane);
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  var s4 = vec4f(); var s5 = vec4f(); var s6 = vec4f(); var s7 = vec4f();
  var s8 = vec4f(); var s9 = vec4f(); var s10 = vec4f(); var s11 = vec4f();
  var s12 = vec4f(); var s13 = vec4f(); var s14 = vec4f(); var s15 = vec4f();
  let reach = reach_of(job.tap);
  var strip = strip_at(job.first);
  for (; strip.index < job.last; strip = next_strip(strip)) {
    let seen = within(strip, reach);
    let source = source_of(rows, seen, reach);
    for (var ox = seen.begin; ox < seen.end; ox += 4u) {
      let mine = transpose(x_block(source, ox));
      let from_dy = dy_block(seen, ox, columns);
      s0 += from_dy * subgroupBroadcast(mine[0], 0u);
      s1 += from_dy * subgroupBroadcast(mine[1], 0u);
      s2 += from_dy * subgroupBroadcast(mine[2], 0u);
      s3 += from_dy * subgroupBroadcast(mine[3], 0u);
      s4 += from_dy * subgroupBroadcast(mine[0], 1u);
      s5 += from_dy * subgroupBroadcast(mine[1], 1u);
      s6 += from_dy * subgroupBroadcast(mine[2], 1u);
      s7 += from_dy * subgroupBroadcast(mine[3], 1u);
      s8 += from_dy * subgroupBroadcast(mine[0], 2u);
      s9 += from_dy * subgroupBroadcast(mine[1], 2u);
      s10 += from_dy * subgroupBroadcast(mine[2], 2u);
      s11 += from_dy * subgroupBroadcast(mine[3], 2u);
      s12 += from_dy * subgroupBroadcast(mine[0], 3u);
      s13 += from_dy * subgroupBroadcast(mine[1], 3u);
      s14 += from_dy * subgroupBroadcast(mine[2], 3u);
      s15 += from_dy * subgroupBroadcast(mine[3], 3u);
    }
  }
  for (var r = 0u; r < 16; r++) {
    var sum = s0;
    sum = select(sum, s1, r == 1);
    sum = select(sum, s2, r == 2);
    sum = select(sum, s3, r == 3);
    sum = select(sum, s4, r == 4);
    sum = select(sum, s5, r == 5);
    sum = select(sum, s6, r == 6);
    sum = select(sum, s7, r == 7);
    sum = select(sum, s8, r == 8);
    sum = select(sum, s9, r == 9);
    sum = select(sum, s10, r == 10);
    sum = select(sum, s11, r == 11);
    sum = select(sum, s12, r == 12);
    sum = select(sum, s13, r == 13);
    sum = select(sum, s14, r == 14);
    sum = select(sum, s15, r == 15);
    store(job, job.row + r, 4 * lane, sum);
  }
}
