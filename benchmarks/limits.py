"""What the machine itself can do: the best matrix product of any library here, and how fast memory is copied."""

from __future__ import annotations

import numpy as np
from harness import Case, Run, Worker, take_turns
from peers import library

SIZE = 1024
COPIED = 1 << 28  # bytes


def numpy_product() -> Run:
    a, b = (np.random.default_rng(i).standard_normal((SIZE, SIZE), np.float32) for i in range(2))
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)


def torch_product() -> Run:
    torch = library("torch")
    a, b, out = torch.randn(SIZE, SIZE), torch.randn(SIZE, SIZE), torch.empty(SIZE, SIZE)
    return lambda: torch.mm(a, b, out=out)


def native_product() -> Run:
    graphnn = library("graphnn")
    product = graphnn.compile(lambda a, b: a @ b, backend="native")
    a, b = graphnn.randn(SIZE, SIZE), graphnn.randn(SIZE, SIZE)
    return lambda: product(a, b)


def numpy_copy() -> Run:
    source, target = np.ones(COPIED, np.uint8), np.zeros(COPIED, np.uint8)
    return lambda: np.copyto(target, source)


def torch_copy() -> Run:
    torch = library("torch")
    source, target = torch.ones(COPIED, dtype=torch.uint8), torch.zeros(COPIED, dtype=torch.uint8)
    return lambda: target.copy_(source)


PRODUCT = Case(
    "matrix product", {"NumPy": numpy_product, "PyTorch": torch_product, "graphnn, native": native_product}, "NumPy"
)
COPY = Case("copy", {"NumPy": numpy_copy, "PyTorch": torch_copy}, "NumPy")
PRODUCT_FLOPS = 2 * SIZE**3
COPY_BYTES = 2 * COPIED


def limits(threads: int, rounds: int) -> dict[str, float]:
    """Operations a second of the best matrix product, bytes a second of the best copy (read and written)."""
    return {
        "flops": PRODUCT_FLOPS / best_seconds(PRODUCT, threads, max(rounds, 10)),
        "bytes": COPY_BYTES / best_seconds(COPY, threads, max(rounds, 10)),
    }


def best_seconds(case: Case, threads: int, rounds: int) -> float:
    workers = [Worker(case, peer, threads, quiet=True) for peer in case.peers]
    times = take_turns([w for w in workers if w.ready], rounds)
    for worker in workers:
        worker.stop()
    return min(min(t) for t in times.values())
