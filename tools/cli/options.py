"""The arguments that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from graphnn.errors import ArgumentError

F = TypeVar("F", bound=Callable[..., Any])

LOSSES = ("cross-entropy", "mse")
OPTIMIZERS = ("SGD", "Adam")


def network(command: F) -> F:
    """`NETWORK INPUTS...`, and how to train it; see `the_subject`."""
    for decorate in (
        click.option("--seed", type=int, default=0, help="Of the weights and the inputs."),
        click.option("--optimizer", type=click.Choice(OPTIMIZERS), default="SGD", help="With --train."),
        click.option("--loss", type=click.Choice(LOSSES), default="cross-entropy", help="With --train."),
        click.option("--train", is_flag=True, help="A whole training step, instead of a forward run."),
        click.argument("inputs", nargs=-1),
        click.argument("name", metavar="NETWORK"),
    ):
        command = decorate(command)
    return command


def as_json(command: F) -> F:
    return click.option("--json", "json_", is_flag=True, help="For programs: one JSON object.")(command)


def backend(command: F) -> F:
    choice = click.Choice(("auto", "numpy", "native"))
    return click.option("--backend", type=choice, default="auto", help="What runs the plan.")(command)


def out_file(help: str, **kwargs: Any) -> Callable[[F], F]:
    return click.option("--out", "-o", type=click.Path(path_type=Path, dir_okay=False), help=help, **kwargs)


def the_subject(name: str, inputs: tuple[str, ...], train: bool, loss: str, optimizer: str, seed: int) -> Any:
    """The network that the arguments name."""
    from graphnn.tools.cli.subject import Training, load_subject

    return load_subject(name, inputs, Training(loss, optimizer) if train else None, seed)


def the_graph(name: str, inputs: tuple[str, ...], **how: Any) -> Any:
    """The graph that the arguments name: traced, or read from text."""
    from graphnn.tools.cli.subject import is_text, read_graph

    if is_text(name):
        if inputs:
            raise ArgumentError(f"{name} is taken for graph text, which has its own inputs; a network is file.py:Class")
        return read_graph(name)
    return the_subject(name, inputs, **how).graph()


def write_text(path: Path, text: str) -> None:
    """Whole or not at all."""
    waiting = path.with_name(f".{path.name}.new")
    try:
        waiting.write_text(text, encoding="utf-8")
        waiting.replace(path)
    except OSError as error:
        waiting.unlink(missing_ok=True)
        raise ArgumentError(f"cannot write {path}: {error.strerror}") from None


def check_writable(path: Path) -> None:
    """ArgumentError unless a file can be made there: asked before the work begins."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise ArgumentError(f"cannot write {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK) or path.is_dir():
        raise ArgumentError(f"cannot write {path}: {'it is a folder' if path.is_dir() else 'the folder is read-only'}")
