"""`graphnn bench`."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import click

from graphnn.errors import BackendError
from graphnn.tools.cli import console, options
from graphnn.tools.costs import spelled_time

BATCH = 0.05  # seconds
SETTLE = 0.05  # between ways: the threads that NumPy's products use spin on for a while


@click.command()
@options.network
@options.as_json
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True, help="Medians are over so many.")
def command(name: str, inputs: tuple[str, ...], json_: bool, rounds: int, **how: Any) -> None:
    """Eager and compiled runs side by side, in alternating rounds, and how long the first compiled call takes.

    \b
      graphnn bench model.py:Net f32[64,3,32,32]
      graphnn bench model.py:Net f32[64,3,32,32] --train --json
    """
    with console.working("timing"):
        found = _measure(lambda: options.the_subject(name, inputs, **how), rounds)
    if json_:
        click.echo(json.dumps(found, indent=2))
        return
    eager = found["eager"]["seconds"]
    rows = [
        (way, spelled_time(1e9 * f["seconds"]), f"{eager / f['seconds']:.2f}", spelled_time(1e9 * f["first"]))
        for way, f in found.items()
    ]
    console.show_table(("way", "a run", "times eager", "first call"), rows)


def _measure(make: Callable[[], Any], rounds: int) -> dict[str, dict[str, float]]:
    runs: dict[str, Callable[[], object]] = {}
    found: dict[str, dict[str, float]] = {}
    for way in ("eager", "numpy", "native"):
        subject = make()
        start = time.perf_counter()
        try:
            function = subject.function if way == "eager" else subject.compiled(way)
        except BackendError:
            continue
        runs[way] = _run(subject, function)
        runs[way]()
        found[way] = {"first": time.perf_counter() - start}
    times: dict[str, list[float]] = {way: [] for way in runs}
    for _ in range(rounds):
        for way, run in runs.items():
            times[way].append(_seconds(run))
    for way, each in times.items():
        found[way]["seconds"] = statistics.median(each)
    return found


def _run(subject: Any, function: Any) -> Callable[[], object]:
    def run() -> object:
        with subject.mode():
            return function(*subject.arguments)

    return run


def _seconds(run: Callable[[], object]) -> float:
    time.sleep(SETTLE)
    run()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < BATCH:
        run()
        count += 1
    return (time.perf_counter() - start) / count
