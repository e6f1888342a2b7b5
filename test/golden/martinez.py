"""Golden training runs of the residual lifter of Martinez et al. (2017), computed by PyTorch.

    python3 test/golden/martinez.py         # needs torch (Debian: python3-torch) and numpy

writes martinez.json beside this file; the test only reads it. Each run stores its configuration,
every loss and every gradient norm before clipping, and the parameters and running statistics at its
end. The truth is PyTorch in float64; the losses of PyTorch in float32 stand beside it, and the
script prints the distance between the two, which is what a correct f32 engine may be off by.

The lifter, [B, 34] -> [B, 48], dropout off:

    x = relu(norm(input(x)))
    x = x + relu(norm(dense2(relu(norm(dense1(x))))))        # twice
    y = output(x)

Dense layers before a norm have no bias. Batch norm: eps 1e-5, running statistics with momentum 0.1
(running = 0.9 running + 0.1 batch) and the unbiased batch variance in the running one. Weights are
stored [in, out]. Micro-batches are consecutive rows of the batch: gradients are averaged, each is
normalised by its own statistics and updates the running ones. Gradients are clipped by torch's
clip_grad_norm_: all are multiplied by min(1, clip / (norm + 1e-6)).
"""

import json
import os
import sys

import numpy as np
import torch
from torch import nn

import uniform

EPS, MOMENTUM, IN, OUT = 1e-5, 0.1, 34, 48

# The rates rise and fall, and the clip lies inside the range of the gradient norms. The streams are
# such that no gradient comes so near to zero that Adam would amplify its rounding: noise of 1e-6 of
# a tensor's root mean square, added to every gradient, moves no parameter by more than 1e-6.
RATES = [0.001, 0.002, 0.003, 0.004, 0.0039, 0.0036, 0.003, 0.002, 0.001, 0.0002]

