"""Plots by matplotlib: the memory of a plan, what passes did to the number of operations, a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.plan.plan import Plan
from graphnn.rewrite import PipelineReport
from graphnn.tools.drawing.memory import FILLS, PEAK, SCRATCH


def plot_memory(plan: Plan, path: str | Path | None = None) -> Any:
    """The arena over the steps of the plan: buffers as rectangles, the peak as a line. A matplotlib Figure."""
    figure, axes = _figure(9, 4)
    made = {v.name for node in plan.order for v in node.outputs}
    unit, scale = _unit(plan.arena_bytes)
    for number, (name, offset, size, start, stop) in enumerate(plan.buffers):
        fill = FILLS[number % len(FILLS)] if name in made else SCRATCH
        axes.broken_barh(
            [(start, stop - start)], (offset / scale, size / scale), facecolor=fill, edgecolor="#555", lw=0.4
        )
    if plan.order:
        axes.axvline(plan.peak_step + 0.5, color=PEAK, ls="--", lw=1.2, label=f"peak, step {plan.peak_step}")
        axes.legend(loc="upper right")
    axes.set(xlabel="step of the plan", ylabel=f"offset in the arena, {unit}", title=f"memory of @{plan.graph.name}")
    axes.set_xlim(0, max(1, len(plan.order)))
    return _saved(figure, path)


def plot_passes(report: PipelineReport, path: str | Path | None = None) -> Any:
    """The number of operations after each pass, and each pass's time. A matplotlib Figure."""
    if not report.passes:
        raise ArgumentError(
            "plot_passes wants the report of a pipeline that has passes; compiled.plans[0].passes is one"
        )
    figure, axes = _figure(9, 4)
    names = ["given", *(p.name for p in report.passes)]
    counts = [report.passes[0].before, *(p.after for p in report.passes)]
    fills = [FILLS[0], *(FILLS[0] if p.modified else SCRATCH for p in report.passes)]
    axes.bar(range(len(names)), counts, color=fills, edgecolor="#555")
    for at, count in enumerate(counts):
        axes.annotate(str(count), (at, count), ha="center", va="bottom")
    axes.margins(y=0.1)
    axes.set_xticks(range(len(names)), names, rotation=25, ha="right")
    axes.set(ylabel="operations", title="operations after each pass (grey: it changed nothing)")
    return _saved(figure, path)


def plot_training(losses: Sequence[float] | Mapping[str, Sequence[float]], path: str | Path | None = None) -> Any:
    """Losses over the steps of a run, or of several runs by name. A matplotlib Figure."""
    runs = losses if isinstance(losses, Mapping) else {"loss": losses}
    if not runs or not all(len(run) for run in runs.values()):
        raise ArgumentError("plot_training wants at least one loss of each run")
    figure, axes = _figure(7, 4)
    for (name, run), style in zip(runs.items(), ("-", "--", "-.", ":") * len(runs), strict=False):
        axes.plot(range(1, len(run) + 1), [float(value) for value in run], style, label=name)
    axes.set(xlabel="step", ylabel="loss", title="training")
    axes.legend()
    return _saved(figure, path)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    """Apart from pyplot, which would keep it and open windows."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError('plots need matplotlib: pip install "graphnn[viz]"') from None
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _saved(figure: Any, path: str | Path | None) -> Any:
    if path is not None:
        figure.savefig(path, dpi=144)
    return figure


def _unit(most: int) -> tuple[str, int]:
    return next(((unit, scale) for unit, scale in (("MB", 1_000_000), ("KB", 1000)) if most >= scale), ("B", 1))
