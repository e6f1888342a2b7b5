// What all convolution kernels share: geometry, storage and the store with its epilogue.
//
// A kernel computes places: pixels of y, in rows and columns of every image. The window of a place begins at pixel
// stride * place + first of x; its tap t is t * tap pixels on, and outside of x there are zeros. The place becomes pixel
// y_step * place + y_first of y. Forward, tap is the dilation, and places are the pixels of y. The gradient of the input
// is the same over dy, with taps that go backwards and w transposed, once for each phase of the stride: so no tap is wasted.
//
// The values of a tap, or of a row of taps that follow one another in x and in w, are a run. With groups, group j of the
// channels of y has a window of group j of the channels of x only.

// use lib/epilogue.wgsl
// use lib/grid.wgsl

struct Params {
  images: u32, places_y: u32, places_x: u32,
  stride_y: i32, stride_x: i32, first_y: i32, first_x: i32,
  taps_y: u32, taps_x: u32, tap_y: i32, tap_x: i32,
  run: u32,                                    // blocks of STEPS values
  x_height: u32, x_row: u32, x_pixel: u32, x_group: u32,                        // the last three in Xs
  w_first: u32, w_tap_y: u32, w_tap_x: u32, w_row: u32, w_group: u32,           // in Ts: first tap, from tap to tap, a row, a group
  columns: u32,                                // of a group
  y_height: u32, y_width: u32, y_pixel: u32,
  y_step_y: u32, y_step_x: u32, y_first_y: u32, y_first_x: u32,
  first: u32,
  c0: f32, c1: f32, c2: f32, c3: f32,
  s0: u32, s1: u32, s2: u32, s3: u32,
}

override TRANSPOSE: bool = false;              // w is [taps, columns, run] instead of [taps, run, columns]

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<X>;
@group(0) @binding(2) var<storage, read> w: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;

// A place, as it is counted.
struct Spot { image: u32, y: u32, x: u32 }

fn spot_of(place: u32) -> Spot {
  let row = place / params.places_x;
  return Spot(row / params.places_y, row % params.places_y, place % params.places_x);
}

fn next(spot: Spot) -> Spot {
  let last_x = spot.x + 1 == params.places_x;
  let last_y = last_x && spot.y + 1 == params.places_y;
  let y = select(spot.y, spot.y + 1, last_x);
  return Spot(select(spot.image, spot.image + 1, last_y), select(y, 0u, last_y), select(spot.x + 1, 0u, last_x));
}

// Where a run lies in x, in Xs: in the row that begins at `row`, from `at` on. What lies outside of x has an `at` beyond every row.
struct Run { row: u32, at: u32 }
const OUTSIDE = 0x80000000u;

// Spots behind the last image are read from the last: their results are never stored.
fn run_of(spot: Spot, tap_y: u32, tap_x: u32, group: u32) -> Run {
  let row = i32(spot.y) * params.stride_y + params.first_y + i32(tap_y) * params.tap_y;
  let column = i32(spot.x) * params.stride_x + params.first_x + i32(tap_x) * params.tap_x;
  let at = column * i32(params.x_pixel) + i32(group * params.x_group);
  let inside = u32(row) < params.x_height;
  let image = min(spot.image, params.images - 1);
  return Run(select(0u, (image * params.x_height + u32(row)) * params.x_row, inside), select(OUTSIDE, u32(at), inside));
}

// The i-th X of a run. Left of x the place in its row is negative, and huge as an unsigned number.
fn x_at(run: Run, i: u32) -> X {
  let at = run.at + i;
  let inside = at < params.x_row;
  return select(X(), x[run.row + select(0u, at, inside)], inside);
}

fn w_tap(tap_y: u32, tap_x: u32) -> u32 { return params.w_first + tap_y * params.w_tap_y + tap_x * params.w_tap_x; }

// Whether a row of taps meets x for any of the places from one to another: with a large dilation many do not.
fn reaches(a: Spot, b: Spot, tap_y: u32) -> bool {
  let tap = params.first_y + i32(tap_y) * params.tap_y;
  let inside = i32(b.y) * params.stride_y + tap >= 0 && i32(a.y) * params.stride_y + tap < i32(params.x_height);
  return a.image != b.image || inside;
}

// Stores the T at `column` (counted in Ts) of a group; what overhangs is dropped. A kernel with many results calls it in a
// loop: 32 copies of a guarded store take longer to compile than all the rest.
fn store(spot: Spot, group: u32, column: u32, value: T) {
  if spot.image >= params.images || column >= params.columns / LANES { return; }
  let row = spot.image * params.y_height + spot.y * params.y_step_y + params.y_first_y;
  let pixel = row * params.y_width + spot.x * params.y_step_x + params.y_first_x;
  let channel = group * (params.columns / LANES) + column;
  let index = pixel * params.y_pixel + channel;
  y[index] = epilogue(value, Place(pixel, channel, index));
}
