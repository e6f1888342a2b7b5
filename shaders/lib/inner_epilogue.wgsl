// Up to two stages on a value before it is stored, without tensors: an activation and dropout, say.
// The kernel's Params hold a constant c and a number s for each stage: a slot of the step, or the call of a dropout.

// use lib/stage.wgsl

override OP_0: u32 = 0; override KIND_0: u32 = 0;
override OP_1: u32 = 0; override KIND_1: u32 = 0;

fn inner_epilogue(value: T, at: Place) -> T {
  let first = at.index * LANES;
  var r = value;
  if OP_0 != 0 { r = stage(OP_0, r, operand_value(KIND_0, T(0.0), at, params.c0, params.s0), first, params.s0); }
  if OP_1 != 0 { r = stage(OP_1, r, operand_value(KIND_1, T(0.0), at, params.c1, params.s1), first, params.s1); }
  return r;
}
