// One stage of an elementwise chain: r becomes OP(r, e), where e is an operand, a constant or a scalar of the step.
// The op codes and kinds are overrides, so the compiler keeps one case of each switch.
// src/kernels/chain.ts holds the same table.

// use lib/quad.wgsl
// use lib/curve.wgsl
// use lib/random.wgsl
// use lib/step.wgsl

const NONE = 0u; const FULL = 1u; const ROW = 2u; const COLUMN = 3u;
const SCALAR = 4u; const CONSTANT = 5u; const STEP = 6u;

// Where a value stands in the matrix of results: its row, its column and its index, the last two in Ts.
struct Place { row: u32, column: u32, index: u32 }

// Which T of an operand holds the value for this place.
fn operand_index(kind: u32, at: Place) -> u32 {
  switch kind {
    case FULL: { return at.index; }
    case ROW: { return at.column; }
    case COLUMN: { return at.row / LANES; }
    default: { return 0u; }
  }
}

// The operand's value here, given the T that holds it, its constant and its slot among the scalars of the step.
fn operand_value(kind: u32, held: T, at: Place, constant: f32, slot: u32) -> T {
  switch kind {
    case FULL, ROW: { return held; }
    case COLUMN: { return pick(held, at.row); }
    case SCALAR: { return pick(held, 0u); }
    case STEP: { return T(step_scalar(slot)); }
    default: { return T(constant); }
  }
}

// Keeps each value with probability e and scales what is kept by 1 / e. `first` is the index of the first value of r.
fn dropout(r: T, e: T, first: u32, call: u32) -> T {
  let u = from_quad(uniform4(vec4u(first / 4u, call, step.key)), first);
  return select(T(0.0), r / e, u < e);
}

fn stage(op: u32, r: T, e: T, first: u32, call: u32) -> T {
  switch op {
    case 1u: { return r + e; }                                   // add
    case 2u: { return r - e; }                                   // sub
    case 3u: { return e - r; }                                   // sub, the other way round
    case 4u: { return r * e; }                                   // mul
    case 5u: { return r / e; }                                   // div
    case 6u: { return e / r; }                                   // div, the other way round
    case 7u: { return min(r, e); }
    case 8u: { return max(r, e); }
    case 9u: { return pow(r, e); }
    case 10u: { return select(T(0.0), T(1.0), r > e); }          // greater
    case 11u: { return select(T(0.0), T(1.0), r == e); }         // equal
    case 12u: { return select(select(T(0.0), T(0.5), r == e), T(1.0), r > e); }  // half step
    case 13u: { return select(r, T(0.0), e == T(0.0)); }         // keep if e
    case 14u: { return select(T(0.0), r, e == T(0.0)); }         // keep unless e
    case 17u: { return sqrt(r); }
    case 18u: { return abs(r); }
    case 21u: { return max(r, T(0.0)); }                         // relu
    case 22u: { return select(e * r, r, r > T(0.0)); }           // leaky relu, slope e
    case 27u: { return sign(r); }
    case 28u: { return select(T(0.0), r, e > T(0.0)); }          // relu gradient, e = y
    case 29u: { return r * e * (1.0 - e); }                      // sigmoid gradient, e = y
    case 30u: { return r * (1.0 - e * e); }                      // tanh gradient, e = y
    case 35u: { return r * sign(e); }                            // abs gradient, e = x
    case 36u: { return dropout(r, e, first, call); }
    default: { return curve(op, r, e); }
  }
}
