"""`graphnn profile`."""

from __future__ import annotations

import json
from typing import Any

import click

from graphnn.tools.cli import console, options


@click.command()
@options.network
@options.backend
@options.as_json
@click.option("--runs", type=click.IntRange(1), default=20, show_default=True, help="The least time of so many.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="How many steps are shown.")
def command(name: str, inputs: tuple[str, ...], backend: str, json_: bool, runs: int, top: int, **how: Any) -> None:
    """The time of each operation in a compiled run, hottest first, with its share of what the machine can do.

    \b
      graphnn profile model.py:Net f32[64,3,32,32] --backend native
      graphnn profile model.py:Net f32[64,3,32,32] --train --runs 50 --json
    """
    from graphnn.tools.profiling import HEAD, profile

    subject = options.the_subject(name, inputs, **how)
    with console.working("profiling"), subject.mode():
        found = profile(subject.compiled(backend), *subject.arguments, runs=runs)
    if json_:
        steps = [_facts(s) for s in found.hottest]
        limits = {"flops_per_ns": found.limits.flops, "bytes_per_ns": found.limits.bytes}
        click.echo(json.dumps({"backend": found.backend, "runs": runs, "limits": limits, "steps": steps}, indent=2))
        return
    click.echo(found.heading)
    console.show_table(HEAD, list(found.rows())[:top], left=(5, 6))


def _facts(step: Any) -> dict[str, Any]:
    return {
        "step": step.number,
        "line": step.line,
        "from": step.origin,
        "nanoseconds": step.nanoseconds,
        "flops": step.flops,
        "bytes": step.bytes,
        "share_of_limit": step.share,
    }
