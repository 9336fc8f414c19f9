"""`graphnn report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from graphnn.tools.cli import console, options


@click.command()
@options.network
@click.option(
    "--backend",
    type=click.Choice(("auto", "numpy", "native")),
    default="numpy",
    show_default=True,
    help="What runs the plan; native shows the generated C and its times, and waits for the C compiler.",
)
@options.out_file("The HTML file.", default=Path("report.html"), show_default=True)
@click.option(
    "--runs", type=click.IntRange(1), default=5, show_default=True, help="Each step's time is the least of so many."
)
def command(name: str, inputs: tuple[str, ...], backend: str, out: Path, runs: int, **how: Any) -> None:
    """One HTML file, for any browser, offline: the graph, what each pass did, memory, times, source lines.

    \b
      graphnn report model.py:Net f32[1,3,32,32]
      graphnn report model.py:Net f32[8,3,32,32] --train --out step.html
    """
    from graphnn.tools.report import collect, render

    options.check_writable(out)
    with console.working("making the report"):
        subject = options.the_subject(name, inputs, **how)
        graph = subject.graph()
        with subject.mode():
            data = collect(name.rpartition(":")[2], subject.compiled(backend), graph, subject.arguments, runs=runs)
    options.write_text(out, render(data))
    click.echo(f"{out}: open it in a browser", err=True)
