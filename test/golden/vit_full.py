"""The full-size transformer lifter (src/models/vit.ts) with random weights, by PyTorch.

    python3 test/golden/vit_full.py         # needs torch and numpy, 3 GB of memory and a minute or two

writes vit_full.json beside this file: how weights and inputs are drawn (see uniform.py), the pose of
one view, and a summary of the image's tokens; not the weights. scripts/vit-full.ts compares.
Float32 is what PyTorch computes in here: its own error is of the order of 1e-6.
"""

import sys
import time

import torch

import views
import vit
from views import rounded, summary

MEMBER = {
    "name": "full size", "options": {}, "loss": "independent", "batch": 1, "stream": 2000000,
}  # fmt: skip


def main():
    started = time.time()
    model, rows, poses, _ = vit.run(MEMBER, torch.float32, learn=False)
    count = sum(torch.Size(row["shape"]).numel() for row in rows)
    print(
        f"{count} parameters in {len(rows)} tensors, poses up to {float(poses.abs().max()):.3f}, "
        f"{time.time() - started:.0f} s",
        file=sys.stderr,
    )
    stream = MEMBER["stream"] + 5900
    views.write(
        "vit_full",
        {
            **MEMBER,
            "count": count,
            "inputs": vit.inputs_of(MEMBER),
            "depth": "as drawn, but 0 at every seventh value",
            "variables": rows,
            "tokens": {"projection": stream, **summary(model.tokens.detach(), stream)},
            "poses": rounded(poses.ravel().tolist()),
        },
    )


if __name__ == "__main__":
    main()
