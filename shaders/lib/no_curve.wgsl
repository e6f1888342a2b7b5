// The edition of `curve.wgsl` for chains of arithmetic alone, which never call it.

fn curve(op: u32, r: T, e: T) -> T { return r; }
