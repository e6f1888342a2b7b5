// Up to four stages on a value before it is stored, each with an operand of its own. A compiler that inlines before it
// looks at the op codes has little to do where a stage that is not there is not called.
// The kernel's Params hold a constant c and a number s for each stage: a slot of the step, or the call of a dropout.

// use lib/stage.wgsl

override OP_0: u32 = 0; override KIND_0: u32 = 0;
override OP_1: u32 = 0; override KIND_1: u32 = 0;
override OP_2: u32 = 0; override KIND_2: u32 = 0;
override OP_3: u32 = 0; override KIND_3: u32 = 0;

@group(0) @binding(10) var<storage, read> e0: array<T>;
@group(0) @binding(11) var<storage, read> e1: array<T>;
@group(0) @binding(12) var<storage, read> e2: array<T>;
@group(0) @binding(13) var<storage, read> e3: array<T>;

fn epilogue(value: T, at: Place) -> T {
  let first = at.index * LANES + params.first;
  var r = value;
  if OP_0 != 0 { r = stage(OP_0, r, operand_value(KIND_0, e0[operand_index(KIND_0, at)], at, params.c0, params.s0), first, params.s0); }
  if OP_1 != 0 { r = stage(OP_1, r, operand_value(KIND_1, e1[operand_index(KIND_1, at)], at, params.c1, params.s1), first, params.s1); }
  if OP_2 != 0 { r = stage(OP_2, r, operand_value(KIND_2, e2[operand_index(KIND_2, at)], at, params.c2, params.s2), first, params.s2); }
  if OP_3 != 0 { r = stage(OP_3, r, operand_value(KIND_3, e3[operand_index(KIND_3, at)], at, params.c3, params.s3), first, params.s3); }
  return r;
}
