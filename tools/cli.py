"""The program `graphnn`: its commands, and how mistakes end it. Output goes to stdout, errors to stderr.

Exit codes: 0 done, 1 an error, 2 wrong arguments or something missing that has to be installed, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import graphnn
from graphnn.errors import ArgumentError, GraphnnError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "command"):
        parser.print_help()
        return 0
    try:
        options.command(options)
    except (ImportError, ArgumentError) as error:
        return _fail(error, 2)
    except (GraphnnError, OSError) as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    return 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("graphnn", description="Neural networks, traced into a graph, planned and run.")
    parser.add_argument("--version", action="version", version=f"graphnn {graphnn.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_demo(commands)
    return parser


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    what = "train the tutorial's convolutional network on handwritten digits, eagerly and compiled"
    formatter = argparse.ArgumentDefaultsHelpFormatter
    demo = commands.add_parser("demo", help=what, description=what, formatter_class=formatter)
    demo.add_argument("--epochs", type=int, default=10, help="how often all digits are gone through")
    demo.add_argument("--batch-size", type=int, default=64, help="digits a step")
    demo.add_argument("--out", type=Path, default=Path("graphnn-demo"), help="folder for the pictures")
    demo.add_argument("--seed", type=int, default=0, help="of the weights and of the order of the digits")
    demo.set_defaults(command=_demo)


def _demo(options: argparse.Namespace) -> None:
    # The matrix products are too small for a second thread to help; OpenBLAS reads this when NumPy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from graphnn.tools.demo.run import run_demo

    run_demo(options.epochs, options.batch_size, options.out, options.seed)


def _fail(message: object, code: int) -> int:
    print(f"graphnn: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
