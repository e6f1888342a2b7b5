"""Golden values and vector-Jacobian products of single ops, computed by PyTorch in float64.

    python3 test/golden/ops.py              # needs torch (Debian: python3-torch) and numpy

writes ops.json beside this file; the test only reads it. A case holds the op, its attributes, its
inputs (by stream of the hash in uniform.py, or `values` where particular points matter), the output
`y`, and for the cotangent `dy` (by stream too) the gradients of all inputs. Arrays are row-major.
"""

from functools import partial

import torch
from torch.nn import functional as F

from cases import array_of, case, drawn, write

# Around the kinks of hard-swish at -3 and 3, where its derivative is a convention, and far out.
LEFT = [-100, -30, -20, -9, -3.5, -3.01, -2.99, -1, -0.5, -1e-3]
POINTS = [*LEFT, 0, *(-x for x in reversed(LEFT))]


def softplus(x):
    return F.softplus(x, threshold=1000.0)  # torch's default is linear above 20


ACTIVATIONS = {
    "gelu": F.gelu, "hardSwish": F.hardswish, "softplus": softplus, "silu": F.silu,
    "sigmoid": torch.sigmoid, "tanh": torch.tanh,
}  # fmt: skip


def smooth_l1(x, target, beta, reduction):
    return F.smooth_l1_loss(x, target, reduction=reduction, beta=beta)


def layer_norm(shape, eps, offset=0.0):
    inputs = {
        "x": drawn(shape, offset, 2.0),
        "scale": drawn(shape[-1:], 1.0, 0.5),
        "shift": drawn(shape[-1:]),
    }

    def function(x, scale, shift):
        return F.layer_norm(x, shape[-1:], scale, shift, eps)

    return case("layerNorm", inputs, function, eps=eps)


def batch_norm(shape, eps, momentum, offset=0.0):
    """Training mode over all axes but the last (channels last)."""
    channels = shape[-1:]
    inputs = {
        "x": drawn(shape, offset, 2.0),
        "scale": drawn(channels, 1.0, 0.5),
        "shift": drawn(channels),
    }
    running = {"mean": drawn(channels), "variance": drawn(channels, 1.0, 0.5)}

    def training(x, scale, shift):
        mean, variance = (torch.from_numpy(array_of(v)) for v in running.values())
        flat = x.reshape(-1, channels[0])
        y = F.batch_norm(flat, mean, variance, scale, shift, True, momentum, eps)
        return y.reshape(shape), {"meanAfter": mean, "varianceAfter": variance}

    def inference(x, scale, shift):
        mean, variance = (torch.from_numpy(array_of(v)) for v in running.values())
        flat = x.reshape(-1, channels[0])
        return F.batch_norm(flat, mean, variance, scale, shift, False, momentum, eps).reshape(shape)

    attributes = {"eps": eps, "momentum": momentum, "running": running}
    return [
        case("batchNormTraining", inputs, training, **attributes),
        case("batchNormInference", inputs, inference, **attributes),
    ]


def cases():
    points = {"shape": [len(POINTS)], "values": POINTS}
    for op, function in ACTIVATIONS.items():
        yield case(op, {"x": points}, lambda x, f=function: f(x))
        yield case(op, {"x": drawn([3, 7], 0.0, 5.0)}, lambda x, f=function: f(x))
    for shape, scale in (([4, 5], 3.0), ([2, 3, 17], 50.0), ([3, 1], 2.0)):
        yield case("softmax", {"x": drawn(shape, 0.0, scale)}, lambda x: F.softmax(x, -1), axis=-1)
        yield case("logSumExp", {"x": drawn(shape, 0.0, scale)}, lambda x: x.logsumexp(-1), axis=-1)
    yield case("softmax", {"x": drawn([3, 4, 2], 0.0, 3.0)}, lambda x: F.softmax(x, 1), axis=1)
    yield case("logSumExp", {"x": drawn([3, 4, 2], 0.0, 3.0)}, lambda x: x.logsumexp(1), axis=1)
    yield layer_norm([3, 8], 1e-5)
    yield layer_norm([2, 3, 17], 1e-6)
    yield layer_norm([2, 17], 1e-5, 100.0)
    yield from batch_norm([6, 5], 1e-5, 0.1)
    yield from batch_norm([2, 3, 2, 3], 1e-3, 0.01)
    yield from batch_norm([8, 3], 1e-5, 0.1, 100.0)
    for beta in (1.0, 0.1):
        for reduction in ("mean", "none"):
            inputs = {"x": drawn([4, 6], 0.0, 2.0), "target": drawn([4, 6])}
            options = {"beta": beta, "reduction": reduction}
            yield case("smoothL1", inputs, partial(smooth_l1, **options), **options)


if __name__ == "__main__":
    torch.set_num_threads(1)
    write("ops", cases())
