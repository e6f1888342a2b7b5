// T c of pixel (iy, ix) of x, which may be in the padding: rows and columns before the first wrap to something large. It
// is read anyway, elsewhere, which is less than a branch.

// use lib/pool.wgsl

@group(0) @binding(1) var<storage, read> x: array<T>;

fn tap(p: Params, image: u32, iy: u32, ix: u32, c: u32) -> T {
  if PADDED == 0 { return x[pixel(p, image, iy, ix) + c]; }
  let value = x[pixel(p, image, min(iy, p.h - 1), min(ix, p.w - 1)) + c];
  return select(T(p.neutral), value, (iy < p.h) & (ix < p.w));
}
