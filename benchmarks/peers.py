"""The peers of `compare.py`: what each does for a network, forward and training step.

Each function returns a setup, which the peer's own process calls; what is compiled late is compiled in the first run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from export import export
from harness import Run
from networks import Network, training_step

Setup = Callable[[], Run]


def threads() -> int:
    """What the harness asked for."""
    return int(os.environ["OMP_NUM_THREADS"])


def library(name: str) -> Any:
    """graphnn or torch, on as many threads as the harness asked for."""
    module = import_module(name)
    module.manual_seed(0)
    module.set_num_threads(threads())
    return module


def graphnn_forward(network: Network, batch: int, backend: str) -> Setup:
    def setup() -> Run:
        graphnn = library("graphnn")
        net = graphnn.compile(network.build(graphnn).eval(), backend=backend)
        return without_gradients(graphnn, net, network.batch(graphnn, batch)[0])

    return setup


def graphnn_step(network: Network, batch: int, backend: str) -> Setup:
    def setup() -> Run:
        graphnn = library("graphnn")
        body = graphnn.compile(training_step(network, graphnn)[1], backend=backend)
        x, y = network.batch(graphnn, batch)
        return lambda: body(x, y)

    return setup


def torch_forward(network: Network, batch: int, compiled: bool) -> Setup:
    def setup() -> Run:
        torch = library("torch")
        net = network.build(torch).eval()
        return without_gradients(torch, torch.compile(net) if compiled else net, network.batch(torch, batch)[0])

    return setup


def without_gradients(torch: Any, net: Any, x: Any) -> Run:
    """For good, in this process: entering and leaving `no_grad` takes up to 2 us, and the others need no such thing."""
    torch.set_grad_enabled(False)
    return lambda: net(x)


def torch_step(network: Network, batch: int, compiled: bool) -> Setup:
    def setup() -> Run:
        torch = library("torch")
        wrap = torch.compile if compiled else (lambda net: net)
        body = training_step(network, torch, wrap=wrap)[1]
        x, y = network.batch(torch, batch)
        return lambda: body(x, y)

    return setup


def jax_forward(network: Network, batch: int) -> Setup:
    def setup() -> Run:
        import in_jax

        return in_jax.forward(network, arrays_of(network, batch), network.arrays(batch)[0])

    return setup


def jax_step(network: Network, batch: int) -> Setup:
    def setup() -> Run:
        import in_jax

        return in_jax.training_step(network, arrays_of(network, batch), *network.arrays(batch))

    return setup


def arrays_of(network: Network, batch: int) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.npz"
        export("arrays", network, batch, path)
        with np.load(path) as file:
            return dict(file)


def onnx_forward(network: Network, batch: int) -> Setup:
    """The session is made in the first run."""

    def setup() -> Run:
        import onnxruntime

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.onnx"
            export("onnx", network, batch, path)
            model = path.read_bytes()
        x = network.arrays(batch)[0]
        made: list[tuple[Any, str]] = []

        def run() -> object:
            if not made:
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = threads()
                session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
                made.append((session, session.get_inputs()[0].name))
            session, name = made[0]
            return session.run(None, {name: x})

        return run

    return setup


FORWARD: dict[str, Callable[[Network, int], Setup]] = {
    "graphnn, native": lambda network, batch: graphnn_forward(network, batch, "native"),
    "graphnn, numpy": lambda network, batch: graphnn_forward(network, batch, "numpy"),
    "PyTorch": lambda network, batch: torch_forward(network, batch, False),
    "torch.compile": lambda network, batch: torch_forward(network, batch, True),
    "JAX": jax_forward,
    "ONNX Runtime": onnx_forward,
}
STEP: dict[str, Callable[[Network, int], Setup]] = {
    "graphnn, native": lambda network, batch: graphnn_step(network, batch, "native"),
    "graphnn, numpy": lambda network, batch: graphnn_step(network, batch, "numpy"),
    "PyTorch": lambda network, batch: torch_step(network, batch, False),
    "torch.compile": lambda network, batch: torch_step(network, batch, True),
    "JAX": jax_step,
}
