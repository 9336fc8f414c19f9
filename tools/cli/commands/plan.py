"""`graphnn plan`."""

from __future__ import annotations

import json
from typing import Any

import click

from graphnn.tools.cli import console, options


@click.command()
@options.network
@options.backend
@options.as_json
@click.option("--steps", is_flag=True, help="Also each step with the bytes that are in use.")
def command(name: str, inputs: tuple[str, ...], backend: str, json_: bool, steps: bool, **how: Any) -> None:
    """What a run needs of memory: the arena, its lower bound, and which values make the peak.

    Of a network the plan is shown that `compile` makes; of graph text, a plan of the graph as it is.

    \b
      graphnn plan model.py:Net f32[8,3,32,32] --train
      graphnn plan net.ir --json
    """
    plan = _the_plan(name, inputs, backend, **how)
    if json_:
        click.echo(json.dumps(_facts(plan), indent=2))
        return
    lines = str(plan).splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("peak")) if plan.order else len(lines)
    click.echo(lines[0])
    click.echo("\n".join(lines[1:] if steps else lines[begin:]))


def _the_plan(name: str, inputs: tuple[str, ...], backend: str, **how: Any) -> Any:
    from graphnn.backends.registry import backend_named
    from graphnn.plan.plan import make_plan
    from graphnn.tools.cli.subject import is_text

    with console.working("planning"):
        if is_text(name):
            return make_plan(options.the_graph(name, inputs, **how), backend_named(backend).target)
        return options.the_subject(name, inputs, **how).compiled(backend).plans[-1].plan


def _facts(plan: Any) -> dict[str, Any]:
    return {
        "graph": plan.graph.name,
        "steps": len(plan.order),
        "arena_bytes": plan.arena_bytes,
        "lower_bound_bytes": plan.lower_bound_bytes,
        "sum_bytes": plan.sum_bytes,
        "peak_step": plan.peak_step,
        "live_bytes": list(plan.live_bytes),
        "buffers": [b._asdict() for b in plan.buffers],
    }
