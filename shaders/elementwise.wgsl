// y = OP_5(... OP_0(x, e0) ..., e5)             up to six operations on each value, with broadcasting
//
// A value is a T: a quad, or a single one where rows are no multiple of four. Each thread takes one or walks over many:
// along the line of all values, or, where an operand is a row of y, down a column, so that it loads its part of the row
// once. Down a large matrix every step would be another page of memory: there it goes down a few rows, and then down the
// same rows in the columns beside. An operand may also be a column of y, as large as y, one value, or no tensor at all
// (a constant, a scalar of the step).
//
// Fusing keeps what lies between two operations in registers: the bytes of a chain are those of its operands and y.

// use lib/stage.wgsl
// use lib/walk.wgsl

struct Params {
  count: u32,                                  // Ts of y
  columns: u32,                                // Ts of a row
  stride: u32, steps: u32,                     // of the walk
  spans: u32,                                  // walks of a thread beside one another
  rows_on: u32,                                // rows of a step, where the stride is whole rows
  first: u32,                                  // index of the first value, when y is a piece of something larger
  c0: f32, c1: f32, c2: f32, c3: f32, c4: f32, c5: f32,
  s0: u32, s1: u32, s2: u32, s3: u32, s4: u32, s5: u32,
}

override COLUMNS: bool = false;                // walk down columns; else along the line of all values

override OP_0: u32 = 0; override KIND_0: u32 = 0;
override OP_1: u32 = 0; override KIND_1: u32 = 0;
override OP_2: u32 = 0; override KIND_2: u32 = 0;
override OP_3: u32 = 0; override KIND_3: u32 = 0;
override OP_4: u32 = 0; override KIND_4: u32 = 0;
override OP_5: u32 = 0; override KIND_5: u32 = 0;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(10) var<storage, read> e0: array<T>;
@group(0) @binding(11) var<storage, read> e1: array<T>;
@group(0) @binding(12) var<storage, read> e2: array<T>;
@group(0) @binding(13) var<storage, read> e3: array<T>;
@group(0) @binding(14) var<storage, read> e4: array<T>;
@group(0) @binding(15) var<storage, read> e5: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups);
  if !COLUMNS {
    let w = line_walk(id, lane, params.steps, params.count);
    if w.first < w.end { chain(w.end, Place(w.first / params.columns, w.first % params.columns, w.first)); }
    return;
  }
  let thread = id * params.spans * WIDTH + lane;
  let w = walk(thread, params.stride, params.steps, params.count);
  let tile = params.stride * params.steps;
  var at = Place(w.first / params.columns, w.first % params.columns, w.first);
  var beside = thread % params.stride;
  var end = w.end;
  for (var span = 0u; at.index < params.count; ) {
    chain(end, at);
    span++;
    if span == params.spans { break; }
    at.index += WIDTH;                         // the columns beside, and after the last of them the rows below
    at.column += WIDTH;
    beside += WIDTH;
    if at.column >= params.columns {
      at.column -= params.columns;
      at.row++;
    }
    if beside >= params.stride {
      beside -= params.stride;
      at.index += tile - params.stride;
      at.row += (params.steps - 1) * params.rows_on;
      end = min(end + tile, params.count);
    }
  }
}

fn chain(end: u32, start: Place) {
  var at = start;
  var h0: T; var h1: T; var h2: T; var h3: T; var h4: T; var h5: T;
  if COLUMNS && KIND_0 == ROW { h0 = e0[at.column]; }
  if COLUMNS && KIND_1 == ROW { h1 = e1[at.column]; }
  if COLUMNS && KIND_2 == ROW { h2 = e2[at.column]; }
  if COLUMNS && KIND_3 == ROW { h3 = e3[at.column]; }
  if COLUMNS && KIND_4 == ROW { h4 = e4[at.column]; }
  if COLUMNS && KIND_5 == ROW { h5 = e5[at.column]; }

  for (; at.index < end; at.index += params.stride) {
    let first = at.index * LANES + params.first;
    var r = x[at.index];
    if OP_0 != 0 {
      if !COLUMNS || KIND_0 != ROW { h0 = e0[operand_index(KIND_0, at)]; }
      r = stage(OP_0, r, operand_value(KIND_0, h0, at, params.c0, params.s0), first, params.s0);
    }
    if OP_1 != 0 {
      if !COLUMNS || KIND_1 != ROW { h1 = e1[operand_index(KIND_1, at)]; }
      r = stage(OP_1, r, operand_value(KIND_1, h1, at, params.c1, params.s1), first, params.s1);
    }
    if OP_2 != 0 {
      if !COLUMNS || KIND_2 != ROW { h2 = e2[operand_index(KIND_2, at)]; }
      r = stage(OP_2, r, operand_value(KIND_2, h2, at, params.c2, params.s2), first, params.s2);
    }
    if OP_3 != 0 {
      if !COLUMNS || KIND_3 != ROW { h3 = e3[operand_index(KIND_3, at)]; }
      r = stage(OP_3, r, operand_value(KIND_3, h3, at, params.c3, params.s3), first, params.s3);
    }
    if OP_4 != 0 {
      if !COLUMNS || KIND_4 != ROW { h4 = e4[operand_index(KIND_4, at)]; }
      r = stage(OP_4, r, operand_value(KIND_4, h4, at, params.c4, params.s4), first, params.s4);
    }
    if OP_5 != 0 {
      if !COLUMNS || KIND_5 != ROW { h5 = e5[operand_index(KIND_5, at)]; }
      r = stage(OP_5, r, operand_value(KIND_5, h5, at, params.c5, params.s5), first, params.s5);
    }
    y[at.index] = r;
    if COLUMNS {
      at.row += params.rows_on;
    } else {
      // A step along the line is no longer than a row.
      at.column += params.stride;
      if at.column >= params.columns {
        at.column -= params.columns;
        at.row++;
      }
    }
  }
}
