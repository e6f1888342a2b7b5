// Rows of dw by taps: all rows of a tile have the same tap, and quads fill the channels of a group. What the tap sees outside of the image is
// left out by the bounds of the strip, so that no load is tested. `conv_weights_flat.wgsl` is the other edition.

alias X = vec4f;

// Four rows of dw: the first channel of x among all.
struct Rows { channel: u32 }

// Rows beyond the last of the tap repeat it and are not stored.
fn rows_of(job: Job, offset: u32) -> Rows {
  let row = min(job.row + offset, job.end - 4);
  return Rows(job.group * params.ci + row - job.tap * params.ci);
}

// Rows and columns of pixels from the window's first tap to this one, less the padding.
fn shift_of(tap: u32) -> vec2i {
  return vec2i(i32(tap / params.kw * params.dilation_h) - i32(params.top),
               i32(tap % params.kw * params.dilation_w) - i32(params.left));
}

// How far the tap is from the window's first pixel, and the places of a row at which it lies in the image.
struct Reach { shift: vec2i, first: u32, end: u32 }

// 0 <= stride place + shift < size
fn reach_of(tap: u32) -> Reach {
  let shift = shift_of(tap);
  let stride = i32(params.stride_w);
  let first = max(0, (stride - 1 - shift.y) / stride);
  let room = i32(params.w) - 1 - shift.y;
  return Reach(shift, u32(first), select(0u, u32(room / stride + 1), room >= 0));
}

fn within(s: Strip, reach: Reach) -> Strip {
  let iy = i32(s.oy * params.stride_h) + reach.shift.x;
  var inside = s;
  inside.begin = max(s.begin, reach.first);
  inside.end = select(0u, min(s.end, reach.end), iy >= 0 && iy < i32(params.h));
  return inside;
}

// Where the rows' channels of place 0 lie, and how far it is to those of the next.
struct Source { at: i32, step: i32, last: u32 }

fn source_of(rows: Rows, s: Strip, reach: Reach) -> Source {
  let shift = reach.shift;
  let row = i32(s.n * params.h + s.oy * params.stride_h) + shift.x;
  let pixel = row * i32(params.w) + shift.y;
  return Source(pixel * i32(params.cin) + i32(rows.channel), i32(params.stride_w * params.cin), s.end - 1);
}

fn x_quad(source: Source, ox: u32) -> vec4f { return x[u32(source.at + i32(ox) * source.step) / 4]; }

// Four rows at the places from ox on: column i of the result is place i. Those beyond the strip repeat its last.
fn x_block(source: Source, ox: u32) -> mat4x4f {
  return mat4x4f(x_quad(source, ox), x_quad(source, min(ox + 1, source.last)),
    x_quad(source, min(ox + 2, source.last)), x_quad(source, min(ox + 3, source.last)));
}

// Four rows at any place, zero where the tap is outside of the image.
fn x_pixel(rows: Rows, s: Strip, reach: Reach) -> vec4f {
  let inside = within(s, reach);
  if inside.begin >= inside.end { return vec4f(); }
  return x_quad(source_of(rows, inside, reach), s.begin);
}
