"""Golden values and gradients of the kernel families, at configurations drawn at random, by PyTorch in float64.

    python3 test/golden/families.py         # needs torch (Debian: python3-torch) and numpy

writes families.json beside this file; the test only reads it. Images are NHWC, weights of
convolutions [kh, kw, cin / groups, cout], of depthwise ones [kh, kw, 1, c], of transposed ones
[kh, kw, cout, cin]; attributes are those of our ops. Cases are as ops.py says.
"""

from functools import partial
from random import Random

import torch
from torch.nn import functional as F

from cases import case, drawn, write

DIGITS = 8
pick = Random(20)


def planes(x):
    """NHWC -> NCHW."""
    return x.permute(0, 3, 1, 2)


def pixels(x):
    """NCHW -> NHWC."""
    return x.permute(0, 2, 3, 1)


def padded(x, padding, value=0.0):
    top, bottom, left, right = padding
    return F.pad(planes(x), (left, right, top, bottom), value=value)


def drawn_window(kernels, strides, dilations, least=4, most=9):
    """A window that fits: its kernel, stride, dilation, padding and image, [height, width] each."""
    while True:
        kernel = [pick.choice(kernels), pick.choice(kernels)]
        stride = [pick.choice(strides), pick.choice(strides)]
        dilation = [pick.choice(dilations), pick.choice(dilations)]
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
        image = [pick.randint(least, most), pick.randint(least, most)]
        padding = [pick.randint(0, r // 2) for r in reach for _ in range(2)]
        around = [padding[0] + padding[1], padding[2] + padding[3]]
        if all(i + a >= r for i, a, r in zip(image, around, reach)):
            return image, kernel, {"stride": stride, "padding": padding, "dilation": dilation}


def weight_scale(kernel, channels):
    return (3 / (kernel[0] * kernel[1] * channels)) ** 0.5


def conv():
    image, kernel, window = drawn_window([1, 2, 3, 3, 5, 7], [1, 1, 2, 3], [1, 1, 1, 2, 3, 6])
    groups = pick.choice([1, 1, 1, 2, 3])
    cin, cout = groups * pick.choice([1, 2, 3, 4]), groups * pick.choice([1, 3, 4, 5])
    return conv_case(pick.randint(1, 2), image, cin, cout, kernel, window, groups)


def conv_case(n, image, cin, cout, kernel, window, groups=1):
    inputs = {
        "x": drawn([n, *image, cin]),
        "w": drawn([*kernel, cin // groups, cout], 0.0, weight_scale(kernel, cin // groups)),
    }

    def function(x, w):
        y = F.conv2d(padded(x, window["padding"]), w.permute(3, 2, 0, 1),
                     stride=window["stride"], dilation=window["dilation"], groups=groups)  # fmt: skip
        return pixels(y)

    return case("conv2d", inputs, function, DIGITS, **window, groups=groups)


def conv_transpose(kernel, stride, padding):
    cin, cout = pick.randint(1, 6), pick.randint(1, 6)
    image = [pick.randint(2, 5), pick.randint(2, 5)]
    inputs = {
        "x": drawn([pick.randint(1, 2), *image, cin]),
        "w": drawn([kernel, kernel, cout, cin], 0.0, weight_scale([kernel, kernel], cin)),
    }

    def function(x, w):
        return pixels(F.conv_transpose2d(planes(x), w.permute(3, 2, 0, 1), stride=stride, padding=padding))

    return case("convTranspose2d", inputs, function, DIGITS, stride=stride, padding=padding)


def depthwise():
    image, kernel, window = drawn_window([3, 3, 5, 7], [1, 1, 2], [1, 1, 2, 3])
    channels = pick.choice([1, 3, 4, 5, 8])
    inputs = {
        "x": drawn([pick.randint(1, 2), *image, channels]),
        "w": drawn([*kernel, 1, channels], 0.0, weight_scale(kernel, 1)),
    }

    def function(x, w):
        y = F.conv2d(padded(x, window["padding"]), w.permute(3, 2, 0, 1),
                     stride=window["stride"], dilation=window["dilation"], groups=channels)  # fmt: skip
        return pixels(y)

    return case("depthwiseConv2d", inputs, function, DIGITS, **window)


def squeeze_excite(activation, gate):
    channels, hidden = pick.choice([4, 6, 9]), pick.choice([1, 2, 4])
    inputs = {
        "x": drawn([2, pick.randint(2, 6), pick.randint(2, 6), channels], 0.3),
        "w1": drawn([channels, hidden]), "b1": drawn([hidden], 0.5, 0.2),
        "w2": drawn([hidden, channels]), "b2": drawn([channels]),
    }  # fmt: skip
    activate = {"relu": F.relu, "silu": F.silu}[activation]
    gated = {"sigmoid": torch.sigmoid, "hardSigmoid": F.hardsigmoid}[gate]

    def function(x, w1, b1, w2, b2):
        hidden = activate(x.mean((1, 2)) @ w1 + b1)
        return x * gated(hidden @ w2 + b2)[:, None, None, :]

    return case("squeezeExcite", inputs, function, DIGITS, activation=activation, gate=gate)


def pool(op, **attributes):
    kernel, stride = pick.choice([2, 3]), pick.choice([1, 2, 3])
    padding = pick.choice([0, kernel // 2])
    image = [pick.randint(4, 8), pick.randint(4, 8)]
    x = drawn([pick.randint(1, 2), *image, pick.choice([1, 3, 4])])
    function = {
        "maxPool2d": F.max_pool2d,
        "avgPool2d": partial(F.avg_pool2d, count_include_pad=attributes.get("countPadding")),
    }[op]
    return case(
        op, {"x": x}, lambda x: pixels(function(planes(x), kernel, stride, padding)), DIGITS,
        kernel=kernel, stride=stride, padding=padding, **attributes,
    )  # fmt: skip


def resize(size, **mode):
    x = drawn([2, pick.randint(2, 7), pick.randint(2, 7), pick.choice([1, 3, 4])])
    kind = mode.get("corners")

    def function(x):
        if kind is None:
            return pixels(F.interpolate(planes(x), size, mode="nearest"))
        return pixels(F.interpolate(planes(x), size, mode="bilinear", align_corners=kind == "aligned"))

    op = "resizeNearest" if kind is None else "resizeBilinear"
    return case(op, {"x": x}, function, DIGITS, size=size, **mode)


def attention(batch, heads, tokens, keys, size, masked=False, scale=None):
    inputs = {
        "q": drawn([batch, heads, tokens, size], 0.0, 2.0),
        "k": drawn([batch, heads, keys, size], 0.0, 2.0),
        "v": drawn([batch, heads, keys, size]),
    }
    if masked:
        inputs["mask"] = drawn([batch, 1, tokens, keys], 0.0, 3.0)

    def function(q, k, v, mask=0.0):
        scores = q @ k.transpose(-1, -2) * (size**-0.5 if scale is None else scale) + mask
        return F.softmax(scores, -1) @ v

    given = {} if scale is None else {"scale": scale}
    return case("attention", inputs, function, DIGITS, **given)


def global_mean():
    x = drawn([2, pick.randint(2, 7), pick.randint(2, 7), pick.choice([3, 4])])
    return case("globalMean2d", {"x": x}, lambda x: x.mean((1, 2)), DIGITS)


def place_of(size):
    """The centres of pixels, [h, w, 2]: x and y."""
    y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) + 0.5 for n in size), indexing="ij")
    return torch.stack([x, y], -1)


def heatmaps(images, joints, size, sigma):
    inputs = {"joints": drawn([images, joints, 2], size[0] / 2, size[0] / 3)}

    def function(joints):
        squares = ((place_of(size)[None, :, :, None] - joints[:, None, None]) ** 2).sum(-1)
        return torch.exp(-squares / (2 * sigma**2))

    return case("gaussianHeatmaps", inputs, function, DIGITS, size=size, sigma=sigma)


def soft_argmax(images, joints, depth, size, beta):
    inputs = {"maps": drawn([images, *size, joints * depth], 0.0, 2.0)}

    def function(maps):
        cells = maps.reshape(images, *size, joints, depth)
        p = F.softmax(beta * cells.permute(0, 3, 1, 2, 4).reshape(images, joints, -1), -1)
        slices = torch.arange(depth, dtype=torch.float64) + 0.5
        xy = place_of(size)[:, :, None].expand(*size, depth, 2)
        all_places = torch.cat([xy, slices.expand(*size, depth)[..., None]], -1).reshape(-1, 3)
        y = p @ all_places
        return y if depth > 1 else y[..., :2]

    op = "softArgmax3d" if depth > 1 else "softArgmax2d"
    attributes = {"depth": depth} if depth > 1 else {}
    return case(op, inputs, function, DIGITS, beta=beta, **attributes)


def skeleton(images, bones, size, gamma, squared):
    joints = 1 + max(max(bone) for bone in bones)
    inputs = {"joints": drawn([images, joints, 2], size[0] / 2, size[0] / 3)}

    def function(joints):
        a, b = (joints[:, [bone[i] for bone in bones]][:, None, None] for i in (0, 1))
        place = place_of(size)[None, :, :, None]
        along = (((place - a) * (b - a)).sum(-1) / ((b - a) ** 2).sum(-1)).clamp(0, 1)
        squares = ((place - a - along[..., None] * (b - a)) ** 2).sum(-1).min(-1, keepdim=True)[0]
        return torch.exp(-gamma * (squares if squared else squares.sqrt()))

    return case(
        "skeletonImage", inputs, function, DIGITS, bones=bones, size=size, gamma=gamma, squared=squared,
    )  # fmt: skip


def inter_joint(norm, signed):
    inputs = {"y": drawn([3, 6, 3]), "target": drawn([3, 6, 3])}

    def function(y, target):
        first, second = torch.triu_indices(6, 6, 1)
        order = 1 if norm == "l1" else 2
        length = [(t[:, first] - t[:, second]).norm(p=order, dim=-1) for t in (y, target)]
        difference = length[0] - length[1]
        return (difference if signed else difference.abs()).mean()

    return case("interJointLoss", inputs, function, DIGITS, norm=norm, signed=signed)


def batch_norm(shape, activation, residual):
    inputs = {"x": drawn(shape, 0.5, 2.0), "scale": drawn(shape[-1:], 1.0, 0.5), "shift": drawn(shape[-1:])}
    if residual:
        inputs["residual"] = drawn(shape)
    activate = {"relu": F.relu, "silu": F.silu, "hardSwish": F.hardswish}[activation]

    def function(x, scale, shift, residual=0.0):
        y = F.batch_norm(planes(x), None, None, scale, shift, training=True)
        return activate(pixels(y) + residual)

    return case("batchNorm", inputs, function, DIGITS, activation=activation)


def add_layer_norm(shape):
    inputs = {
        "x": drawn(shape), "residual": drawn(shape),
        "scale": drawn(shape[-1:], 1.0, 0.5), "shift": drawn(shape[-1:]),
    }  # fmt: skip

    def function(x, residual, scale, shift):
        return F.layer_norm(x + residual, shape[-1:], scale, shift)

    return case("addLayerNorm", inputs, function, DIGITS)


def cases():
    for _ in range(12):
        yield conv()
    far = {"stride": [1, 1], "padding": [24, 24, 24, 24], "dilation": [24, 24]}
    yield conv_case(1, [9, 8], 4, 4, [3, 3], far)
    wide = {"stride": [2, 2], "padding": [3, 3, 3, 3], "dilation": [1, 1]}
    yield conv_case(1, [10, 9], 21, 4, [7, 7], wide)
    for kernel, stride, padding in ((2, 2, 0), (4, 2, 1), (4, 2, 0), (3, 2, 1), (3, 1, 1)):
        yield conv_transpose(kernel, stride, padding)
    for _ in range(7):
        yield depthwise()
    yield squeeze_excite("relu", "sigmoid")
    yield squeeze_excite("silu", "hardSigmoid")
    yield squeeze_excite("silu", "sigmoid")
    for _ in range(3):
        yield pool("maxPool2d")
    yield pool("avgPool2d", countPadding=True)
    yield pool("avgPool2d", countPadding=False)
    for size in ([9, 11], [3, 2], [1, 5]):
        yield resize(size, corners="aligned")
        yield resize(size, corners="half-pixel")
    yield resize([9, 11])
    yield resize([3, 2])
    yield attention(1, 2, 5, 5, 16)
    yield attention(2, 1, 7, 7, 20)
    yield attention(1, 2, 3, 9, 16)
    yield attention(2, 2, 4, 6, 16, masked=True)
    yield attention(1, 1, 17, 17, 32, scale=0.5)
    yield attention(1, 1, 1, 4, 64)
    yield global_mean()
    yield global_mean()
    yield heatmaps(2, 5, [9, 7], 1.5)
    yield heatmaps(1, 4, [6, 8], 3.0)
    yield soft_argmax(2, 3, 1, [5, 6], 2.0)
    yield soft_argmax(1, 4, 1, [4, 4], 1.0)
    yield soft_argmax(2, 2, 4, [5, 3], 1.5)
    bones = [[0, 1], [1, 2], [1, 3]]
    yield skeleton(2, bones, [9, 8], 0.1, True)
    yield skeleton(1, bones, [7, 9], 0.4, False)
    for norm in ("l1", "l2"):
        yield inter_joint(norm, norm == "l1")
    yield batch_norm([2, 3, 5, 8], "silu", False)
    yield batch_norm([1, 5, 7, 3], "relu", False)
    yield batch_norm([2, 4, 3, 4], "relu", True)
    yield batch_norm([3, 2, 5, 4], "hardSwish", False)
    yield add_layer_norm([2, 5, 16])
    yield add_layer_norm([7, 13])


if __name__ == "__main__":
    torch.set_num_threads(1)
    write("families", cases())