RUNS = [
    {
        "name": "adamw",
        "width": 64, "batch": 32, "microBatches": 1, "stream": 101000, "clip": 1.65,
        "loss": {"kind": "meanJointDistance"},
        "optimiser": {"kind": "adamw", "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.1},
        "rates": RATES,
    },
    {
        "name": "accumulated",
        "width": 16, "batch": 64, "microBatches": 4, "stream": 2000, "clip": 0.8,
        "loss": {"kind": "meanJointDistance"},
        "optimiser": {"kind": "adamw", "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.1},
        "rates": RATES,
    },
    {
        "name": "adam",
        "width": 16, "batch": 16, "microBatches": 1, "stream": 13000, "clip": None,
        "loss": {"kind": "smoothL1", "beta": 0.5},
        "optimiser": {"kind": "adam", "beta1": 0.8, "beta2": 0.99, "eps": 1e-8, "decay": 0.01},
        "rates": RATES,
    },
    {
        "name": "sgd",
        "width": 16, "batch": 16, "microBatches": 1, "stream": 4000, "clip": None,
        "loss": {"kind": "mse"},
        "optimiser": {"kind": "sgd", "momentum": 0.9, "decay": 0.01},
        "rates": [20 * rate for rate in RATES],
    },
]  # fmt: skip


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.dense1 = nn.Linear(width, width, bias=False)
        self.norm1 = nn.BatchNorm1d(width, EPS, MOMENTUM)
        self.dense2 = nn.Linear(width, width, bias=False)
        self.norm2 = nn.BatchNorm1d(width, EPS, MOMENTUM)

    def forward(self, x):
        h = torch.relu(self.norm1(self.dense1(x)))
        return x + torch.relu(self.norm2(self.dense2(h)))


class Lifter(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.input = nn.Linear(IN, width, bias=False)
        self.input_norm = nn.BatchNorm1d(width, EPS, MOMENTUM)
        self.block1 = Block(width)
        self.block2 = Block(width)
        self.output = nn.Linear(width, OUT)

    def forward(self, x):
        x = torch.relu(self.input_norm(self.input(x)))
        return self.output(self.block2(self.block1(x)))


def tensors(model):
    """Our name, torch tensor, transposed or not, for everything that is stored, in stream order."""
    rows = []
    for path, module in model.named_modules():
        if isinstance(module, nn.Linear):
            rows.append((path + ".weight", module.weight, True))
            if module.bias is not None:
                rows.append((path + ".bias", module.bias, False))
        elif isinstance(module, nn.BatchNorm1d):
            rows.append((path + ".scale", module.weight, False))
            rows.append((path + ".shift", module.bias, False))
            rows.append((path + ".mean", module.running_mean, False))
            rows.append((path + ".variance", module.running_var, False))
    return rows


def initial(name, shape, stream):
    """How a stored tensor begins; `stream` is null where it is constant."""
    if name.endswith(".mean"):
        return {"name": name, "shape": shape, "stream": None, "offset": 0.0, "scale": 0.0}
    if name.endswith(".variance"):
        return {"name": name, "shape": shape, "stream": None, "offset": 1.0, "scale": 0.0}
    kind = name.split(".")[-1]
    offset, scale = {"weight": (0.0, 0.3), "scale": (1.0, 0.25)}.get(kind, (0.0, 0.1))
    return {"name": name, "shape": shape, "stream": stream, "offset": offset, "scale": scale}


def batch(run, step):
    """Inputs [B, 34] and targets [B, 48] of one step; half of a target follows from its input."""
    rows = run["batch"]
    x = uniform.array(run["stream"] + 100 + step, (rows, IN), 0.0, 1.75)
    noise = uniform.array(run["stream"] + 200 + step, (rows, OUT), 0.0, 0.5)
    follow = 0.5 * x[:, np.arange(OUT) % IN]
    return x, (follow + noise).astype(np.float32).astype(np.float64)


def loss_of(run, y, target):
    kind = run["loss"]["kind"]
    if kind == "meanJointDistance":
        return (y - target).view(-1, OUT // 3, 3).norm(dim=2).mean()
    if kind == "smoothL1":
        return nn.functional.smooth_l1_loss(y, target, beta=run["loss"]["beta"])
    return nn.functional.mse_loss(y, target)


def optimiser_of(run, model):
    dense = [p for name, p in model.named_parameters() if p.dim() == 2]
    rest = [p for name, p in model.named_parameters() if p.dim() != 2]
    o = run["optimiser"]
    groups = [{"params": dense, "weight_decay": o["decay"]}, {"params": rest, "weight_decay": 0.0}]
    if o["kind"] == "sgd":
        return torch.optim.SGD(groups, lr=1.0, momentum=o["momentum"])
    family = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[o["kind"]]
    return family(groups, lr=1.0, betas=(o["beta1"], o["beta2"]), eps=o["eps"])


def train(run, dtype):
    """Losses, gradient norms, smallest |value| before a relu, and the final tensors as f64."""
    model = Lifter(run["width"]).to(dtype).train()
    begin = []
    with torch.no_grad():
        for index, (name, tensor, transposed) in enumerate(tensors(model)):
            target = tensor.t() if transposed else tensor
            row = initial(name, list(target.shape), run["stream"] + index)
            begin.append(row)
            value = uniform.array(row["stream"] or 0, row["shape"], row["offset"], row["scale"])
            target.copy_(torch.from_numpy(value))
    smallest = [np.inf]
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.register_forward_hook(
                lambda _m, _i, out: smallest.append(float(out.detach().abs().min()))
            )
    optimiser = optimiser_of(run, model)
    losses, norms = [], []
    for step, rate in enumerate(run["rates"]):
        x, target = (torch.from_numpy(v).to(dtype) for v in batch(run, step))
        optimiser.zero_grad()
        total = 0.0
        for xs, targets in zip(x.chunk(run["microBatches"]), target.chunk(run["microBatches"])):
            loss = loss_of(run, model(xs), targets) / run["microBatches"]
            loss.backward()
            total += loss.item()
        losses.append(total)
        clip = run["clip"] if run["clip"] is not None else float("inf")
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), clip)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
    final = {
        name: (tensor.t() if transposed else tensor).detach().double().numpy()
        for name, tensor, transposed in tensors(model)
    }
    return losses, norms, min(smallest), final, begin


def main():
    torch.set_num_threads(1)
    runs = []
    for run in RUNS:
        losses, norms, smallest, final, begin = train(run, torch.float64)
        losses32, norms32, _, final32, _ = train(run, torch.float32)
        relative = max(abs(a - b) / abs(a) for a, b in zip(losses, losses32))
        relative_norm = max(abs(a - b) / abs(a) for a, b in zip(norms, norms32))
        absolute = max(float(np.abs(final[k] - final32[k]).max()) for k in final)
        clipped = sum(run["clip"] is not None and n > run["clip"] for n in norms)
        print(
            f"{run['name']}: loss {losses[0]:.4f} -> {losses[-1]:.4f}, float32 is off by "
            f"{relative:.1e} (losses, relative), {relative_norm:.1e} (norms, relative), "
            f"{absolute:.1e} (tensors, absolute); clipped {clipped}/{len(norms)}, norms "
            f"{' '.join(f'{n:.3f}' for n in norms)}; smallest value before a relu {smallest:.1e}",
            file=sys.stderr,
        )
        runs.append(
            {
                **run,
                "batches": {
                    "input": {"stream": "stream + 100 + step", "offset": 0.0, "scale": 1.75},
                    "noise": {"stream": "stream + 200 + step", "offset": 0.0, "scale": 0.5},
                    "target": "target[b, j] = f32(0.5 input[b, j mod 34] + noise[b, j])",
                },
                "initial": begin,
                "decayed": "tensors of rank 2",
                "losses": losses,
                "lossesFloat32": losses32,
                "gradientNorms": norms,
                "final": {k: [float(f"{v:.7e}") for v in t.ravel()] for k, t in final.items()},
            }
        )
    golden = {
        "madeBy": "test/golden/martinez.py",
        "torch": torch.__version__,
        "generator": {**uniform.GENERATOR, "check": uniform.check_values()},
        "batchNorm": {"eps": EPS, "momentum": MOMENTUM, "runningVariance": "unbiased"},
        "runs": runs,
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "martinez.json")
    with open(path, "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
