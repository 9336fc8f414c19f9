"""How long forward passes and training steps take, eager and compiled, beside PyTorch's eager mode."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from harness import Case, Run, main
from networks import LENET, MLP, Network, training_step

EAGER_STEP, COMPILED_STEP = 2.5, 1.5


def library(name: str) -> Any:
    """The library, on the threads that the harness asked for."""
    module = import_module(name)
    module.manual_seed(0)
    if name == "torch":
        module.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    return module


def forward(name: str, network: Network, batch: int, compiled: bool = False) -> Callable[[], Run]:
    """One call without gradients."""

    def setup() -> Run:
        torch = library(name)
        net = network.build(torch).eval()
        net = torch.compile(net) if compiled else net
        x, _ = network.batch(torch, batch)

        def run() -> object:
            with torch.no_grad():
                return net(x)

        return run

    return setup


def step(name: str, network: Network, batch: int, compiled: bool = False, optimizer: str = "SGD") -> Callable[[], Run]:
    """One training step: gradients cleared, forward, loss, backward, update."""

    def setup() -> Run:
        torch = library(name)
        _, body = training_step(network, torch, optimizer)
        body = torch.compile(body) if compiled else body
        x, y = network.batch(torch, batch)
        return lambda: body(x, y)

    return setup


def case(kind: Callable[..., Callable[[], Run]], network: Network, batch: int, targets: bool = False) -> Case:
    """A case of all three peers."""
    peers = {
        "PyTorch, eager": kind("torch", network, batch),
        "graphnn, eager": kind("graphnn", network, batch),
        "graphnn, compiled": kind("graphnn", network, batch, compiled=True),
    }
    wanted = {"graphnn, eager": EAGER_STEP, "graphnn, compiled": COMPILED_STEP} if targets else {}
    return Case(f"{network.name} {kind.__name__} b{batch}", peers, "PyTorch, eager", wanted)


CASES = [
    case(forward, LENET, 64),
    case(step, LENET, 64, targets=True),
    case(forward, LENET, 1),
    case(forward, MLP, 1),
    case(forward, MLP, 64),
    case(step, MLP, 64),
]

if __name__ == "__main__":
    main(__doc__, CASES)
