// The gradient of z = scale x̂ + shift from that of activation(z). z is made again from x, so that nobody keeps it: it
// takes a multiply-add, and to load it would take as long as to load x.
//
// The kernel binds `lines`, which `batch_norm_lines.wgsl` writes, and has `columns` among its Params.

// use lib/stage.wgsl

override SLOPE: u32 = 0;                       // the stage that multiplies by the slope of the activation at z

struct Line { mean: T, inv_std: T, factor: T, shift: T }

fn line_of(c: u32) -> Line {
  let n = params.columns;
  return Line(lines[c], lines[n + c], lines[2 * n + c], lines[3 * n + c]);
}

// From dy and x - mean.
fn before_activation(dy: T, difference: T, column: Line) -> T {
  return stage(SLOPE, dy, difference * column.factor + column.shift, 0u, 0u);
}
