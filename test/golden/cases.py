"""A case of a golden file: an op of PyTorch in float64, its output, and the gradients of its inputs."""

import json
import os

import numpy as np
import torch

import uniform

stream = 0


def drawn(shape, offset=0.0, scale=1.0):
    global stream
    stream += 1
    return {"shape": list(shape), "stream": stream, "offset": offset, "scale": scale}


def array_of(source):
    if "values" in source:
        return np.array(source["values"], np.float32).astype(np.float64).reshape(source["shape"])
    return uniform.array(source["stream"], source["shape"], source["offset"], source["scale"])


def numbers(tensor, digits=12):
    return [float(f"{v:.{digits}e}") for v in tensor.detach().numpy().ravel()]


def case(op, inputs, function, digits=12, **attributes):
    """Runs `function(**tensors)`; it returns y, or (y, other values to store). `digits` are stored."""
    leaves = {k: torch.from_numpy(array_of(v)).requires_grad_(True) for k, v in inputs.items()}
    y = function(**leaves)
    y, extra = y if isinstance(y, tuple) else (y, {})
    dy = drawn(y.shape) if y.dim() else {"shape": [], "values": [1.0]}
    grads = torch.autograd.grad(y, list(leaves.values()), torch.from_numpy(array_of(dy)))
    return {
        "op": op,
        "attributes": attributes,
        "inputs": inputs,
        "y": numbers(y, digits),
        "dy": dy,
        "gradients": {k: numbers(g, digits) for k, g in zip(leaves, grads)},
        **{k: numbers(v, digits) for k, v in extra.items()},
    }


def write(name, cases):
    """Writes `name`.json beside this file."""
    golden = {
        "madeBy": f"test/golden/{name}.py",
        "torch": torch.__version__,
        "generator": {**uniform.GENERATOR, "check": uniform.check_values()},
        "cases": list(cases),
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.json")
    with open(path, "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")
