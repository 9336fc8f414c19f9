"""`graphnn opt`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from graphnn.tools.cli import options


def _list(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from graphnn.tools.cli.passes import known

    width = max(map(len, known()))
    for name, made in known().items():
        click.echo(f"{name:<{width}}  {' '.join((made.__doc__ or '').split()).split('. ')[0]}")
    ctx.exit()


LIST: dict[str, Any] = {
    "is_flag": True,
    "is_eager": True,
    "expose_value": False,
    "callback": _list,
    "help": "Which passes there are.",
}


@click.command()
@click.argument("name", metavar="GRAPH")
@click.option("--passes", "names", help="Names, in order, with commas between: dead-code,fuse-linear-relu.")
@click.option("--pipeline", type=click.Choice(("inference", "training")), help="The passes that `compile` runs.")
@click.option("--print-after-each", is_flag=True, help="The text after each pass that changed something, on stderr.")
@click.option("--list", **LIST)
@options.out_file("Write the text there, instead of to stdout.")
def command(name: str, names: str | None, pipeline: str | None, print_after_each: bool, out: Path | None) -> None:
    """Run passes over a graph's text ("-" reads it from stdin).

    \b
      graphnn opt net.ir --pipeline inference
      graphnn trace model.py:Net f32[1,784] | graphnn opt - --passes fuse-linear-relu --print-after-each
    """
    from graphnn.passes import PassManager
    from graphnn.tools.cli.subject import read_graph

    dump = (lambda text: print(text, file=sys.stderr)) if print_after_each else None
    graph = PassManager(_chosen(names, pipeline), dump=dump).run(read_graph(name)).graph
    if out is None:
        click.echo(str(graph))
    else:
        options.write_text(out, f"{graph}\n")


def _chosen(names: str | None, pipeline: str | None) -> tuple[Any, ...]:
    from graphnn.tools.cli.passes import passes_named, pipeline_named

    if (names is None) == (pipeline is None):
        raise click.UsageError("give either --passes or --pipeline; `graphnn opt --list` tells which passes there are")
    return pipeline_named(pipeline) if pipeline is not None else passes_named((names or "").split(","))
