"""The demo from data to pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from graphnn.errors import ArgumentError
from graphnn.tools.demo import report

NEEDED = {"sklearn": "scikit-learn", "tqdm": "tqdm"}


class MissingPackages(ImportError):
    """Packages of the `demo` extra that are not installed."""


def run_demo(epochs: int, batch_size: int, out: Path, seed: int, say: Callable[[str], object] = print) -> None:
    """Trains, measures, draws into `out`, and says what it found, piece by piece."""
    start = time.perf_counter()
    _require_packages()
    _check(epochs, batch_size)
    out.mkdir(parents=True, exist_ok=True)
    from graphnn.tools.demo.digits import load
    from graphnn.tools.demo.measures import measure
    from graphnn.tools.demo.pictures import draw_all

    say("graphnn demo: the tutorial's convolutional network on handwritten digits\n")
    measures = measure(load(seed), epochs, batch_size, seed)
    say(report.introduction(measures, batch_size))
    for piece in (report.training, report.memory, report.passes, report.chain):
        say(piece(measures))
    say(report.pictures(out, *draw_all(measures, out)))
    say(f"done in {time.perf_counter() - start:.1f} s")


def _require_packages() -> None:
    missing = [name for module, name in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise MissingPackages(f'the demo needs {" and ".join(missing)}: pip install -e ".[demo]"')


def _check(epochs: int, batch_size: int) -> None:
    if epochs < 1:
        raise ArgumentError(f"the demo needs at least 1 epoch, got {epochs}")
    if not 1 <= batch_size <= 1000:
        raise ArgumentError(f"the demo takes batches of 1 to 1000 digits, got {batch_size}")
