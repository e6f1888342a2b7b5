// top = max of beta x        sum = Σ exp(beta x - top)        moment = Σ exp(beta x - top) (r + 1/2)
//
// over the rows r of a part of one column of a map. A thread takes one T of a row and walks down its rows, four at a time:
// it loads each value once. What belongs to one joint is joined by `soft_argmax_finish.wgsl`.
//
// The maximum so far is taken out of every exponent, so that exp() stays finite; where it grows, the sums before it shrink
// by exp(old - new), which is at most 1 (Milakov and Gimelshein 2018).

// use lib/map_columns.wgsl

struct Params { images: u32, rows: u32, columns: u32, most: u32, first_image: u32, beta: f32 }

override WIDTH: u32 = 64;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> partial: array<T>;    // [images, parts, 3, columns]

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = column_of(line(group, groups) * WIDTH + lane, params.rows, params.columns, params.most);
  if t.image >= params.images { return; }
  let next = params.columns;
  let beta = params.beta;

  var at = (t.image * params.rows + t.first) * next + t.at;
  var top = beta * x[at];
  var sum = T(0.0);
  var moment = T(0.0);
  var r = t.first;
  for (; r + 3 < t.end; r += 4) {
    let x0 = beta * x[at];
    let x1 = beta * x[at + next];
    let x2 = beta * x[at + 2 * next];
    let x3 = beta * x[at + 3 * next];
    let higher = max(top, max(max(x0, x1), max(x2, x3)));
    let keep = exp(top - higher);
    let e0 = exp(x0 - higher);
    let e1 = exp(x1 - higher);
    let e2 = exp(x2 - higher);
    let e3 = exp(x3 - higher);
    let four = (e0 + e1) + (e2 + e3);
    sum = sum * keep + four;
    moment = moment * keep + (four * (f32(r) + 0.5) + (e1 + 2.0 * e2 + 3.0 * e3));
    top = higher;
    at += 4 * next;
  }
  for (; r < t.end; r++) {
    let x0 = beta * x[at];
    let higher = max(top, x0);
    let keep = exp(top - higher);
    let e0 = exp(x0 - higher);
    sum = sum * keep + e0;
    moment = moment * keep + e0 * (f32(r) + 0.5);
    top = higher;
    at += next;
  }
  let to = ((params.first_image + t.image) * t.parts + t.part) * 3 * next + t.at;
  partial[to] = top;
  partial[to + next] = sum;
  partial[to + 2 * next] = moment;
}
