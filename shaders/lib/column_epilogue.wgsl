// The epilogue of kernels whose threads stay in one column: what is a row of y, as a bias is, they load once, with
// `hold_rows`. See lib/epilogue.wgsl.

// use lib/stage.wgsl

override OP_0: u32 = 0; override KIND_0: u32 = 0;
override OP_1: u32 = 0; override KIND_1: u32 = 0;
override OP_2: u32 = 0; override KIND_2: u32 = 0;
override OP_3: u32 = 0; override KIND_3: u32 = 0;

@group(0) @binding(10) var<storage, read> e0: array<T>;
@group(0) @binding(11) var<storage, read> e1: array<T>;
@group(0) @binding(12) var<storage, read> e2: array<T>;
@group(0) @binding(13) var<storage, read> e3: array<T>;

var<private> h0: T; var<private> h1: T; var<private> h2: T; var<private> h3: T;

fn hold_rows(column: u32) {
  if KIND_0 == ROW { h0 = e0[column]; }
  if KIND_1 == ROW { h1 = e1[column]; }
  if KIND_2 == ROW { h2 = e2[column]; }
  if KIND_3 == ROW { h3 = e3[column]; }
}

fn column_epilogue(value: T, at: Place) -> T {
  let first = at.index * LANES + params.first;
  var r = value;
  if OP_0 != 0 {
    if KIND_0 != ROW { h0 = e0[operand_index(KIND_0, at)]; }
    r = stage(OP_0, r, operand_value(KIND_0, h0, at, params.c0, params.s0), first, params.s0);
  }
  if OP_1 != 0 {
    if KIND_1 != ROW { h1 = e1[operand_index(KIND_1, at)]; }
    r = stage(OP_1, r, operand_value(KIND_1, h1, at, params.c1, params.s1), first, params.s1);
  }
  if OP_2 != 0 {
    if KIND_2 != ROW { h2 = e2[operand_index(KIND_2, at)]; }
    r = stage(OP_2, r, operand_value(KIND_2, h2, at, params.c2, params.s2), first, params.s2);
  }
  if OP_3 != 0 {
    if KIND_3 != ROW { h3 = e3[operand_index(KIND_3, at)]; }
    r = stage(OP_3, r, operand_value(KIND_3, h3, at, params.c3, params.s3), first, params.s3);
  }
  return r;
}
