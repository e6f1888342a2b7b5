// The moments of x[first], x[first + step], ... before `end`: of one block of rows of a column of T.
//
// It reads x once, two rows at a time, p and q: their mean u joins the mean v of the n rows before them (Chan, Golub and
// LeVeque 1979),
//   m2 = m2 + (p - q)² / 2 + (u - v)² 2 n / (n + 2)         v = v + (u - v) 2 / (n + 2)
//
// E[x²] - E[x]² would lose all digits where the mean is large beside the deviation. The mean would lose some too, and
// is taken of differences from the first row.

// use lib/moments.wgsl

fn column_moments(first: u32, end: u32, step: u32) -> Moments {
  let origin = x[first];
  var average = T(0.0);
  var squares = T(0.0);
  var n = 0.0;
  var i = first;
  for (; i + step < end; i += 2 * step) {
    let p = x[i] - origin;
    let q = x[i + step] - origin;
    let difference = 0.5 * (p + q) - average;
    let share = 2.0 / (n + 2.0);
    average += difference * share;
    squares += 0.5 * (p - q) * (p - q) + difference * difference * (share * n);
    n += 2.0;
  }
  if i < end {                                 // one row is left
    let difference = x[i] - origin - average;
    let share = 1.0 / (n + 1.0);
    average += difference * share;
    squares += difference * difference * (share * n);
    n += 1.0;
  }
  return Moments(origin + average, squares, n);
}
