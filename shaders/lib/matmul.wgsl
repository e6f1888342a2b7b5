// What all matmul kernels share: sizes, storage and the store with its epilogue.
//
// a is [m, k], or [k, m] with TRANSPOSE_A; b is [k, n], or [n, k] with TRANSPOSE_B; y is [m, n]. Batches follow one
// another; a stride of 0 repeats one matrix. ACCUMULATE adds to what y holds: pieces of a long k come one by one.

// use lib/epilogue.wgsl

struct Params {
  m: u32, n: u32, k: u32,
  a_stride: u32, b_stride: u32,                // elements from one matrix of the batch to the next
  first: u32,
  c0: f32, c1: f32, c2: f32, c3: f32,
  s0: u32, s1: u32, s2: u32, s3: u32,
}

override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
override ACCUMULATE: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<T>;
@group(0) @binding(2) var<storage, read> b: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;

// Stores the T at `column` (counted in Ts) of `row`; what overhangs the matrix is dropped. A kernel with many results calls
// it in a loop: 32 copies of a guarded store took longer to compile than all the rest.
fn store(batch: u32, row: u32, column: u32, value: T) {
  let columns = params.n / LANES;
  if row >= params.m || column >= columns { return; }
  let index = (batch * params.m + row) * columns + column;
  var sum = value;
  if ACCUMULATE { sum += y[index]; }
  y[index] = epilogue(sum, Place(batch * params.m + row, column, index));
}
