// What becomes of the moments of a whole column:
//   inv_std = 1 / sqrt(m2 / rows + epsilon)
//   running_mean += momentum (mean - running_mean), and running_variance likewise, with m2 / (rows - 1)
//
// The biased variance normalises, the unbiased one is remembered, as in PyTorch.

// use lib/moments.wgsl

fn keep_statistics(c: u32, column: Moments) {
  mean[c] = column.mean;
  inv_std[c] = 1.0 / sqrt(column.m2 / column.n + params.epsilon);
  running_mean[c] += params.momentum * (column.mean - running_mean[c]);
  running_variance[c] += params.momentum * (column.m2 / max(column.n - 1.0, 1.0) - running_variance[c]);
}
