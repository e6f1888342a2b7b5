"""Golden values of the transformer lifter of Calda et al. (src/models/vit.ts), by PyTorch in float64.

    python3 test/golden/vit.py              # needs torch (Debian: python3-torch) and numpy

writes vit.json beside this file; the test only reads it. For each member of the family: the tokens
of the image before the fusion as a summary, the attention of the first fusion block, poses, the loss
IND-P or DEP-P, and of every parameter's gradient the projection onto a stream of random numbers, its
norm, its largest value and some entries. Everything is drawn from streams of uniform.py, and no
sample is without picture or depth by chance. Float32 by PyTorch is printed beside: what a correct f32
engine may be off by.

The image half is laid out, and its tensors named, as timm has them (vit_base_patch16_384): so for
`kinegrad convert --timm` there are tokens of a published layout, too, and positions that are resized
as timm's resample_abs_pos_embed does. What the features of a view are, and the losses, is in views.py.
"""

import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

import uniform
import views
from views import JOINTS, rounded, summary

EPS = 1e-6

DEFAULTS = {
    "size": 384, "patch": 16, "width": 768, "depth": 12, "heads": 12, "mapSize": 64, "mapPatch": 4,
    "fusion": 2, "encoder": 4, "encoderHeads": 16, "pool": "mean", "points": True, "root": "relative",
}  # fmt: skip

MEMBERS = [
    {
        "name": "relative, mean of the tokens, points",
        "options": {
            "size": 24, "patch": 8, "width": 24, "depth": 2, "heads": 3, "mapSize": 16, "mapPatch": 4,
            "fusion": 2, "encoder": 1, "encoderHeads": 2,
        },
        "loss": "independent", "batch": 3, "stream": 1000000,
    },
    {
        "name": "absolute, class token, no points, sizes that are no multiples of four",
        "options": {
            "size": 35, "patch": 5, "width": 18, "depth": 1, "heads": 3, "mapSize": 9, "mapPatch": 3,
            "fusion": 1, "encoder": 2, "encoderHeads": 6, "pool": "class", "points": False,
            "root": "absolute",
        },
        "loss": "dependent", "batch": 2, "stream": 1100000,
    },
    {
        "name": "absolute, points, one fusion block and nothing before or after it",
        "options": {
            "size": 32, "patch": 16, "width": 64, "depth": 0, "heads": 4, "mapSize": 32, "mapPatch": 8,
            "fusion": 1, "encoder": 0, "encoderHeads": 4, "root": "absolute",
        },
        "loss": "dependent", "batch": 2, "stream": 1200000,
    },
]  # fmt: skip


class Attention(nn.Module):
    """As timm's: queries, keys and values by one matrix, told apart first, then heads."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        qkv = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, EPS), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, EPS), Mlp(width, 4 * width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Backbone(nn.Module):
    """The features of timm's VisionTransformer, class token first."""

    def __init__(self, o, channels):
        super().__init__()
        width, grid = o["width"], o["size"] // o["patch"]
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(channels, width, o["patch"], o["patch"])
        self.cls_token = nn.Parameter(torch.empty(1, 1, width))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + grid * grid, width))
        self.blocks = nn.ModuleList(Block(width, o["heads"]) for _ in range(o["depth"]))
        self.norm = nn.LayerNorm(width, EPS)

    def forward(self, picture):
        x = self.patch_embed.proj(picture.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Side(nn.Module):
    """One kind of tokens in a fusion block."""

    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, EPS)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2, self.mlp = nn.LayerNorm(width, EPS), Mlp(width, 4 * width)


