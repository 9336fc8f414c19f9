"""What is written to a terminal: tables, and a sign of life for what takes longer than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import click

PATIENCE = 1.0  # seconds


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = (0,), title: str = "") -> None:
    """A table as wide as the terminal; where stdout is none, plain lines of full width. `left` columns go to the left."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else 400, highlight=False)
    table = Table(box=box.SIMPLE_HEAD if terminal else None, title=title or None, title_justify="left", pad_edge=False)
    for i, name in enumerate(head):
        table.add_column(name, justify="left" if i in left else "right", no_wrap=i not in left, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


@contextmanager
def working(what: str) -> Iterator[None]:
    """A bar on stderr, with the time that has passed, when it takes long and stderr is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(what, total=None)
    timer = threading.Timer(PATIENCE, bar.start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        bar.stop()
