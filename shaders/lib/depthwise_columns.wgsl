// Strips of a few columns of y, down which the threads of a depthwise convolution walk.
//
// With a dilation, rows and columns whose numbers differ by no multiple of it have nothing in common: each such phase is an
// image of its own.

struct Strip { image: u32, phase_y: u32, phase_x: u32, first: u32, rows: u32, columns: u32 }
struct Line { at: u32, inside: bool }          // a row or a column: index of its first value; whether the image has it

fn strip_of(i: u32, wide: u32) -> Strip {
  let strip = i % params.strips;
  let phase_x = strip % params.phases_x;
  let phase_y = i / params.strips % params.blocks;
  return Strip(i / params.strips / params.blocks, phase_y, phase_x, strip / params.phases_x * wide,
    (params.oh - phase_y + params.dilation_y - 1) / params.dilation_y,
    (params.ow - phase_x + params.dilation_x - 1) / params.dilation_x);
}

// The j-th column of x that the strip sees.
fn column_of(s: Strip, j: u32, c: u32) -> Line {
  let ix = i32(s.phase_x + params.dilation_x * (s.first + j)) - params.left;
  let from_x = u32(clamp(ix, 0, i32(params.w) - 1));
  return Line(from_x * params.channels + c, ix >= 0 && ix < i32(params.w));
}

// The t-th row of x that the strip sees.
fn row_of(s: Strip, t: u32) -> Line {
  let iy = i32(s.phase_y + params.dilation_y * t) - params.top;
  let from_y = u32(clamp(iy, 0, i32(params.h) - 1));
  return Line((s.image * params.h + from_y) * params.w * params.channels, iy >= 0 && iy < i32(params.h));
}

// Its value in that column, which may lie outside.
fn value(row: Line, column: Line) -> T {
  return select(T(0.0), x[row.at + column.at], row.inside && column.inside);
}

// The j-th column of the strip itself.
fn result_column(s: Strip, j: u32, c: u32) -> Line {
  let ox = s.phase_x + params.dilation_x * (s.first + j);
  return Line(min(ox, params.ow - 1) * params.channels + c, s.first + j < s.columns);
}

// Its r-th row.
fn result_row(s: Strip, r: u32) -> Line {
  let oy = s.phase_y + params.dilation_y * r;
  return Line((s.image * params.oh + min(oy, params.oh - 1)) * params.ow * params.channels, r < s.rows);
}
