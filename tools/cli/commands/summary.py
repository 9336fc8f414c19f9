"""`graphnn summary`."""

from __future__ import annotations

from typing import Any

import click

from graphnn.errors import ArgumentError
from graphnn.tools.cli import console, options


@click.command()
@options.network
@options.as_json
def command(name: str, inputs: tuple[str, ...], json_: bool, train: bool, **how: Any) -> None:
    """A table of a network's layers: output, parameters, FLOPs, bytes, time of a forward run.

    \b
      graphnn summary model.py:Net f32[1,3,32,32]
    """
    from graphnn.tools.summary import HEAD, summarize

    subject = options.the_subject(name, inputs, False, **how)
    if subject.module is None:
        raise ArgumentError(
            f"{name} is no module, and has no layers; `graphnn profile` tells where a function's time goes"
        )
    subject.module.train(train)
    found = summarize(subject.module, *subject.arguments)
    if json_:
        click.echo(found.json())
        return
    console.show_table(HEAD, found.rows(), left=(0, 1))
    click.echo(found.footing)
