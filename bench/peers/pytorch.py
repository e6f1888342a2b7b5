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

def conv(x, w, work):
    *_, k, stride, dilation = work["shape"]
    groups = w.shape[0] if work["family"] == "depthwise" else 1
    return F.conv2d(x, w, None, stride, dilation * (k - 1) // 2, dilation, groups)


def layer_norm(x, fixed):
    return F.layer_norm(x, x.shape[-1:], fixed["scale"][0], fixed["shift"][0], 1e-5)


def batch_norm(x, fixed):
    scale, shift = fixed["scale"][0], fixed["shift"][0]
    return F.batch_norm(x, None, None, scale, shift, training=True, eps=1e-5)


def pool(x):
    return F.max_pool2d(x, 3, 2, 1)


def attention(q, k, v):
    return torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1) @ v


def gradients(op, inputs, dy):
    """Of inputs that are given anew to the forward pass, whose time counts."""
    with torch.enable_grad():
        inputs = [x.detach().requires_grad_() for x in inputs]
        return torch.autograd.grad(op(*inputs), inputs, dy)


def conv_forward(y, fixed, i, work):
    w = pick(fixed["w"], i)
    return y + conv(pick(fixed["x"], i), w, work) if "x" in fixed else conv(y, w, work)


def conv_gradient(dy, like, w, work, wanted):
    """Of x and w those that are wanted, without the forward pass; like is the x."""
    *_, k, stride, dilation = work["shape"]
    padding = [dilation * (k - 1) // 2] * 2
    groups = w.shape[0] if work["family"] == "depthwise" else 1
    return torch.ops.aten.convolution_backward(
        dy, like, w, None, [stride] * 2, padding, [dilation] * 2, False, [0, 0], groups, wanted
    )


def conv_input_gradient(y, fixed, i, work):
    w = pick(fixed["w"], i)
    n, height, width = work["shape"][:3]
    dy = pick(fixed["dy"], i) if "dy" in fixed else y
    channels = w.shape[0] if work["family"] == "depthwise" else w.shape[1]
    like = torch.empty((n, channels, height, width), memory_format=torch.channels_last)
    dx = conv_gradient(dy, like, w, work, [True, False, False])[0]
    return y + dx if "dy" in fixed else dx


def conv_weight_gradient(dw, fixed, i, work):
    x, dy = pick(fixed["x"], i), pick(fixed["dy"], i)
    return dw + conv_gradient(dy, x, dw, work, [False, True, False])[1]


def layer_norm_weight_gradient(total, fixed, i, work):
    op = lambda scale, shift: F.layer_norm(pick(fixed["x"], i), scale.shape, scale, shift, 1e-5)
    dscale, dshift = gradients(op, [fixed["scale"][0], fixed["shift"][0]], pick(fixed["dy"], i))
    return total + dscale + dshift


def attention_gradient(dy, fixed, i, work):
    dq, dk, dv = gradients(attention, [pick(fixed[name], i) for name in "qkv"], dy)
    return dq + dk + dv


# An op's entry gives the next y of a chain from the last.
STEPS = {
    "matmul forward": lambda y, fixed, i, work: y @ pick(fixed["w"], i),
    "matmul input gradient": lambda y, fixed, i, work: y @ pick(fixed["w"], i).t(),
    "matmul weight gradient": lambda y, fixed, i, work: torch.addmm(
        y, pick(fixed["x"], i).t(), pick(fixed["dy"], i)
    ),
    "softmax forward": lambda y, fixed, i, work: torch.softmax(y, -1),
    "layerNorm forward": lambda y, fixed, i, work: layer_norm(y, fixed),
    "layerNorm input gradient": lambda dy, fixed, i, work: gradients(
        lambda x: layer_norm(x, fixed), [pick(fixed["x"], i)], dy
    )[0],
    "layerNorm weight gradient": layer_norm_weight_gradient,
    "batchNorm forward": lambda y, fixed, i, work: batch_norm(y, fixed),
    "batchNorm input gradient": lambda dy, fixed, i, work: gradients(
        lambda x: batch_norm(x, fixed), [pick(fixed["x"], i)], dy
    )[0],
    "conv forward": conv_forward,
    "conv input gradient": conv_input_gradient,
    "conv weight gradient": conv_weight_gradient,
    "depthwise forward": conv_forward,
    "depthwise input gradient": conv_input_gradient,
    "depthwise weight gradient": conv_weight_gradient,
    "pool forward": lambda y, fixed, i, work: y + pool(pick(fixed["x"], i)),
    "pool input gradient": lambda y, fixed, i, work: y
    + gradients(pool, [pick(fixed["x"], i)], pick(fixed["dy"], i))[0],
    "attention forward": lambda y, fixed, i, work: attention(
        y, pick(fixed["k"], i), pick(fixed["v"], i)
    ),
    "attention input gradient": attention_gradient,
}

# Images are NHWC in memory, which PyTorch calls channels last; weights are [cout, cin, kh, kw].
IMAGES, WEIGHTS = (0, 3, 1, 2), (3, 2, 0, 1)
OVER_IMAGES = ("conv", "depthwise", "batchNorm", "pool")


def order_of(name, values, work):
    if work["family"] not in OVER_IMAGES or values.ndim < 4:
        return None
    return WEIGHTS if name == "w" else IMAGES


def ordered(name, values, work):
    order = order_of(name, values, work)
    if order is None:
        return values
    return values.permute(order).contiguous(memory_format=torch.channels_last)


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
    like = "w" if work["pass"] == "weight gradient" else "y"
    start = ordered(like, tensor(job["start"]), work)
    order = order_of(like, start, work)
    back = order and [order.index(axis) for axis in range(4)]
    fixed = {
        key: [ordered(key, tensor(each), work) for each in given]
        for key, given in job["fixed"].items()
    }

    def run(length):
        with torch.no_grad():
            y = start.clone()
            for i in range(length):
                y = step(y, fixed, i, work)
            return y.permute(back) if back else y

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


def views(job):
    raise Cannot(f"its {job['model']} has not been written")


PREPARE = {"op": chain, "inference": inference, "training": training, "views": views}
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
