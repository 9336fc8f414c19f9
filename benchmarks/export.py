"""A network written to a file for a peer, in a process of its own: PyTorch must not count towards the peer's memory.

python benchmarks/export.py onnx LeNet 64 lenet.onnx      the network in evaluation, for batches of this size
python benchmarks/export.py arrays LeNet 64 lenet.npz     its parameters and buffers by PyTorch's names
python benchmarks/export.py flops LeNet 64 lenet.json     the floating point operations of its products
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
from networks import LENET, MLP, RESNET, RESNET224, TINY, Network
from sequences import TAGGER, TRANSFORMER, WIDE_TAGGER

NETWORKS = {n.name: n for n in (TINY, MLP, LENET, TAGGER, WIDE_TAGGER, TRANSFORMER, RESNET, RESNET224)}


def export(kind: str, network: Network, batch: int, path: Path) -> None:
    """Writes the file from another process."""
    command = [sys.executable, __file__, kind, network.name, str(batch), str(path)]
    subprocess.run(command, check=True, stdout=sys.stderr)


def write_onnx(network: Network, batch: int, path: str) -> None:
    import torch

    torch.manual_seed(0)
    torch.backends.mha.set_fastpath_enabled(False)  # its one fused operator has no counterpart in ONNX
    warnings.simplefilter("ignore")
    torch.onnx.export(network.build(torch).eval(), (network.batch(torch, batch)[0],), path, dynamo=False)


def write_arrays(network: Network, batch: int, path: str) -> None:
    import torch

    torch.manual_seed(0)
    np.savez(path, **{name: value.numpy() for name, value in network.build(torch).state_dict().items()})


def write_flops(network: Network, batch: int, path: str) -> None:
    """Of the forward pass, and of forward and backward. An LSTM's are not told apart by PyTorch's counter."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    net, (x, y) = network.build(torch).train(), network.batch(torch, batch)
    counts = {}
    with FlopCounterMode(display=False) as forward:
        loss = network.loss(torch)(net(x), y)
    with FlopCounterMode(display=False) as backward:
        loss.backward()
    counts["forward"] = forward.get_total_flops()
    counts["step"] = counts["forward"] + backward.get_total_flops()
    Path(path).write_text(json.dumps(counts))


WRITERS = {"onnx": write_onnx, "arrays": write_arrays, "flops": write_flops}

if __name__ == "__main__":
    WRITERS[sys.argv[1]](NETWORKS[sys.argv[2]], int(sys.argv[3]), sys.argv[4])
