"""Reproducible numbers for the golden files.

A counter-based hash that numpy and TypeScript compute alike. It is the 32-bit output function
RXS-M-XS of the PCG family (O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient
Statistically Good Algorithms for Random Number Generation"), as used by Jarzynski and Olano 2020,
"Hash Functions for GPU Rendering". Every array of a golden file is named by its stream, so that the
JSON holds no inputs, only (stream, shape, offset, scale).
"""

import numpy as np

# Stands in every golden JSON, so that a reader of the JSON alone can make the same numbers.
GENERATOR = {
    "about": "element i (row-major) of an array is f32(offset + scale * u(stream, i)), "
    "computed in f64",
    "pcg": "s = (747796405 x + 2891336453) mod 2^32; "
    "w = (((s >>> ((s >>> 28) + 4)) ^ s) * 277803737) mod 2^32; pcg(x) = (w >>> 22) ^ w",
    "u": "u(stream, i) = (pcg((i + pcg(stream)) mod 2^32) >>> 8) * 2^-23 - 1, in [-1, 1)",
}


def pcg(x):
    """uint32 array -> uint32 array."""
    s = x * np.uint32(747796405) + np.uint32(2891336453)
    w = ((s >> ((s >> np.uint32(28)) + np.uint32(4))) ^ s) * np.uint32(277803737)
    return (w >> np.uint32(22)) ^ w


def uniform(stream, count):
    """`count` f64 numbers in [-1, 1), multiples of 2^-23 and so exact in f32."""
    key = pcg(np.array([stream], np.uint32))
    h = pcg(np.arange(count, dtype=np.uint32) + key)
    return (h >> np.uint32(8)).astype(np.float64) * 2.0**-23 - 1.0


def array(stream, shape, offset=0.0, scale=1.0):
    """The f64 array of the given shape whose values are rounded to f32."""
    flat = offset + scale * uniform(stream, int(np.prod(shape)))
    return flat.astype(np.float32).astype(np.float64).reshape(shape)


def check_values():
    """Known answers for a reader's own implementation of the hash."""
    streams = (0, 1, 2**31)
    return [{"stream": s, "first": [float(v) for v in uniform(s, 4)]} for s in streams]
