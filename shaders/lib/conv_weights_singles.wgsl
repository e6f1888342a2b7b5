// The edition of `conv_weights_quads.wgsl` for any number of channels: values are loaded and stored one by one.

alias T = f32;
alias Column = vec4u;

fn columns_of(job: Job, offset: u32) -> Column {
  let last = vec4u(params.co - 1);
  return job.group * params.co + min(vec4u(job.column + offset) + vec4u(0, 1, 2, 3), last);
}

fn dy_quad(place: u32, columns: Column) -> vec4f {
  let at = place * params.cout + columns;
  return vec4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]);
}

fn store(job: Job, row: u32, offset: u32, values: vec4f) {
  if row >= job.end { return; }
  let to = (job.matrix * params.rows + row) * params.cout + job.group * params.co;
  let end = min(job.column + offset + 4, params.co);
  for (var column = job.column + offset; column < end; column++) {
    var sum = values[(column - job.column) & 3u];
    if ACCUMULATE { sum += dw[to + column]; }
    dw[to + column] = sum;
  }
}
