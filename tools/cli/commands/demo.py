"""`graphnn demo`."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(context_settings={"show_default": True})
@click.option("--epochs", type=int, default=10, help="How often all digits are gone through.")
@click.option("--batch-size", type=int, default=64, help="Digits a step.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("graphnn-demo"), help="Folder for the pictures.")
@click.option("--seed", type=int, default=0, help="Of the weights and of the order of the digits.")
def command(epochs: int, batch_size: int, out: Path, seed: int) -> None:
    """Train the tutorial's convolutional network on handwritten digits, eagerly and compiled."""
    # The matrix products are too small for a second thread to help; OpenBLAS reads this when NumPy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from graphnn.tools.demo.run import run_demo

    run_demo(epochs, batch_size, out, seed)
