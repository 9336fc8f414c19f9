"""`graphnn draw`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import click

from graphnn.tools.cli import options


@click.command()
@options.network
@options.out_file("The picture: .svg, .png, .pdf, or .dot.", default=Path("graph.svg"), show_default=True)
@click.option("--pipeline", type=click.Choice(("inference", "training")), help="Draw what these passes make of it.")
@click.option("--direction", type=click.Choice(("TB", "LR")), default="TB", help="Top to bottom, or left to right.")
def command(
    name: str,
    inputs: tuple[str, ...],
    out: Path,
    pipeline: str | None,
    direction: Literal["TB", "LR"],
    **how: Any,
) -> None:
    """Draw the graph of a network, or of a file of graph text.

    \b
      graphnn draw model.py:Net f32[1,3,32,32] --out net.svg
      graphnn draw net.ir --pipeline inference --out net.png
    """
    from graphnn.passes import PassManager
    from graphnn.tools.cli.passes import pipeline_named
    from graphnn.tools.drawing.graph import draw_graph

    graph = options.the_graph(name, inputs, **how)
    if pipeline is not None:
        graph = PassManager(pipeline_named(pipeline)).run(graph).graph
    options.check_writable(out)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        draw_graph(graph, out, direction=direction)
    for warning in caught:
        click.echo(f"graphnn: {warning.message}", err=True)
    click.echo(f"{out}: {len(graph.nodes)} operations", err=True)