class Fusion(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.image, self.maps = Side(width, heads), Side(width, heads)

    def forward(self, image, maps):
        i, h = self.image.norm1(image), self.maps.norm1(maps)
        toImage, imageShares = self.image.attn(i, h, h, average_attn_weights=False)
        toMaps, mapShares = self.maps.attn(h, i, i, average_attn_weights=False)
        image, maps = image + toImage, maps + toMaps
        image = image + self.image.mlp(self.image.norm2(image))
        maps = maps + self.maps.mlp(self.maps.norm2(maps))
        return image, maps, imageShares, mapShares


class Lifter(nn.Module):
    def __init__(self, options):
        super().__init__()
        o = self.o = {**DEFAULTS, **options}
        width = o["width"]
        self.image = Backbone(o, 4)
        self.maps = nn.Conv2d(JOINTS, width, o["mapPatch"], o["mapPatch"])
        self.places = nn.Parameter(torch.empty((o["mapSize"] // o["mapPatch"]) ** 2, width))
        self.fusion = nn.ModuleList(Fusion(width, o["heads"]) for _ in range(o["fusion"]))
        self.encoder = nn.ModuleList(Block(width, o["encoderHeads"]) for _ in range(o["encoder"]))
        self.norm = nn.LayerNorm(width, EPS)
        hidden = [math.floor(2 * width / 3 + 0.5), math.floor(width / 3 + 0.5)]
        self.head1 = nn.Linear(width + (108 if o["points"] else 0), hidden[0])
        self.head2 = nn.Linear(*hidden)
        self.head3 = nn.Linear(hidden[1], 3 * JOINTS)

    def forward(self, image, depth, joints, view):
        o, n = self.o, image.shape[0]
        seen = views.features(image, depth, joints, view)
        self.tokens = i = self.image(seen.channels[..., :4])
        side, sigma = o["mapSize"], o["mapSize"] / 32
        centres = torch.arange(side, dtype=image.dtype) + 0.5
        at = joints * (side / o["size"])
        dx = centres[None, None, None, :] - at[:, :, 0, None, None]
        dy = centres[None, None, :, None] - at[:, :, 1, None, None]
        maps = torch.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
        h = self.maps(maps).flatten(2).transpose(1, 2) + self.places
        self.shares = []
        for fusion in self.fusion:
            i, h, *shares = fusion(i, h)
            self.shares.append(shares)
        x = torch.cat([i, h], 1)
        for block in self.encoder:
            x = block(x)
        x = self.norm(x)
        x = x.mean(1) if o["pool"] == "mean" else x[:, 0]
        if o["points"]:
            x = torch.cat([x, seen.points], 1)
        x = self.head3(F.gelu(self.head2(F.gelu(self.head1(x)))))
        return views.placed(x.reshape(n, JOINTS, 3), seen, o)


def same(t):
    return t


def turned(t):
    return t.t()


def patches(t):
    """[width, channels, rows, columns] -> [rows columns channels, width]"""
    return t.permute(2, 3, 1, 0).reshape(-1, t.shape[0])


def linear(name, module):
    return [(f"{name}.weight", module.weight, turned), (f"{name}.bias", module.bias, same)]


def norm(name, module):
    return [(f"{name}.scale", module.weight, same), (f"{name}.shift", module.bias, same)]


def attention(name, weight, bias, out):
    """Of one matrix for queries, keys and values a third each."""
    rows = []
    for i, part in enumerate(("query", "key", "value")):
        rows.append((f"{name}.{part}.weight", weight, lambda t, i=i: t.chunk(3)[i].t()))
        rows.append((f"{name}.{part}.bias", bias, lambda t, i=i: t.chunk(3)[i]))
    return rows + linear(f"{name}.output", out)


def encoder(name, block):
    return [
        *norm(f"{name}.norm1", block.norm1),
        *attention(f"{name}.attention", block.attn.qkv.weight, block.attn.qkv.bias, block.attn.proj),
        *norm(f"{name}.norm2", block.norm2),
        *linear(f"{name}.mlp.expand", block.mlp.fc1),
        *linear(f"{name}.mlp.shrink", block.mlp.fc2),
    ]


def tensors(model):
    """Our name, PyTorch's tensor, and how ours is seen in it or in its gradient."""
    image = model.image
    yield "image.patches.weight", image.patch_embed.proj.weight, patches
    yield "image.patches.bias", image.patch_embed.proj.bias, same
    yield "image.class", image.cls_token, same
    yield "image.positions", image.pos_embed, lambda t: t[0]
    for i, block in enumerate(image.blocks):
        yield from encoder(f"image.block{i + 1}", block)
    yield from norm("image.norm", image.norm)
    yield "maps.patches.weight", model.maps.weight, patches
    yield "maps.patches.bias", model.maps.bias, same
    yield "maps.positions", model.places, same
    for i, block in enumerate(model.fusion):
        for kind in ("image", "maps"):
            side, name = getattr(block, kind), f"fusion{i + 1}.{kind}"
            yield from norm(f"{name}.norm1", side.norm1)
            attn = side.attn
            yield from attention(
                f"{name}.attention", attn.in_proj_weight, attn.in_proj_bias, attn.out_proj
            )
            yield from norm(f"{name}.norm2", side.norm2)
            yield from linear(f"{name}.mlp.expand", side.mlp.fc1)
            yield from linear(f"{name}.mlp.shrink", side.mlp.fc2)
    for i, block in enumerate(model.encoder):
        yield from encoder(f"encoder.block{i + 1}", block)
    yield from norm("encoder.norm", model.norm)
    for i in (1, 2, 3):
        yield from linear(f"head{i}", getattr(model, f"head{i}"))


def affine(name, shape):
    """Offset and scale of the uniform numbers of a variable, so that values keep their size."""
    kind = name.split(".")[-1]
    if kind == "weight":
        return 0.0, math.sqrt(6 / sum(shape))
    return (1.0, 0.25) if kind == "scale" else (0.0, 0.1)


def unpatched(v, shape):
    width, channels, rows, columns = shape
    return v.reshape(rows, columns, channels, width).permute(3, 2, 0, 1)


def fill(model, stream):
    """Draws all variables; gives how."""
    rows, parts = [], {}
    with torch.no_grad():
        for name, tensor, view in tensors(model):
            shape = list(view(tensor).shape)
            offset, scale = affine(name, shape)
            row = {"name": name, "shape": shape, "stream": stream + len(rows)}
            rows.append({**row, "offset": offset, "scale": scale})
            value = torch.from_numpy(uniform.array(row["stream"], shape, offset, scale))
            if view is patches:
                tensor.copy_(unpatched(value, tensor.shape))
            else:
                view(tensor).copy_(value)
    return rows


def size_of(member):
    return {**DEFAULTS, **member["options"]}["size"]


def inputs_of(member):
    return views.inputs_of(member, size_of(member))


def run(member, dtype, learn=True):
    """The model after a step, how its variables are drawn, its poses and its loss."""
    model = Lifter(member["options"]).to(dtype)
    rows = fill(model, member["stream"])
    data = views.draw(inputs_of(member), size_of(member), dtype)
    target = data.pop("target")
    with torch.set_grad_enabled(learn):
        poses = model(**data)
        loss = views.loss_of(member["loss"], poses, target)
    if learn:
        loss.backward()
    return model, rows, poses.detach(), float(loss)


def gradients_of(model):
    return {name: view(tensor.grad) for name, tensor, view in tensors(model)}


def golden_member(member):
    model, rows, poses, loss = run(member, torch.float64)
    gradients = gradients_of(model)
    model32, _, poses32, loss32 = run(member, torch.float32)
    off = [
        (float((g32 - gradients[k]).abs().max() / gradients[k].abs().max()), k)
        for k, g32 in gradients_of(model32).items()
        if ".key.bias" not in k
    ]
    count = sum(math.prod(row["shape"]) for row in rows)
    print(
        f"{member['name']}: {count} parameters in {len(rows)} tensors, loss {loss:.6f}; float32 is off by "
        f"{abs(loss32 - loss) / loss:.1e} (loss), {float((poses32 - poses).abs().max()):.1e} (poses), "
        f"{max(off)} (gradients); poses up to {float(poses.abs().max()):.2f}",
        file=sys.stderr,
    )
    streams = [member["stream"] + 6000 + i for i in range(len(rows))]
    return {
        **member,
        "count": count,
        "inputs": inputs_of(member),
        "loss": {"kind": member["loss"], "value": loss},
        "tokens": {
            "projection": member["stream"] + 5900,
            **summary(model.tokens.detach(), member["stream"] + 5900),
        },
        "shares": {
            kind: {
                "shape": list(t.shape),
                "projection": member["stream"] + 5901 + i,
                **summary(t.detach(), member["stream"] + 5901 + i),
            }
            for i, (kind, t) in enumerate(zip(("image", "maps"), model.shares[0]))
        },
        "poses": rounded(poses.ravel().tolist()),
        "variables": [
            {**row, "projection": stream, **summary(gradients[row["name"]], stream)}
            for row, stream in zip(rows, streams)
        ],
    }


TIMM = {
    "options": {"size": 12, "patch": 4, "width": 12, "depth": 2, "heads": 3},
    "stream": 1300000,
    "classes": 5,
}


def timm_case():
    """A file in timm's layout, and the tokens of its network with depth as the mean of colours."""
    o, stream = TIMM["options"], TIMM["stream"]
    model = Backbone(o, 3).double()
    head = nn.Linear(o["width"], TIMM["classes"])
    rows = []
    state = {**dict(model.named_parameters()), "head.weight": head.weight, "head.bias": head.bias}
    with torch.no_grad():
        for name, t in state.items():
            norm_weight = "norm" in name and name.endswith("weight")
            row = {
                "name": name, "shape": list(t.shape), "stream": stream + len(rows),
                "offset": 1.0 if norm_weight else 0.0, "scale": 0.3,
            }  # fmt: skip
            rows.append(row)
            values = uniform.array(row["stream"], row["shape"], row["offset"], row["scale"])
            t.copy_(torch.from_numpy(values))
        colours = model.patch_embed.proj.weight
        extended = torch.cat([colours, colours.mean(1, keepdim=True)], 1)
        model.patch_embed.proj.weight = nn.Parameter(extended)
        picture = {
            "shape": [2, o["size"], o["size"], 4], "stream": stream + 900, "offset": 0.0, "scale": 1.0,
        }  # fmt: skip
        tokens = model(torch.from_numpy(uniform.array(**picture)))
        resized = []
        for grid in (2, 3, 4, 5):
            # timm's resample_abs_pos_embed, with its default, the bicubic filter of antialiasing
            places = model.pos_embed[:, 1:].reshape(1, 3, 3, -1).permute(0, 3, 1, 2)
            places = F.interpolate(places, (grid, grid), mode="bicubic", antialias=True)
            places = places.permute(0, 2, 3, 1).reshape(grid * grid, -1)
            places = torch.cat([model.pos_embed[0, :1], places])
            resized.append({"grid": grid, "values": rounded(places.ravel().tolist())})
    return {**TIMM, "tensors": rows, "picture": picture, "tokens": rounded(tokens.ravel().tolist()),
            "resized": resized}  # fmt: skip


def main():
    torch.set_num_threads(1)
    views.write(
        "vit",
        {
            "variables": "numbers are projection, norm and largest absolute value of the gradient",
            "depth": "as drawn, but 0 at every seventh value and in all of the second view",
            "members": [golden_member(member) for member in MEMBERS],
            "timm": timm_case(),
        },
    )


if __name__ == "__main__":
    main()
