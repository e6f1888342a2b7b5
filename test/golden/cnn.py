"""Golden values of the convolutional lifter of Calda et al. (src/models/cnn.ts), by PyTorch in float64.

    python3 test/golden/cnn.py              # needs torch (Debian: python3-torch) and numpy

writes cnn.json beside this file; the test only reads it. For each member of the family: poses in
inference and in training (dropout 0), the loss IND-P or DEP-P, and for every parameter its
gradient's projection onto a stream of random numbers, its norm, its largest value and some entries;
for running statistics after the training step the same. Everything is drawn from streams of
uniform.py. Tensors are NHWC and weights [kh, kw, cin / groups, cout], as ours; PyTorch's own
convolutions, norms and pooling compute with them. Float32 by PyTorch is printed beside: what a
correct f32 engine may be off by.
"""

import math
import sys

import torch
from torch.nn import functional as F

import uniform
import views
from views import JOINTS, rounded, summary

EPS, MOMENTUM = 1e-5, 0.1

MEMBERS = [
    {
        "name": "relative, points, a map smaller than the fields",
        "options": {"size": 64, "width": 0.25, "root": "relative", "points": True},
        "loss": "independent", "batch": 8, "stream": 500000,
    },
    {
        "name": "absolute, no points, a map larger than the fields",
        "options": {"size": 160, "width": 0.25, "root": "absolute", "points": False},
        "loss": "dependent", "batch": 5, "stream": 610000,
    },
    {
        "name": "absolute, points, another width",
        "options": {"size": 96, "width": 0.4, "root": "absolute", "points": True},
        "loss": "dependent", "batch": 6, "stream": 730000,
    },
    {
        "name": "points alone",
        "options": {
            "size": 64, "width": 0.25, "root": "relative", "points": True, "convolutions": False,
        },
        "loss": "independent", "batch": 8, "stream": 870000,
    },
    {
        "name": "points and a first guess",
        "options": {"size": 64, "width": 0.25, "root": "absolute", "points": True, "guess": 24},
        "loss": "dependent", "batch": 8, "stream": 990000,
    },
]  # fmt: skip


class Variables:
    """Parameters and statistics by name, drawn as they are asked for."""

    def __init__(self, stream, dtype):
        self.stream, self.dtype = stream, dtype
        self.tensors, self.rows = {}, []
        self.smallest = math.inf

    def get(self, name, shape, offset, scale, learned=True):
        if name not in self.tensors:
            row = {
                "name": name, "shape": list(shape), "stream": self.stream + len(self.rows),
                "offset": offset, "scale": scale, "learned": learned,
            }  # fmt: skip
            value = uniform.array(row["stream"], shape, offset, scale)
            tensor = torch.from_numpy(value).to(self.dtype)
            self.tensors[name] = tensor.requires_grad_(learned)
            self.rows.append(row)
        return self.tensors[name]

    def weight(self, name, shape, fan):
        return self.get(name + ".weight", shape, 0.0, math.sqrt(6 / fan))

    def bias(self, name, size):
        return self.get(name + ".bias", [size], 0.0, 0.1)


def planes(x):
    return x.permute(0, 3, 1, 2)


def pixels(x):
    return x.permute(0, 2, 3, 1)


