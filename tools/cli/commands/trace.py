"""`graphnn trace`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from graphnn.tools.cli import options


@click.command()
@options.network
@options.out_file("Write the text there, instead of to stdout.")
def command(name: str, inputs: tuple[str, ...], out: Path | None, **how: Any) -> None:
    """Print or save the graph of a network as text.

    \b
      graphnn trace model.py:Net f32[1,3,32,32]
      graphnn trace model.py:Net f32[8,3,32,32] --train --out step.ir
    """
    text = f"{options.the_subject(name, inputs, **how).graph()}\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        options.write_text(out, text)
