// The edition of `conv_weights_taps.wgsl` for any number of channels: rows of all taps follow one another in the tiles, so that a tile is full
// where channels are few. Every value is loaded by itself and is zero where its tap is outside of the image.

alias X = f32;

// Four rows of dw: rows and columns of pixels from the window's first tap to theirs, less the padding; channel of x among all.
struct Rows { y: vec4i, x: vec4i, channel: vec4i }

// Rows beyond the last repeat it and are not stored.
fn rows_of(job: Job, offset: u32) -> Rows {
  let row = min(vec4u(job.row + offset) + vec4u(0, 1, 2, 3), vec4u(job.end - 1));
  let tap = row / params.ci;
  return Rows(vec4i(tap / params.kw * params.dilation_h) - i32(params.top),
              vec4i(tap % params.kw * params.dilation_w) - i32(params.left),
              vec4i(row % params.ci + job.group * params.ci));
}

// Tiles have no tap of their own: every place of a strip counts.
alias Reach = u32;

fn reach_of(tap: u32) -> Reach { return tap; }

fn within(s: Strip, reach: Reach) -> Strip { return s; }

// The columns of pixels at place 0, where place 0 lies, and whether the rows of pixels are in the image.
struct Source { x: vec4i, at: vec4i, inside: vec4<bool>, last: u32 }

fn source_of(rows: Rows, s: Strip, reach: Reach) -> Source {
  let y = i32(s.oy * params.stride_h) + rows.y;
  let pixel = (i32(s.n * params.h) + y) * i32(params.w) + rows.x;
  let inside = (y >= vec4i()) & (y < vec4i(i32(params.h)));
  return Source(rows.x, pixel * i32(params.cin) + rows.channel, inside, s.end - 1);
}

fn x_quad(source: Source, ox: u32) -> vec4f {
  let column = i32(ox * params.stride_w);
  let pixel = source.x + column;
  let inside = source.inside & (pixel >= vec4i()) & (pixel < vec4i(i32(params.w)));
  let at = select(vec4i(), source.at + column * i32(params.cin), inside);
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn x_block(source: Source, ox: u32) -> mat4x4f {
  return mat4x4f(x_quad(source, ox), x_quad(source, min(ox + 1, source.last)),
    x_quad(source, min(ox + 2, source.last)), x_quad(source, min(ox + 3, source.last)));
}

fn x_pixel(rows: Rows, s: Strip, reach: Reach) -> vec4f { return x_quad(source_of(rows, s, reach), s.begin); }
