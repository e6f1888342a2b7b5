// Rows of x and y that are a dilation apart, as strips of depthwise convolution see them.

struct Row { at: u32, inside: bool }           // index of its first value; whether it is of the image

// The i-th row of x that the windows see whose first begins at row y0 of y.
fn row_of(image: u32, y0: u32, i: u32, c: u32) -> Row {
  let iy = i32(y0 + params.dilation_y * i) - params.top;
  let from_y = u32(clamp(iy, 0, i32(params.h) - 1));
  return Row((image * params.h + from_y) * params.w * params.channels + c, iy >= 0 && iy < i32(params.h));
}

// Its value at a column, which may lie outside.
fn value(row: Row, ix: i32) -> T {
  let last = i32(params.w) - 1;
  let held = x[row.at + u32(clamp(ix, 0, last)) * params.channels];
  return select(T(0.0), held, row.inside && ix >= 0 && ix <= last);
}

// Stores the value of the r-th row of a strip, where y has that row.
fn store_row(image: u32, y0: u32, r: u32, ox: u32, c: u32, result: T) {
  let oy = y0 + params.dilation_y * r;
  if oy < params.oh { store(image, oy, ox, c, result); }
}
