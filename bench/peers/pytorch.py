"""The process of PyTorch on the CPU: does what `connection.ts` asks for, a line of JSON each."""

import base64
import json
import os
import re
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(os.cpu_count() or 1)

# An op's entry gives the next y of a chain from the last.
STEPS = {
    "matmul forward": lambda y, fixed, i, work: y @ pick(fixed["w"], i),
    "matmul input gradient": lambda y, fixed, i, work: y @ pick(fixed["w"], i).t(),
    "matmul weight gradient": lambda y, fixed, i, work: torch.addmm(
        y, pick(fixed["x"], i).t(), pick(fixed["dy"], i)
    ),
    "softmax forward": lambda y, fixed, i, work: torch.softmax(y, -1),
    "layerNorm forward": lambda y, fixed, i, work: F.layer_norm(
        y, y.shape[-1:], fixed["scale"][0], fixed["shift"][0], 1e-5
    ),
}


def pick(tensors, i):
    return tensors[i % len(tensors)]


def tensor(given):
    return given["values"].reshape(given["shape"])


def unpacked(value):
    if "f32" not in value:
        return value
    # A copy: the bytes of a frozen buffer may not be written.
    return torch.frombuffer(bytearray(base64.b64decode(value["f32"])), dtype=torch.float32)


def packed(values):
    return {"f32": base64.b64encode(values.contiguous().numpy().tobytes()).decode()}


class Cannot(Exception):
    pass


def chain(job):
    work = job["work"]
    name = f'{work["family"]} {work["pass"]}'
    step = STEPS.get(name)
    if not step:
        raise Cannot(f"it has no {name}")
    start = tensor(job["start"])
    fixed = {key: [tensor(each) for each in given] for key, given in job["fixed"].items()}

    def run(length):
        with torch.no_grad():
            y = start.clone()
            for i in range(length):
                y = step(y, fixed, i, work)
            return y

    return run


class Hidden(nn.Module):
    """relu(norm(x w)), with dropout in training"""

    def __init__(self, given, width, dropout, momentum):
        super().__init__()
        self.dense = dense(given["weight"], given["inputs"], width)
        self.norm = nn.BatchNorm1d(width, momentum=momentum)
        norm = given["norm"]
        with torch.no_grad():
            self.norm.weight.copy_(norm["scale"])
            self.norm.bias.copy_(norm["shift"])
            self.norm.running_mean.copy_(norm["mean"])
            self.norm.running_var.copy_(norm["variance"])
        self.dropout = dropout

    def forward(self, x):
        return F.dropout(F.relu(self.norm(self.dense(x))), self.dropout, self.training)


def dense(weight, inputs, outputs, bias=None):
    made = nn.Linear(inputs, outputs, bias=bias is not None)
    with torch.no_grad():
        made.weight.copy_(weight.reshape(inputs, outputs).t())
        if bias is not None:
            made.bias.copy_(bias)
    return made


class Lifter(nn.Module):
    def __init__(self, weights, dropout=0.0, momentum=0.1):
        super().__init__()
        width = weights["width"]
        hidden = lambda given: Hidden(given, width, dropout, momentum)
        self.first = hidden(weights["first"])
        self.blocks = nn.ModuleList(
            nn.Sequential(*map(hidden, pair)) for pair in weights["blocks"]
        )
        bias = weights["bias"]
        self.last = dense(weights["weight"], width, len(bias), bias)

    def forward(self, x):
        y = self.first(x)
        for block in self.blocks:
            y = y + block(y)
        return self.last(y)


def inference(job):
    model = Lifter(job["weights"]).eval()
    poses = job["poses"].reshape(job["batch"], -1)

    def run(length):
        with torch.no_grad():
            return model(poses)

    return run


def training(job):
    training = job["training"]
    model = Lifter(job["weights"], training["dropout"], training["momentum"]).train()
    poses = job["poses"].reshape(training["batch"], -1)
    targets = job["targets"].reshape(training["batch"], -1)
    parameters = list(model.parameters())
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": training["decay"]},
            {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
        ],
        lr=training["rate"],
        betas=(training["beta1"], training["beta2"]),
        eps=training["epsilon"],
    )

    def run(length):
        for _ in range(length):
            optimiser.zero_grad()
            loss = F.mse_loss(model(poses), targets)
            loss.backward()
            optimiser.step()
        return loss.detach().reshape(1)

    return run


PREPARE = {"op": chain, "inference": inference, "training": training}
jobs = {}


def answer(request):
    ask = request["ask"]
    if ask == "open":
        title = f'PyTorch {torch.__version__} CPU'
        return {"answer": "opened", "title": title, "adapter": adapter()}
    name = request["name"]
    if ask == "prepare":
        start = time.perf_counter()
        job = request["job"]
        jobs[name] = PREPARE[job["kind"]](job)
        return {
            "answer": "prepared",
            "ms": 1e3 * (time.perf_counter() - start),
            "notes": [f"on {adapter()}", f"its BLAS: {blas()}"],
        }
    if ask == "finish":
        del jobs[name]
        return {"answer": "finished"}
    run = jobs[name]
    lengths = request["lengths"]
    if request["warm"]:
        run(lengths[0])
    times = []
    for _ in range(request["repeats"]):
        times.append([])
        for length in lengths:
            start = time.perf_counter()
            y = run(length)
            times[-1].append(1e3 * (time.perf_counter() - start))
    ran = {"answer": "ran", "times_ms": times}
    return {**ran, "output": packed(y)} if request["output"] else ran


def adapter():
    return f"CPU, {torch.get_num_threads()} threads"


def blas():
    """What it was built for; `generic` is whatever the system has, such as the slow reference."""
    found = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return found[1] if found else "unknown"


for line in sys.stdin:
    try:
        given = answer(json.loads(line, object_hook=unpacked))
    except Cannot as error:
        given = {"answer": "cannot", "why": str(error)}
    except Exception as error:
        given = {"answer": "failed", "why": f"{type(error).__name__}: {error}"}
    print(json.dumps(given), flush=True)
