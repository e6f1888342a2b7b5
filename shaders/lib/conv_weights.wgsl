// What all kernels of the weight gradient of a convolution share.
//
// dw is a matrix: a row for each tap and channel of x within a group, a column for each channel of dy. A job is a tile of it
// over a range of strips, which are rows of places or parts of them. Jobs of one range follow one another, so that the rows of x and dy that
// they share stay in the cache. Where there is more than one range, dw holds one matrix after another, which are added in order afterwards.

// use lib/grid.wgsl
// use lib/conv_weights_taps.wgsl
// use lib/conv_weights_quads.wgsl

struct Params {
  jobs: u32,
  row_tiles: u32, tap_tiles: u32, tap_rows: u32,  // tiles of rows, and of how many rows so many of them are
  column_tiles: u32, groups: u32,
  strips: u32, range: u32,                     // of all images, and of a job
  parts: u32, part: u32,                       // strips of a row of places, and places of a strip
  h: u32, w: u32, cin: u32,                    // of x
  oh: u32, ow: u32, cout: u32,                 // of dy
  kw: u32, rows: u32, ci: u32, co: u32,        // taps of a row, rows of dw, channels of a group
  stride_h: u32, stride_w: u32, dilation_h: u32, dilation_w: u32, top: u32, left: u32,
}

override ACCUMULATE: bool = false;             // add to what dw holds: pieces of the batch come one by one

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<X>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dw: array<T>;

struct Job {
  tap: u32,                                    // of all its rows, if tiles are cut by taps
  row: u32, end: u32,                          // rows of the tile, and where those of the tap end
  column: u32,                                 // within the group
  group: u32,
  first: u32, last: u32,                       // strips
  matrix: u32,                                 // of dw
}

fn job_of(id: u32, tile_rows: u32, tile_columns: u32) -> Job {
  let tile = id % params.row_tiles;
  var rest = id / params.row_tiles;
  let column = rest % params.column_tiles * tile_columns;
  rest /= params.column_tiles;
  let matrix = rest / params.groups;
  let tap = tile / params.tap_tiles;
  let start = tap * params.tap_rows;
  let first = matrix * params.range;
  return Job(tap, start + tile % params.tap_tiles * tile_rows, start + params.tap_rows, column, rest % params.groups,
             first, min(first + params.range, params.strips), matrix);
}

struct Strip {
  index: u32,
  n: u32, oy: u32, part: u32,                  // image, row, part of the row
  begin: u32, end: u32,                        // places
}

fn strip_at(index: u32) -> Strip {
  let row = index / params.parts;
  return between(Strip(index, row / params.oh, row % params.oh, index % params.parts, 0, 0));
}

fn next_strip(s: Strip) -> Strip {
  var next = s;
  next.index++;
  next.part++;
  if next.part == params.parts { next.part = 0; next.oy++; }
  if next.oy == params.oh { next.oy = 0; next.n++; }
  return between(next);
}

fn between(s: Strip) -> Strip {
  var whole = s;
  whole.begin = s.part * params.part;
  whole.end = min(whole.begin + params.part, params.ow);
  return whole;
}

// Four places of dy from ox on, for four columns: column i of the result is place i, zero beyond the strip.
fn dy_block(s: Strip, ox: u32, column: Column) -> mat4x4f {
  let row = (s.n * params.oh + s.oy) * params.ow;
  let last = s.end - 1;
  let b = dy_quad(row + min(ox + 1, last), column);
  let c = dy_quad(row + min(ox + 2, last), column);
  let d = dy_quad(row + min(ox + 3, last), column);
  return mat4x4f(dy_quad(row + ox, column),
    select(vec4f(), b, ox + 1 < s.end), select(vec4f(), c, ox + 2 < s.end), select(vec4f(), d, ox + 3 < s.end));
}
