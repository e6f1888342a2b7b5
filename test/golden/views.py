"""What the golden scripts of the two-stage lifters share (cnn.py, vit.py, vit_full.py): the features of a view,
poses, losses, how inputs are drawn, and how whole tensors are summed up. By PyTorch; the streams are those of
uniform.py."""

import json
import math
import os
from types import SimpleNamespace

import numpy as np
import torch
from torch.nn import functional as F

import uniform

JOINTS = 17
ENTRIES = 4


def features(image, depth, joints, view):
    """What networks read of views [n, S, S, ...], see src/models/view_features.ts: channels [n, S, S, 21], points,
    the distance of the pelvis, the joints on the surface, and what is of each joint."""
    n, size = image.shape[:2]
    centres = torch.arange(size, dtype=image.dtype) + 0.5
    sigma = size / 50
    dx = centres[None, None, :, None] - joints[:, None, None, :, 0]
    dy = centres[None, :, None, None] - joints[:, None, None, :, 1]
    maps = torch.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
    whole = 2 * math.pi * sigma * sigma

    known = (depth[..., 0] > 0).to(image.dtype)
    weight = (maps[..., 0] * known).sum((1, 2))
    found = (weight > 0.01 * whole).to(image.dtype)
    mean = (maps[..., 0] * depth[..., 0]).sum((1, 2)) / weight.clamp(min=0.01 * whole)
    distance = torch.where(found > 0, mean, torch.exp(-view[:, 0]))
    beyond = (depth[..., 0] - distance[:, None, None]) * known * found[:, None, None]
    relative = beyond.clamp(-2, 2)
    person = (beyond.abs() < 1) * known * found[:, None, None]
    share = (maps * person[..., None]).sum((1, 2))
    nearby = (maps * (beyond * person)[..., None]).sum((1, 2)) / share.clamp(min=0.01 * whole)
    places = joints * 2 / size - 1
    metres = places * ((nearby + distance[:, None]) * torch.exp(view))[..., None]
    points = torch.cat(
        [
            view, (torch.log(distance) * found)[:, None], found[:, None],
            places.reshape(n, -1), metres.reshape(n, -1), nearby, share / whole,
            torch.zeros(n, 3, dtype=image.dtype),
        ],
        1,
    )  # fmt: skip
    surface = torch.cat([metres, nearby[..., None]], 2)
    covered = (share / whole)[..., None]
    of_view = torch.stack([view[:, 0], torch.log(distance) * found, found, 0 * found], 1)
    far = relative + 2 * (1 - known) * found[:, None, None]
    of_joints = torch.cat(
        [
            places, metres, nearby[..., None], covered, patches(far, joints),
            of_view[:, None].expand(-1, JOINTS, -1),
        ],
        2,
    )  # fmt: skip
    channels = torch.cat([2 * image - 1, relative[..., None], maps], 3)
    return SimpleNamespace(
        channels=channels, points=points, distance=distance, lifted=surface - surface[:, :1],
        of_joints=of_joints, found=found, trust=1,
    )  # fmt: skip


def patches(far, joints):
    """Depth in a grid of 4 x 4 samples around each joint: [n, 17, 16]."""
    size = far.shape[1]
    step = size / 64
    along = (torch.arange(4, dtype=far.dtype) - 1.5) * step
    x = joints[:, :, None, None, 0] + along[None, None, None, :]
    y = joints[:, :, None, None, 1] + along[None, None, :, None]
    x, y = torch.broadcast_tensors(x, y)
    centres = torch.arange(size, dtype=far.dtype) + 0.5
    sigma = step / 2

    def line(t):
        return torch.exp(-((centres - t.reshape(t.shape[0], -1, 1)) ** 2) / (2 * sigma * sigma))

    sums = torch.einsum("nhw,nkw,nkh->nk", far, line(x), line(y))
    return sums.reshape(-1, JOINTS, 16) / (2 * math.pi * sigma * sigma)


def placed(poses, seen, options):
    """Poses from the numbers of a network: what the depth shows, corrected, and the root where it is asked for."""
    others = torch.ones(JOINTS, 1, dtype=poses.dtype)
    others[0] = 0
    relative = poses * others * seen.trust + (seen.lifted if options["points"] else 0)
    if options["root"] == "relative":
        return relative
    ahead = torch.tensor([0, 0, 1], dtype=poses.dtype)
    return relative + (poses[:, :1] + seen.distance[:, None, None] * ahead)


def inter_joint(y, t):
    i, j = torch.triu_indices(JOINTS, JOINTS, 1)
    lengths = [(p[:, i] - p[:, j]).norm(dim=2) for p in (y, t)]
    return (lengths[0] - lengths[1]).abs().mean()


def loss_of(kind, y, t):
    if kind == "independent":
        return F.mse_loss(y - y[:, :1], t - t[:, :1]) + inter_joint(y, t)
    root = (y[:, 0] - t[:, 0]).norm(dim=1).mean()
    return F.mse_loss(y, t) + 100 * inter_joint(y, t) + root + F.l1_loss(y, t)


def inputs_of(member, size, side=None):
    """How each input is drawn, pictures and depth of `side` fields along each side, or of all pixels."""
    n, stream, side = member["batch"], member["stream"] + 5000, side or size
    return {
        "image": {"shape": [n, side, side, 3], "stream": stream, "offset": 0.5, "scale": 0.5},
        "depth": {"shape": [n, side, side, 1], "stream": stream + 1, "offset": 3.5, "scale": 1.25},
        "joints": {
            "shape": [n, JOINTS, 2], "stream": stream + 2, "offset": size / 2, "scale": size / 3,
        },
        "view": {"shape": [n, 1], "stream": stream + 3, "offset": -1.0, "scale": 0.25},
        "target": {"shape": [n, JOINTS, 3], "stream": stream + 4, "offset": 0.25, "scale": 0.75},
    }  # fmt: skip


def draw(inputs, size, dtype):
    """The inputs; of depth every seventh value is 0, and all of the second view. Fields are repeated."""
    arrays = {k: uniform.array(**source) for k, source in inputs.items()}
    arrays["depth"].reshape(-1)[::7] = 0
    arrays["depth"][1:2] = 0
    for name in ("image", "depth"):
        side = arrays[name].shape[1]
        fields = np.arange(size) * side // size
        arrays[name] = arrays[name][:, fields][:, :, fields].copy()
    return {k: torch.from_numpy(v).to(dtype) for k, v in arrays.items()}


def rounded(values, digits=9):
    return [float(f"{x:.{digits - 1}e}") for x in values]


def summary(t, stream):
    """What a test can hold a whole tensor to, without the tensor."""
    flat = t.double().numpy().ravel()
    at = np.linspace(0, flat.size - 1, min(ENTRIES, flat.size)).astype(int)
    projection = float(flat @ uniform.uniform(stream, flat.size))
    return {
        "numbers": rounded([projection, np.linalg.norm(flat), np.abs(flat).max()]),
        "at": at.tolist(),
        "entries": rounded(flat[at]),
    }


def write(name, contents):
    """Writes a golden file beside this one."""
    golden = {
        "madeBy": f"test/golden/{name}.py",
        "torch": torch.__version__,
        "generator": {**uniform.GENERATOR, "check": uniform.check_values()},
        **contents,
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.json")
    with open(path, "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")
