// Maps [images, rows, width, channels] walked down their columns: a row of a map is a line of width * channels values, and a
// thread takes one T of that line, in some rows of an image. So the places and channels of its values are known once, and
// neighbours touch neighbouring addresses.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Column {
  image: u32,
  at: u32,                                     // in Ts of a row
  part: u32,                                   // of the parts that the rows of an image are cut into
  parts: u32,
  first: u32, end: u32,                        // rows of the part
}

fn column_of(thread: u32, rows: u32, columns: u32, most: u32) -> Column {
  let parts = (rows + most - 1) / most;
  let part = thread / columns % parts;
  let first = part * most;
  return Column(thread / (columns * parts), thread % columns, part, parts, first, min(first + most, rows));
}