class Network:
    def __init__(self, v, options, training):
        self.v, self.training = v, training
        self.size, self.width = options["size"], options["width"]
        self.points, self.root = options["points"], options["root"]
        self.convolutions = options.get("convolutions", True)
        self.guess_width = options.get("guess", 0)

    # Layers

    def conv(self, x, name, cout, kernel=1, stride=1, dilation=1, groups=1):
        cin = x.shape[3] // groups
        w = self.v.weight(name, [kernel, kernel, cin, cout], kernel * kernel * cin)
        around = dilation * (kernel - 1) // 2
        return pixels(
            F.conv2d(planes(x), w.permute(3, 2, 0, 1), None, stride, around, dilation, groups)
        )

    def norm(self, x, name):
        c = x.shape[3]
        # What residual blocks add is small beside what they are given: else each amplifies rounding.
        usual = 0.2 if name.endswith(".project.norm") else 1.0
        scale = self.v.get(name + ".scale", [c], usual, usual / 4)
        shift = self.v.get(name + ".shift", [c], 0.0, 0.1)
        mean = self.v.get(name + ".mean", [c], 0.0, 0.1, learned=False)
        variance = self.v.get(name + ".variance", [c], 1.0, 0.5, learned=False)
        y = F.batch_norm(planes(x), mean, variance, scale, shift, self.training, MOMENTUM, EPS)
        return pixels(y)

    def relu(self, x):
        self.v.smallest = min(self.v.smallest, float(x.detach().abs().min()))
        return torch.relu(x)

    def conv_norm(self, x, name, cout, activation=None, **options):
        y = self.norm(self.conv(x, name, cout, **options), name + ".norm")
        return activation(y) if activation else y

    def inverted(self, x, name, cout, stride=1):
        cin = x.shape[3]
        y = self.conv_norm(x, name + ".expand", 4 * cin, F.silu)
        w = self.v.weight(name + ".depthwise", [3, 3, 1, 4 * cin], 9)
        y = pixels(F.conv2d(planes(y), w.permute(3, 2, 0, 1), None, stride, 1, 1, 4 * cin))
        y = F.silu(self.norm(y, name + ".depthwise.norm"))
        units = 4 * -(-cin // 16)
        w1 = self.v.weight(name + ".gate.squeeze", [4 * cin, units], 4 * cin)
        b1 = self.v.bias(name + ".gate.squeeze", units)
        w2 = self.v.weight(name + ".gate.excite", [units, 4 * cin], units)
        b2 = self.v.bias(name + ".gate.excite", 4 * cin)
        gate = torch.sigmoid(F.silu(y.mean((1, 2)) @ w1 + b1) @ w2 + b2)
        y = self.conv_norm(y * gate[:, None, None, :], name + ".project", cout)
        return x + y if stride == 1 and cin == cout else y

    def dual(self, x, name, residual, inc, groups, stride=1):
        inner = 3 * groups
        begun = self.relu(self.norm(x, name + ".path_norm"))
        begun = self.conv(begun, name + ".path", residual + 2 * inc, stride=stride)
        y = self.relu(self.norm(x, name + ".input_norm"))
        y = self.conv_norm(y, name + ".reduce", inner, self.relu)
        y = self.conv_norm(
            y, name + ".mix", inner, self.relu, kernel=3, stride=stride, groups=groups
        )
        y = self.conv(y, name + ".widen", residual + inc)
        o1, o2 = begun.split([residual, 2 * inc], 3)
        c1, c2 = y.split([residual, inc], 3)
        return torch.cat([o1 + c1, o2, c2], 3)

    def wasp(self, x, name, cout):
        side = x.shape[1]
        y = self.conv_norm(x, name + ".first", cout, self.relu)
        stages = [y]
        for i, dilation in enumerate([18, 12, 6]):
            # Halves are rounded up, as JavaScript does.
            scaled = max(1, math.floor(dilation * min(side, 48) / 48 + 0.5))
            y = self.conv_norm(
                y, f"{name}.fall{i + 1}", cout, self.relu, kernel=3, dilation=scaled
            )
            stages.append(y)
        stages = [
            self.conv(self.conv(s, name + ".shared", cout), name + ".shared", cout) for s in stages
        ]
        mean = self.conv_norm(x.mean((1, 2), keepdim=True), name + ".pooled", cout, self.relu)
        both = torch.cat([*stages, mean.expand(-1, side, side, -1)], 3)
        return self.conv_norm(both, name + ".joined", cout, self.relu)

    def dense(self, x, name, outputs):
        w = self.v.weight(name, [x.shape[-1], outputs], x.shape[-1])
        return x @ w + self.v.bias(name, outputs)

    def around(self, x, joints):
        """Means of a map around the joints: [n, 17, c]."""
        side, sigma = x.shape[1], 0.75
        centres = torch.arange(side, dtype=x.dtype) + 0.5
        places = joints * side / self.size
        dx = centres[None, None, :, None] - places[:, None, None, :, 0]
        dy = centres[None, :, None, None] - places[:, None, None, :, 1]
        maps = torch.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
        sums = torch.einsum("nhwj,nhwc->njc", maps, x)
        return sums / maps.sum((1, 2)).clamp(min=0.2 * math.pi * sigma * sigma)[..., None]

    def guess(self, joints, view):
        """A residual lifter that does not learn (Martinez et al. 2017): poses [n, 17, 3]."""
        n, width = joints.shape[0], self.guess_width
        places = (joints * 2 / self.size - 1) * torch.exp(view)[:, :, None]
        others = places[:, 1:]
        length = others.square().sum(2).mean(1, keepdim=True).sqrt()
        flat = others.reshape(n, -1) / length
        x = torch.cat([flat, torch.log(length), torch.zeros(n, 3, dtype=flat.dtype)], 1)

        def fixed(name, shape, offset, scale):
            return self.v.get("guess." + name, shape, offset, scale, learned=False)

        def hidden(x, linear, norm):
            x = x @ fixed(linear + ".weight", [x.shape[1], width], 0.0, math.sqrt(6 / x.shape[1]))
            mean, variance = fixed(norm + ".mean", [width], 0.0, 0.1), fixed(norm + ".variance", [width], 1.0, 0.5)
            scale, shift = fixed(norm + ".scale", [width], 1.0, 0.25), fixed(norm + ".shift", [width], 0.0, 0.1)
            return torch.relu((x - mean) / torch.sqrt(variance + EPS) * scale + shift)

        x = (x - fixed("input.mean", [36], 0.0, 0.2)) / fixed("input.std", [36], 1.0, 0.25)
        x = hidden(x, "input", "input_norm")
        for i in (1, 2):
            y = hidden(x, f"block{i}.dense1", f"block{i}.norm1")
            x = hidden(y, f"block{i}.dense2", f"block{i}.norm2") + x
        x = x @ fixed("output.weight", [width, 48], 0.0, 1 / math.sqrt(width)) + fixed("output.bias", [48], 0.0, 0.1)
        x = x * fixed("output.std", [48], 0.3, 0.1) + fixed("output.mean", [48], 0.0, 0.2)
        return torch.cat([torch.zeros(n, 1, 3, dtype=x.dtype), x.reshape(n, 16, 3)], 1)

    # The whole

    def maps(self, x, scaled, wide):
        n = x.shape[0]
        x = self.conv_norm(x, "stem1", wide(32), F.silu, kernel=3, stride=2)
        x = self.conv_norm(x, "stem2", wide(48), F.silu, kernel=3, stride=2)
        for i in range(1, 4):
            x = self.inverted(x, f"stage0.block{i}", wide(64), 2 if i == 1 else 1)
        stages = [x]
        for i in range(1, 5):
            x = self.inverted(x, f"stage1.block{i}", wide(128), 2 if i == 1 else 1)
        stages.append(x)
        for i in range(1, 6):
            name = f"stage2.block{i}"
            if i % 2 == 0:
                x = self.inverted(x, name, wide(256))
            else:
                x = self.dual(x, name, wide(256), scaled(16), scaled(32), 2 if i == 1 else 1)
        x = self.wasp(x, "wasp", wide(256))
        x = self.conv_norm(x, "last", wide(128), F.silu)
        pooled = pixels(F.adaptive_avg_pool2d(planes(x), 4)).reshape(n, -1)
        return pooled, stages

    def __call__(self, image, depth, joints, view):
        seen = views.features(image, depth, joints, view)
        x, n = seen.channels, image.shape[0]

        def scaled(c):
            return max(4, 4 * math.floor(self.width * c / 4 + 0.5))

        def wide(c):
            return max(16, scaled(c))

        if self.convolutions:
            x, stages = self.maps(x, scaled, wide)
            around = [self.around(stage, joints) for stage in stages]
        else:
            x = torch.zeros(n, 16 * wide(128), dtype=x.dtype)
            around = [torch.zeros(n, JOINTS, wide(64) + wide(128), dtype=x.dtype)]
        if self.points:
            guessed = []
            if self.guess_width:
                guess = self.guess(joints, view)
                blind = self.v.get("trust", [1], 0.6, 0.1)
                found = seen.found[:, None, None]
                seen.trust = found + (1 - found) * blind
                seen.lifted = torch.where(seen.found[:, None, None] > 0, seen.lifted, guess)
                guessed = [torch.cat([guess, (seen.lifted - guess)[..., 2:]], 2)]
            read = torch.cat([*around, seen.of_joints, *guessed], 2)
            first = read @ self.v.weight("joints.dense1", [read.shape[2], 96], read.shape[2])
            known = F.silu(first + self.v.get("joints.names", [JOINTS, 96], 0.0, 0.3))
            known = F.silu(self.dense(known, "joints.dense2", 96))
            features = F.silu(self.dense(known, "joints.features", 16))
            corrections = self.dense(known, "joints.corrections", 3)
            flat = [t.reshape(n, -1) for t in (features, *guessed)]
            x = torch.cat([x, seen.points, *flat], 1)
        x = F.silu(self.dense(x, "head1", scaled(2048)))
        x = F.silu(self.dense(x, "head2", scaled(512)))
        poses = self.dense(x, "head3", 3 * JOINTS).reshape(n, JOINTS, 3)
        if self.points:
            poses = poses + corrections
        return views.placed(poses, seen, {"points": self.points, "root": self.root})


# Pictures and depth are drawn as so many fields along each side, each of one colour: noise would look
# the same everywhere from afar, and what a network computes of it would be nothing but small differences.
FIELDS = 8


def inputs_of(member):
    return views.inputs_of(member, member["options"]["size"], FIELDS)


def run(member, dtype):
    v = Variables(member["stream"], dtype)
    data = views.draw(inputs_of(member), member["options"]["size"], dtype)
    target = data.pop("target")
    with torch.no_grad():
        inference = Network(v, member["options"], False)(**data)
    v.smallest = math.inf
    poses = Network(v, member["options"], True)(**data)
    loss = views.loss_of(member["loss"], poses, target)
    loss.backward()
    gradients = {
        row["name"]: (v.tensors[row["name"]].grad if row["learned"] else v.tensors[row["name"]])
        for row in v.rows
    }
    return v, inference, poses.detach(), float(loss), gradients


def main():
    torch.set_num_threads(1)
    members = []
    for member in MEMBERS:
        v, inference, poses, loss, gradients = run(member, torch.float64)
        _, inference32, poses32, loss32, gradients32 = run(member, torch.float32)
        off = [
            (float((gradients32[k] - g).abs().max() / g.abs().max()), k)
            for k, g in gradients.items()
        ]
        count = sum(math.prod(row["shape"]) for row in v.rows if row["learned"])
        print(
            f"{member['name']}: {count} parameters in {len(v.rows)} tensors, loss {loss:.6f}; float32 is "
            f"off by {abs(loss32 - loss) / loss:.1e} (loss), {float((poses32 - poses).abs().max()):.1e} and "
            f"{float((inference32 - inference).abs().max()):.1e} (poses, inference), {max(off)} "
            f"(gradients); smallest value before a relu {v.smallest:.1e}; poses up to "
            f"{float(poses.abs().max()):.2f}",
            file=sys.stderr,
        )
        rows = []
        for i, row in enumerate(v.rows):
            stream = member["stream"] + 6000 + i
            of = summary(gradients[row["name"]], stream)
            rows.append({**row, "projection": stream, **of})
        members.append(
            {
                **member,
                "count": count,
                "inputs": inputs_of(member),
                "loss": {"kind": member["loss"], "value": loss},
                "inference": rounded(inference.ravel().tolist()),
                "training": rounded(poses.ravel().tolist()),
                "variables": rows,
            }
        )
    views.write(
        "cnn",
        {
            "batchNorm": {"eps": EPS, "momentum": MOMENTUM, "runningVariance": "unbiased"},
            "variables": "of parameters the gradient, of others the values after the training step; "
            "numbers are projection, norm and largest absolute value",
            "depth": "as drawn, but 0 at every seventh value and in all of the second view",
            "fields": "image and depth are repeated: pixel i is field floor(8 i / size)",
            "members": members,
        },
    )


if __name__ == "__main__":
    main()
