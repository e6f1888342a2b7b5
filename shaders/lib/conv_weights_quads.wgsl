// Columns of dw and dy where quads fill the channels of a group. `conv_weights_singles.wgsl` is the other edition.

alias T = vec4f;
alias Column = u32;

// The first of four columns of the job from `offset` on, among all channels; those beyond the last repeat it and are not stored.
fn columns_of(job: Job, offset: u32) -> Column {
  return job.group * params.co + min(job.column + offset, params.co - 4);
}

fn dy_quad(place: u32, column: Column) -> vec4f { return dy[(place * params.cout + column) / 4]; }

fn store(job: Job, row: u32, offset: u32, values: vec4f) {
  let column = job.column + offset;
  if row >= job.end || column >= params.co { return; }
  let index = ((job.matrix * params.rows + row) * params.cout + job.group * params.co + column) / 4;
  var sum = values;
  if ACCUMULATE { sum += dw[index]; }
  dw[index] = sum;
}
