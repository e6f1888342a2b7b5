// Elements of a and b, one by one, whatever their layout. For kernels of the single edition.

fn a_at(batch: u32, row: u32, i: u32) -> T {
  return a[batch * params.a_stride + select(row * params.k + i, i * params.m + row, TRANSPOSE_A)];
}

fn b_at(batch: u32, i: u32, column: u32) -> T {
  return b[batch * params.b_stride + select(i * params.n + column, column * params.k + i, TRANSPOSE_B)];
}
